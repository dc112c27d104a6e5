// Stands in for the Next.js dashboard: its pages, with code of our own.
"use strict";

const path = require("node:path");
const express = require("express");
const { register, collectDefaultMetrics } = require("prom-client");
const { PAGES, html } = require("./pages");

const app = express();
for (const [where, page] of Object.entries(PAGES)) app.get(where, (_, response) => response.send(html(page)));
app.use("/assets", express.static(path.join(__dirname, "static")));
if (process.env.METRICS_ENABLED === "true") {
  collectDefaultMetrics();
  app.get("/metrics", async (_, response) => response.type(register.contentType).send(await register.metrics()));
}
app.listen(3001);
process.on("SIGTERM", () => process.exit(0));
