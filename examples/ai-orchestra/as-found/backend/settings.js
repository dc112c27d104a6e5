// What the backend takes from its environment, as it was found.
"use strict";

const { env } = process;
const isOn = (name) => env[name] === "true";

module.exports = {
  port: 3000,
  environment: env.NODE_ENV ?? "development",
  version: "0.6.0",
  database: { path: "/app/database/memory.sqlite" },
  // No id of a request, and plain files that grow.
  log: { folder: "/app/logs", requestIds: false, rotatesDaily: false },
  // The documents say `status`.
  metrics: { statusLabel: "status_code" },
  // Nothing sets the variable: off.
  websocket: { enabled: isOn("WEBSOCKET_ENABLED"), port: 3001 },
  github: { enabled: isOn("GITHUB_ENABLED") },
  security: {
    corsOrigin: env.CORS_ORIGIN ?? "",
    // The server reads `rateLimit`, so there is no limit.
    rateLimiting: { enabled: isOn("RATE_LIMIT_ENABLED"), windowMs: 900_000, max: 100 },
  },
  llm: {
    strategy: env.LLM_LOAD_BALANCING ?? "default",
    defaultProvider: env.LLM_DEFAULT_PROVIDER ?? "ollama",
    providers: {
      ollama: { kind: "ollama", url: env.OLLAMA_HOST, model: env.OLLAMA_DEFAULT_MODEL ?? "llama2" },
      openai: { kind: "openai", url: env.OPENAI_BASE_URL, model: env.OPENAI_DEFAULT_MODEL ?? "gpt-4" },
    },
  },
};
