"""What the docker command keeps for itself: proxies for containers, and builds that it began."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from stacktest.core.model import Build, Json

PROXIES = {
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "ftpProxy": "FTP_PROXY",
    "noProxy": "NO_PROXY",
    "allProxy": "ALL_PROXY",
}


def client_variables(address: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Proxy variables that the client adds to every container on the engine at `address`."""
    document = _read(_folder(environ) / "config.json")
    proxies = _mapping(document.get("proxies"))
    settings = _mapping(proxies.get(address)) or _mapping(proxies.get("default"))
    variables: dict[str, str] = {}
    for key, name in PROXIES.items():
        if settings.get(key):
            variables |= {name: str(settings[key]), name.lower(): str(settings[key])}
    return variables


def build_time(build: Build, environ: Mapping[str, str]) -> float:
    """When the last build of this context and Dockerfile began here, in seconds; 0: none known.

    Buildx leaves a small file for each build that it begins.
    """
    folder = Path(environ.get("BUILDX_CONFIG") or _folder(environ) / "buildx") / "refs"
    context = os.path.realpath(build.context)
    times = [0.0]
    for path in folder.glob("*/*/*"):
        document = _read(path)
        local = str(document.get("LocalPath") or "")
        if local and os.path.realpath(local) == context and _is_dockerfile(document, build):
            with contextlib.suppress(FileNotFoundError):
                times.append(path.stat().st_mtime)
    return max(times)


# Private


def _folder(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME", "/root")) / ".docker")


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _read(path: Path) -> Mapping[str, Json]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        # Without it the client adds nothing, and no build is known.
        return {}
    return document if isinstance(document, dict) else {}


def _is_dockerfile(document: Mapping[str, Json], build: Build) -> bool:
    path = str(document.get("DockerfilePath") or "")
    if build.inline or path in ("", "-"):
        # Handed over on standard input.
        return True
    dockerfile = os.path.join(build.context, build.dockerfile)  # noqa: PTH118 - text, as it is read
    return os.path.realpath(path) == os.path.realpath(dockerfile)
