"""The agent host as its documents describe it: two agents, and a chat whose sessions are in Redis.

No language model: the reply names what was said before in the session, so that memory can be seen.
"""

import datetime as dt
import json
import logging
import os
import sys
import uuid
from urllib.parse import urlsplit

import redis
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

DAY = 24 * 3600
AGENTS = {
    "light-agent": {"id": "light-agent", "name": "LightAgent", "skills": ["light"]},
    "music-agent": {"id": "music-agent", "name": "MusicAgent", "skills": ["music"]},
}
LEVELS = {"Debug": logging.DEBUG, "Information": logging.INFO, "Warning": logging.WARNING}

log = logging.getLogger("lucia")
app = FastAPI(title="Lucia")


class JsonLines(logging.Formatter):
    def format(self, record):
        line = {"timestamp": now(), "level": record.levelname, "message": record.getMessage()}
        return json.dumps(line)


class Message(BaseModel):
    message: str = Field(min_length=1)
    sessionId: str = ""  # noqa: N815 - as the documents write it


def now():
    return dt.datetime.now(dt.UTC).isoformat()


def connect(address):
    host, _, port = address.partition(":")
    return redis.Redis(
        host=host, port=int(port or 6379), client_name="lucia", decode_responses=True
    )


store = connect(os.environ["REDIS_CONNECTION_STRING"])


@app.middleware("http")
async def note(request: Request, call_next):
    response = await call_next(request)
    log.debug("%s %s %s", request.method, request.url.path, response.status_code)
    return response


@app.exception_handler(RequestValidationError)
def refuse(request, error):
    return JSONResponse({"error": "Message is required"}, status_code=400)


@app.exception_handler(redis.RedisError)
def without_store(request, error):
    log.warning("no answer from Redis: %s", error)
    return JSONResponse({"error": "Sessions are not available"}, status_code=503)


@app.get("/health")
def health():
    try:
        store.ping()
        state = "ok"
    except redis.RedisError:
        state = "unavailable"
    status = "healthy" if state == "ok" else "degraded"
    return {"status": status, "timestamp": now(), "services": {"redis": state}}


@app.get("/api/agents")
def agents():
    return list(AGENTS.values())


def agent_named(name):
    if name not in AGENTS:
        raise HTTPException(404, f"no agent {name}")
    return AGENTS[name]


@app.get("/api/agents/{name}")
def agent(name: str):
    return agent_named(name)


@app.get("/api/agents/{name}/health")
def agent_health(name: str):
    return {"agent": agent_named(name)["id"], "status": "healthy"}


@app.post("/api/chat")
def chat(message: Message):
    session = message.sessionId or uuid.uuid4().hex
    turns = json.loads(store.get(f"lucia:session:{session}") or "[]")
    before = f" Before that: {turns[-1]}" if turns else ""
    store.set(f"lucia:session:{session}", json.dumps([*turns, message.message]), ex=DAY)
    task = {"status": "completed", "updated": now()}
    store.set(f"lucia:task:{session}", json.dumps(task), ex=DAY)
    return {
        "response": f"You said: {message.message}.{before}",
        "sessionId": session,
        "timestamp": now(),
    }


def set_up_logging():
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines())
    level = LEVELS.get(os.environ.get("LUCIA_LOG_LEVEL", ""), logging.INFO)
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    log.setLevel(level)


def check_configuration():
    address = urlsplit(os.environ.get("HOMEASSISTANT_URL", ""))
    if address.scheme not in {"http", "https"} or not address.hostname:
        log.error("validation: HOMEASSISTANT_URL is not the address of a web server")


if __name__ == "__main__":
    set_up_logging()
    check_configuration()
    log.info("agents: %s", ", ".join(AGENTS))
    uvicorn.run(app, host="0.0.0.0", port=8080, log_config=None)
