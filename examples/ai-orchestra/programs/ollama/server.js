// Stands in for Ollama: its API and the one of OpenAI that it offers, with an answer instead of a model.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const express = require("express");

const FOLDER = process.env.OLLAMA_MODELS ?? "/data";
const INCLUDED = "llama2";

const names = () => [INCLUDED, ...fs.readdirSync(FOLDER).filter((name) => name.endsWith(".model"))];
const models = () => names().map((name) => path.basename(name, ".model"));
const reply = (prompt) => `You asked: ${prompt}`;

const app = express();
app.use(express.json());
app.get("/", (_, response) => response.type("text").send("Ollama is running"));
app.get("/api/tags", (_, response) => response.json({ models: models().map((name) => ({ name })) }));
app.post("/api/pull", (request, response) => {
  fs.writeFileSync(path.join(FOLDER, `${path.basename(request.body.model)}.model`), "");
  response.json({ status: "success" });
});
app.post("/api/generate", (request, response) => response.json({ response: reply(request.body.prompt), done: true }));
app.get("/v1/models", (_, response) => response.json({ data: models().map((id) => ({ id })) }));
app.post("/v1/chat/completions", (request, response) => {
  const content = reply(request.body.messages.at(-1).content);
  response.json({ choices: [{ message: { role: "assistant", content } }] });
});
app.listen(11434);
process.on("SIGTERM", () => process.exit(0));
