// Stands in for the exporters of nginx, Redis, PostgreSQL, the engine and the host: each port one of them.
"use strict";

const net = require("node:net");
const os = require("node:os");
const express = require("express");

function isListening(host, port) {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: 2000 });
    const end = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(1)).once("error", () => end(0)).once("timeout", () => end(0));
  });
}

const EXPORTERS = {
  9113: ["nginx_up", () => isListening("nginx", 80)],
  9121: ["redis_up", () => isListening("redis", 6379)],
  9187: ["pg_up", () => isListening("postgres", 5432)],
  9323: ["engine_daemon_engine_cpus_cpus", async () => os.cpus().length],
  9100: ["node_load1", async () => os.loadavg()[0]],
};

for (const [port, [name, measure]] of Object.entries(EXPORTERS)) {
  const app = express();
  app.get("/metrics", async (_, response) => {
    response.type("text/plain").send(`# TYPE ${name} gauge\n${name} ${await measure()}\n`);
  });
  app.listen(Number(port));
}
process.on("SIGTERM", () => process.exit(0));
