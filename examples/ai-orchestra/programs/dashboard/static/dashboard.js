// What the pages do: show the status, and messages as they come.

import { connect } from "./connection.js";

const LIMIT = 1000;
const status = document.querySelector("#status");
const list = document.querySelector("#logs");
const control = (id) => document.getElementById(id);

async function showStatus() {
  const { status: word } = await (await fetch("/api/status")).json();
  status.textContent = word;
}

function isShown(row) {
  const level = control("level").value;
  return (level === "all" || row.dataset.level === level) && row.textContent.includes(control("search").value);
}

function filter() {
  for (const row of list.children) row.hidden = !isShown(row);
}

function showMessage({ payload }) {
  const row = document.createElement("li");
  row.dataset.level = payload.level;
  row.textContent = payload.message;
  row.hidden = !isShown(row);
  list.append(row);
  if (list.children.length > LIMIT) list.firstChild.remove();
  if (control("auto-scroll").checked) row.scrollIntoView();
}

function exportMessages() {
  const text = [...list.children].map((row) => row.textContent).join("\n");
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = "logs.txt";
  link.click();
}

if (status) showStatus();
if (list) {
  control("level").addEventListener("change", filter);
  control("search").addEventListener("input", filter);
  document.querySelector("button").addEventListener("click", exportMessages);
  connect(`wss://${location.host}/ws`, (message) => message.type === "log" && showMessage(message));
}
