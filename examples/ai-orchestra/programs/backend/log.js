// Lines of JSON on standard output, in combined.log, and errors in error.log as well.
//
// At the start and with the first line of a day, the files of earlier days become NAME-DAY.log.gz.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const zlib = require("node:zlib");
const { log: settings } = require("./settings");

const FILES = ["combined", "error"];
const DAY = 24 * 3600 * 1000;
const dayOf = (moment) => new Date(moment).toISOString().slice(0, 10);
let today = "";

const fileOf = (name) => path.join(settings.folder, `${name}.log`);

function packEarlierDays() {
  for (const name of FILES) {
    const file = fileOf(name);
    if (!fs.existsSync(file)) continue;
    const { size, mtimeMs } = fs.statSync(file);
    if (size === 0 || dayOf(mtimeMs) === today) continue;
    const packed = path.join(settings.folder, `${name}-${dayOf(mtimeMs)}.log.gz`);
    fs.writeFileSync(packed, zlib.gzipSync(fs.readFileSync(file)));
    fs.truncateSync(file);
  }
}

function dropOldFiles() {
  for (const name of fs.readdirSync(settings.folder)) {
    const file = path.join(settings.folder, name);
    const isOld = Date.now() - fs.statSync(file).mtimeMs > settings.keepsDays * DAY;
    if (name.endsWith(".log.gz") && isOld) fs.unlinkSync(file);
  }
}

function turnDay() {
  if (!settings.rotatesDaily || dayOf(Date.now()) === today) return;
  today = dayOf(Date.now());
  packEarlierDays();
  dropOldFiles();
}

function write(level, message, fields = {}) {
  turnDay();
  const entry = { timestamp: new Date().toISOString(), level, service: "ai-orchestra", message, ...fields };
  const line = `${JSON.stringify(entry)}\n`;
  process.stdout.write(line);
  fs.appendFileSync(fileOf("combined"), line);
  if (level === "error") fs.appendFileSync(fileOf("error"), line);
}

for (const name of FILES) fs.closeSync(fs.openSync(fileOf(name), "a"));
turnDay();

module.exports = {
  info: (message, fields) => write("info", message, fields),
  error: (message, fields) => write("error", message, fields),
};
