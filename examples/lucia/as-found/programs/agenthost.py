"""The agent host as it was found: other addresses, other variables, and no chat."""

import os

import redis
import uvicorn
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

AGENTS = ("light-agent", "music-agent", "orchestrator")

app = FastAPI(title="Lucia")


@app.get("/agents")
def agents():
    return [{"id": name, "url": f"/a2a/{name}"} for name in AGENTS]


for name in AGENTS:

    @app.get(f"/a2a/{name}")
    def card(name: str = name):
        return {"id": name}


if os.environ.get("ASPNETCORE_ENVIRONMENT") == "Development":

    @app.get("/health", response_class=PlainTextResponse)
    def health():
        return "Healthy"


if __name__ == "__main__":
    if address := os.environ.get("ConnectionStrings__redis"):
        store = redis.Redis(host=address, client_name="lucia")
        store.ping()
    uvicorn.run(app, host="0.0.0.0", port=8080)
