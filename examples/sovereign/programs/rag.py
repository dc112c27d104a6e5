"""The API: answers questions from a small table, and goes on without Redis.

GET  /health   what works: healthy, or degraded while Redis does not answer
POST /query    {"query": "…"} → an answer; questions are counted in Redis, else in memory
"""

import json
import os
import resource
import sys
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from pathlib import Path

import redis
import uvicorn
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from prometheus_client import Counter as Metric
from prometheus_client import start_http_server
from pydantic import BaseModel, Field
from redis.backoff import NoBackoff
from redis.retry import Retry
from starlette.exceptions import HTTPException

VERSION = "0.1.0"
ANSWERS = {"what leaves this machine": "Nothing.", "who runs this": "You do."}
QUERIES = Metric("xnai_queries", "Questions that were asked")

app = FastAPI(title="rag", version=VERSION)
store = redis.Redis.from_url(
    os.environ["REDIS_URL"],
    socket_timeout=1,
    socket_connect_timeout=1,
    retry=Retry(NoBackoff(), 0),
)
in_memory: Counter[str] = Counter()


class Question(BaseModel):
    """What is asked."""

    query: str = Field(min_length=1, max_length=1000)


def log(event: str, **facts: object) -> None:
    """Write a line of JSON."""
    print(json.dumps({"event": event, **facts}), flush=True)


def count(query: str) -> str:
    """Count a question where that is possible now, and say where that was."""
    try:
        store.hincrby("rag:queries", query)
    except redis.RedisError:
        in_memory[query] += 1
        return "memory"
    return "redis"


def has_redis() -> bool:
    """Whether Redis answers."""
    try:
        return bool(store.ping())
    except redis.RedisError:
        return False


@app.get("/health")
def health() -> dict[str, object]:
    """Say what works."""
    is_whole = has_redis()
    return {
        "status": "healthy" if is_whole else "degraded",
        "version": VERSION,
        "memory_gb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 3),
        "vectorstore_loaded": True,
        "components": {"llm": True, "vectorstore": True, "redis": is_whole},
    }


@app.post("/query")
def answer(question: Question) -> dict[str, str]:
    """Answer from the table."""
    QUERIES.inc()
    key = question.query.lower().strip("? ")
    return {
        "response": ANSWERS.get(key, "That is not in the documents."),
        "counted_in": count(question.query),
    }


@app.middleware("http")
async def name_requests(
    request: Request, call_next: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Give each request an id, which its answer carries."""
    request.state.id = uuid.uuid4().hex
    response = await call_next(request)
    response.headers["X-Request-ID"] = request.state.id
    return response


def refusal(request: Request, status: int, category: str, message: str) -> JSONResponse:
    """The one form of all errors."""
    return JSONResponse(
        status_code=status,
        content={
            "error_code": f"{category}_{status}",
            "message": message,
            "category": category,
            "http_status": status,
            "timestamp": formatdate(usegmt=True),
            "request_id": request.state.id,
        },
    )


@app.exception_handler(RequestValidationError)
async def refuse_body(request: Request, error: RequestValidationError) -> JSONResponse:
    """A body of the wrong form."""
    fields = sorted({str(item["loc"][-1]) for item in error.errors()})
    return refusal(request, 400, "validation", f"not valid: {', '.join(fields)}")


@app.exception_handler(HTTPException)
async def refuse_request(request: Request, error: HTTPException) -> JSONResponse:
    """A path or a method that does not exist."""
    return refusal(request, error.status_code, "request", str(error.detail))


def main() -> None:
    """Check the secrets, load what stands for a model, and serve."""
    for name in ("redis_password", "api_key"):
        if not Path(f"/run/secrets/{name}").is_file():
            sys.exit(f"the secret {name} is missing")
    begun = time.monotonic()
    ANSWERS.update({key.lower(): text for key, text in list(ANSWERS.items())})
    log("LLM initialization", duration_ms=round((time.monotonic() - begun) * 1000, 3))
    if os.environ["METRICS"] == "on":
        start_http_server(8002)
    uvicorn.run(app, host="0.0.0.0", port=8000, log_level="warning")


if __name__ == "__main__":
    main()
