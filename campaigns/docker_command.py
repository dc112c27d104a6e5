"""The docker command of campaigns."""

import subprocess
from pathlib import Path

NGINX = Path(__file__).parents[1] / "tests/stacks/nginx-demo/docker-compose.yml"
"""The stack that says how the image of nginx is built; the reference stack has none."""


def docker(*words: str, text: str = "") -> str:
    """What it prints, with `text` as its input; CalledProcessError where it fails."""
    done = subprocess.run(
        ["docker", *words], check=True, capture_output=True, text=True, input=text
    )
    return done.stdout.strip()


def build_nginx() -> None:
    """Build the image of nginx where it is not here, or not of what its files say."""
    docker("compose", "--file", str(NGINX), "build", "--quiet", "proxy")
