// Stands in for Grafana: sign-in, provisioned data sources and dashboards, and a page with a style sheet.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const express = require("express");

const PROVISIONING = "/etc/grafana/provisioning";
const SAVED = "/data";
const { env } = process;
const PASSWORD = env.GF_SECURITY_ADMIN_PASSWORD;
const SIGN_UP = env.GF_USERS_ALLOW_SIGN_UP === "true";
const ROOT = env.GF_SERVER_ROOT_URL ?? "/";

// YAML files are read as the JSON that YAML includes.
const read = (file) => JSON.parse(fs.readFileSync(file, "utf8"));
const documents = (folder) =>
  fs.readdirSync(folder).filter((name) => name.endsWith(".json")).map((name) => read(path.join(folder, name)));

const datasources = read(path.join(PROVISIONING, "datasources", "prometheus.yml")).datasources;
const dashboards = () => [...documents(path.join(PROVISIONING, "dashboards")), ...documents(SAVED)];

function onlyAdministrators(request, response, next) {
  const expected = `Basic ${Buffer.from(`admin:${PASSWORD}`).toString("base64")}`;
  if (request.get("authorization") === expected) return next();
  return response.status(401).json({ message: "Unauthorized" });
}

const app = express();
app.use(express.json());
app.get("/api/health", (_, response) => response.json({ database: "ok", version: "stand-in" }));
app.get("/api/frontend/settings", (_, response) => response.json({ disableUserSignUp: !SIGN_UP }));
app.post("/api/user/signup", (_, response) =>
  SIGN_UP ? response.json({ status: "SignUpCreated" }) : response.status(401).json({ message: "User signup is disabled" }),
);
app.get("/login", (_, response) =>
  response.send(
    `<!doctype html><html lang="en"><head><title>Grafana</title>` +
      `<link rel="stylesheet" href="${ROOT}public/build/grafana.css"></head>` +
      `<body><h1>Welcome to Grafana</h1><label>User <input name="user"></label></body></html>`,
  ),
);
app.get("/public/build/grafana.css", (_, response) => response.type("css").send("h1 { color: rgb(255, 120, 10); }\n"));
app.use(onlyAdministrators);
app.get("/api/datasources", (_, response) => response.json(datasources));
app.get("/api/dashboards/uid/:uid", (request, response) => {
  const dashboard = dashboards().find(({ uid }) => uid === request.params.uid);
  return dashboard ? response.json({ dashboard }) : response.status(404).json({ message: "Dashboard not found" });
});
app.post("/api/dashboards/db", (request, response) => {
  const { dashboard } = request.body;
  fs.writeFileSync(path.join(SAVED, `${path.basename(dashboard.uid)}.json`), JSON.stringify(dashboard));
  response.json({ status: "success", uid: dashboard.uid });
});
app.listen(Number(env.GF_SERVER_HTTP_PORT ?? 3000));
process.on("SIGTERM", () => process.exit(0));
