// What the backend takes from its environment.
"use strict";

const { env } = process;
const isOn = (name, otherwise) => (env[name] ?? otherwise) === "true";

module.exports = {
  port: 3000,
  environment: env.NODE_ENV ?? "development",
  version: "0.6.0",
  database: { path: env.DATABASE_PATH ?? "/app/database/memory.sqlite" },
  log: { folder: "/app/logs", requestIds: true, rotatesDaily: true, keepsDays: 30 },
  metrics: { statusLabel: "status" },
  websocket: { enabled: isOn("WEBSOCKET_ENABLED", "true"), port: 3001 },
  github: { enabled: isOn("GITHUB_ENABLED", "false") },
  security: {
    corsOrigin: env.CORS_ORIGIN ?? "",
    rateLimit: {
      enabled: isOn("RATE_LIMIT_ENABLED", "true"),
      windowMs: Number(env.RATE_LIMIT_WINDOW_MS ?? 900_000),
      max: Number(env.RATE_LIMIT_MAX ?? 100),
    },
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
