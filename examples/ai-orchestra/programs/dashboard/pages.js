// The pages of the dashboard: path, heading, and the controls below it.
"use strict";

const idOf = (label) => label.toLowerCase().replaceAll(" ", "-");
const labelled = (label, control) => `<label for="${idOf(label)}">${label}</label> ${control}`;
const select = (label, options) =>
  labelled(label, `<select id="${idOf(label)}">${options.map((option) => `<option>${option}</option>`).join("")}</select>`);
const number = (label, value) => labelled(label, `<input id="${idOf(label)}" type="number" value="${value}">`);
const check = (label) => labelled(label, `<input id="${idOf(label)}" type="checkbox">`);
const search = (label) => labelled(label, `<input id="${idOf(label)}" type="search">`);
const button = (label) => `<button type="button">${label}</button>`;

const PROVIDERS = ["ollama", "openai"];
const LEVELS = ["all", "debug", "info", "warn", "error"];

const PAGES = {
  "/": ["Overview", [`<p>Status: <output id="status"></output></p>`, button("New build")]],
  "/build": [
    "Build Pipeline",
    [select("Provider", PROVIDERS), select("Model", ["llama2", "gpt-4"]), number("Temperature", 0.7), number("Max tokens", 1000), button("Run build")],
  ],
  "/artifacts": ["Artifacts", [select("Type", ["all", "reports", "patches", "code"]), search("Search"), select("Sort by", ["name", "date"])]],
  "/config": [
    "Configuration",
    [select("Default provider", PROVIDERS), select("Load balancing", ["round-robin", "random", "default"]), check("Fallback"), select("Log level", LEVELS)],
  ],
  "/agents": ["Agents", [`<table aria-label="Agents"></table>`, `<section aria-label="Activity"></section>`]],
  "/logs": [
    "Agent Logs",
    [select("Level", LEVELS), search("Search"), check("Auto-scroll"), button("Export"), `<ol id="logs" aria-label="Messages"></ol>`],
  ],
  "/system": ["System Status", [`<p>Status: <output id="status"></output></p>`]],
};

const html = ([heading, controls]) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><title>AI Orchestra - Dashboard</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/assets/dashboard.css">
<script type="module" src="/assets/dashboard.js"></script>
</head>
<body><nav>${Object.keys(PAGES).map((path) => `<a href="${path}">${PAGES[path][0]}</a>`).join(" ")}</nav>
<h1>${heading}</h1><main>${controls.join("\n")}</main></body>
</html>`;

module.exports = { PAGES, html };
