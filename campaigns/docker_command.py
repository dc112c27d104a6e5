"""The docker command of campaigns."""

import subprocess


def docker(*words: str, text: str = "") -> str:
    """What it prints, with `text` as its input; CalledProcessError where it fails."""
    done = subprocess.run(
        ["docker", *words], check=True, capture_output=True, text=True, input=text
    )
    return done.stdout.strip()
