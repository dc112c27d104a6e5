"""Takes entries from the list QUEUE:todo in Redis, and puts them into QUEUE:done.

/tmp/works is there while Redis answers.
"""

import os
import time
from pathlib import Path

import redis

QUEUE = os.environ["QUEUE"]
WORKS = Path("/tmp/works")
PATIENCE = 2
"""Seconds that Redis waits for an entry."""


def work(store: "redis.Redis") -> None:
    """Move entries until Redis does not answer."""
    store.ping()
    WORKS.touch()
    while True:
        if entry := store.blpop([f"{QUEUE}:todo"], timeout=PATIENCE):
            store.rpush(f"{QUEUE}:done", entry[1])


while True:
    try:
        work(redis.Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5))
    except redis.RedisError as error:
        WORKS.unlink(missing_ok=True)
        print(f"Redis does not answer: {error}", flush=True)
        time.sleep(0.5)
