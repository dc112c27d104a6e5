"""The docker command, and waiting for what it leads to."""

import subprocess
import time
from collections.abc import Callable


def docker(*words: str) -> str:
    """What the command prints; CalledProcessError where it fails."""
    done = subprocess.run(["docker", *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def wait_until(holds: Callable[[], object], seconds: float = 30.0) -> None:
    """Return when it holds; an AssertionError when that takes too long."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, "it never came true"
        time.sleep(0.01)
