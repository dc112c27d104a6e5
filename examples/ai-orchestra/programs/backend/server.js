// The backend: questions to language models by HTTP and WebSocket.
"use strict";

const { randomUUID } = require("node:crypto");
const { DatabaseSync } = require("node:sqlite");
const express = require("express");
const { rateLimit } = require("express-rate-limit");
const helmet = require("helmet");
const llm = require("./llm");
const log = require("./log");
const metrics = require("./metrics");
const settings = require("./settings");
const websocket = require("./websocket");

const database = new DatabaseSync(settings.database.path);
database.exec("CREATE TABLE IF NOT EXISTS queries (id TEXT PRIMARY KEY, prompt TEXT, provider TEXT)");

const app = express();
app.set("trust proxy", 1);
app.use(helmet());
app.use(metrics.countRequest);

// ------------------------------------------------------------ before every answer of the API

function allowOrigin(request, response, next) {
  if (request.get("origin") === settings.security.corsOrigin) {
    response.set("Access-Control-Allow-Origin", settings.security.corsOrigin).vary("Origin");
  }
  next();
}

function logRequest(request, response, next) {
  request.id = randomUUID();
  const begin = Date.now();
  response.on("finish", () => {
    const fields = { method: request.method, path: request.path, status: response.statusCode, ip: request.ip };
    if (settings.log.requestIds) fields.requestId = request.id;
    const write = response.statusCode < 400 ? log.info : log.error;
    write("request", { ...fields, duration: Date.now() - begin });
  });
  next();
}

app.use("/api", allowOrigin, logRequest);
if (settings.security.rateLimit?.enabled) {
  app.use(
    "/api",
    rateLimit({
      windowMs: settings.security.rateLimit.windowMs,
      limit: settings.security.rateLimit.max,
      standardHeaders: true,
      legacyHeaders: false,
      message: "Too many requests from this IP, please try again later.",
    }),
  );
}
app.use(express.json());

// ------------------------------------------------------------ health and metrics

const best = (words) => (words.includes("ok") ? "ok" : "error");

async function providerStatus() {
  const words = await Promise.all(llm.names.map(llm.statusOf));
  return Object.fromEntries(llm.names.map((name, index) => [name, words[index]]));
}

app.get("/health", async (_, response) => {
  const services = {
    llm: best(Object.values(await providerStatus())),
    database: database.prepare("SELECT 1 AS one").get().one === 1 ? "ok" : "error",
    websocket: settings.websocket.enabled ? "ok" : "disabled",
    github: settings.github.enabled ? "ok" : "disabled",
  };
  const isOk = services.llm === "ok" && services.database === "ok";
  response.status(isOk ? 200 : 503).json({
    status: isOk ? "ok" : "degraded",
    timestamp: new Date().toISOString(),
    uptime: process.uptime(),
    environment: settings.environment,
    version: settings.version,
    services,
  });
});

app.get("/health/detailed", async (_, response) => {
  const status = await providerStatus();
  const services = Object.fromEntries(llm.names.map((name) => [name, { status: status[name] }]));
  response.json({ memory: process.memoryUsage(), cpu: process.cpuUsage(), services });
});

app.get("/metrics", async (_, response) => {
  response.set("content-type", metrics.register.contentType).send(await metrics.register.metrics());
});

// ------------------------------------------------------------ the API

async function answerTo(request, response) {
  const { prompt } = request.body ?? {};
  if (!prompt) {
    response.status(400).json({ error: "Prompt is required" });
    return null;
  }
  const answer = await llm.query(prompt);
  database.prepare("INSERT INTO queries VALUES (?, ?, ?)").run(request.id, prompt, answer.provider);
  return answer;
}

app.get("/api/status", async (_, response) => {
  const queries = database.prepare("SELECT count(*) AS total FROM queries").get().total;
  response.json({ status: "ok", version: settings.version, uptime: process.uptime(), queries });
});

app.get("/api/providers", (_, response) => response.json({ providers: llm.names }));

app.get("/api/models", async (_, response) => {
  const lists = await Promise.all(llm.names.map(llm.models));
  response.json({ models: Object.fromEntries(llm.names.map((name, index) => [name, lists[index]])) });
});

app.post("/api/query", async (request, response) => {
  const answer = await answerTo(request, response);
  if (answer) response.json(answer);
});

app.post("/api/stream", async (request, response) => {
  const answer = await answerTo(request, response);
  if (!answer) return;
  response.set("content-type", "text/event-stream");
  for (const word of answer.text.split(" ")) response.write(`data: ${JSON.stringify({ text: word })}\n\n`);
  response.end("data: [DONE]\n\n");
});

app.use((_, response) => response.status(404).json({ error: "Not found" }));
app.use((error, request, response, next) => {
  if (response.headersSent) return next(error);
  return response.status(error.status ?? 502).json({ error: error.message });
});

const server = app.listen(settings.port, () => log.info("listening", { port: settings.port }));
websocket.listen();
process.on("SIGTERM", () => {
  server.closeAllConnections();
  process.exit(0);
});
