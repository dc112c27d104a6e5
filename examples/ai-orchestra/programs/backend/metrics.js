// What Prometheus scrapes.
"use strict";

const client = require("prom-client");
const { metrics: settings } = require("./settings");

const PREFIX = "ai_orchestra_";
client.collectDefaultMetrics({ prefix: PREFIX });

const HTTP = ["method", "route", settings.statusLabel];
const LLM = ["provider", "model", "status"];

const requests = new client.Counter({ name: `${PREFIX}http_requests_total`, help: "HTTP requests", labelNames: HTTP });
const durations = new client.Histogram({
  name: `${PREFIX}http_request_duration_seconds`,
  help: "Time of HTTP requests",
  labelNames: HTTP,
});

function countRequest(request, response, next) {
  const stop = durations.startTimer();
  response.on("finish", () => {
    const route = request.route?.path ?? "unknown";
    const labels = { method: request.method, route, [settings.statusLabel]: response.statusCode };
    requests.inc(labels);
    stop(labels);
  });
  next();
}

module.exports = {
  countRequest,
  queries: new client.Counter({ name: `${PREFIX}llm_queries_total`, help: "Queries to models", labelNames: LLM }),
  queryDurations: new client.Histogram({
    name: `${PREFIX}llm_query_duration_seconds`,
    help: "Time of queries to models",
    labelNames: LLM,
  }),
  connections: new client.Gauge({ name: `${PREFIX}websocket_connections`, help: "Open WebSockets" }),
  register: client.register,
};
