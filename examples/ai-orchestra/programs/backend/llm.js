// The language models behind one question: which is asked, and who is asked instead when it fails.
"use strict";

const { llm: settings } = require("./settings");
const metrics = require("./metrics");

const TIMEOUT = 5000;
const names = Object.keys(settings.providers).filter((name) => settings.providers[name].url);
let turn = 0;

async function post(url, body) {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT),
  });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.json();
}

const ASK = {
  ollama: async ({ url, model }, prompt) => (await post(`${url}/api/generate`, { model, prompt, stream: false })).response,
  openai: async ({ url, model }, prompt) => {
    const answer = await post(`${url}/chat/completions`, { model, messages: [{ role: "user", content: prompt }] });
    return answer.choices[0].message.content;
  },
};

const LIST = {
  ollama: async ({ url }) => (await (await fetch(`${url}/api/tags`, { signal: AbortSignal.timeout(TIMEOUT) })).json()).models,
  openai: async ({ url }) => (await (await fetch(`${url}/models`, { signal: AbortSignal.timeout(TIMEOUT) })).json()).data,
};

// The order in which providers are asked; all but the first are the fallback.
function order() {
  if (settings.strategy === "round-robin") {
    const first = turn++ % names.length;
    return [...names.slice(first), ...names.slice(0, first)];
  }
  const first = settings.defaultProvider;
  return [first, ...names.filter((name) => name !== first)];
}

async function askOne(name, prompt) {
  const provider = settings.providers[name];
  const labels = { provider: name, model: provider.model };
  const stop = metrics.queryDurations.startTimer(labels);
  let status = "error";
  try {
    const text = await ASK[provider.kind](provider, prompt);
    status = "success";
    return { provider: name, model: provider.model, text };
  } finally {
    metrics.queries.inc({ ...labels, status });
    stop({ status });
  }
}

async function query(prompt) {
  let failure = new Error("no provider is configured");
  for (const name of order()) {
    try {
      return await askOne(name, prompt);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function models(name) {
  const provider = settings.providers[name];
  return (await LIST[provider.kind](provider)).map((model) => model.name ?? model.id);
}

async function statusOf(name) {
  try {
    await models(name);
    return "ok";
  } catch {
    return "error";
  }
}

module.exports = { names, query, models, statusOf };
