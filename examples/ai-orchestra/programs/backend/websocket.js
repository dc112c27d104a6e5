// query -> response, stream -> stream … done, ping -> pong; what cannot be read is an error.
"use strict";

const { WebSocketServer } = require("ws");
const { websocket: settings } = require("./settings");
const llm = require("./llm");
const metrics = require("./metrics");

const HANDLERS = {
  ping: async (_, send) => send("pong", {}),
  query: async ({ prompt }, send) => send("response", await llm.query(prompt)),
  stream: async ({ prompt }, send) => {
    const { text } = await llm.query(prompt);
    for (const word of text.split(" ")) send("stream", { text: word });
    send("done", {});
  },
};

async function handle(data, send) {
  try {
    const { type, payload } = JSON.parse(data);
    if (!Object.hasOwn(HANDLERS, type)) throw new Error(`unknown type ${type}`);
    await HANDLERS[type](payload ?? {}, send);
  } catch (error) {
    send("error", { message: error.message });
  }
}

function listen() {
  if (!settings.enabled) return;
  const server = new WebSocketServer({ port: settings.port });
  server.on("connection", (socket) => {
    metrics.connections.inc();
    socket.on("close", () => metrics.connections.dec());
    socket.on("message", (data) => handle(data, (type, payload) => socket.send(JSON.stringify({ type, payload }))));
  });
}

module.exports = { listen };
