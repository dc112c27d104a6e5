"""Reads files of the docker command: proxies for containers, and the builds that it started."""

import contextlib
import json
import os
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path

from stacktest.core.json_data import Json
from stacktest.core.model import Build

PROXIES = {
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "ftpProxy": "FTP_PROXY",
    "noProxy": "NO_PROXY",
    "allProxy": "ALL_PROXY",
}


def client_variables(address: str, environ: Mapping[str, str]) -> dict[str, str]:
    """Proxy variables that the docker command adds to every container of the engine."""
    document = _read(_folder(environ) / "config.json")
    proxies = _mapping(document.get("proxies"))
    settings = _mapping(proxies.get(address)) or _mapping(proxies.get("default"))
    variables: dict[str, str] = {}
    for key, name in PROXIES.items():
        if settings.get(key):
            variables |= {name: str(settings[key]), name.lower(): str(settings[key])}
    return variables


class KnownBuilds:
    """The builds that this client started: Buildx writes a small file for each, hundreds in time.

    The files are read once, at the first call of `last`.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._folder = Path(environ.get("BUILDX_CONFIG") or _folder(environ) / "buildx") / "refs"

    def last(self, build: Build) -> float:
        """Unix time of the start of the last build of this context and Dockerfile; 0: unknown."""
        builds = self._by_context.get(os.path.realpath(build.context), ())
        return max((began for path, began in builds if _is_dockerfile(path, build)), default=0.0)

    # Private

    @cached_property
    def _by_context(self) -> Mapping[str, list[tuple[str, float]]]:
        """Real path of a context → its builds: path of the Dockerfile, and time of the start."""
        real_path = cache(os.path.realpath)
        builds: dict[str, list[tuple[str, float]]] = {}
        for path in self._folder.glob("*/*/*"):
            document = _read(path)
            if context := str(document.get("LocalPath") or ""):
                with contextlib.suppress(FileNotFoundError):
                    build = (str(document.get("DockerfilePath") or ""), path.stat().st_mtime)
                    builds.setdefault(real_path(context), []).append(build)
        return builds


# Private


def _folder(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("DOCKER_CONFIG") or Path(environ.get("HOME", "/root")) / ".docker")


def _mapping(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _read(path: Path) -> Mapping[str, Json]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        # Without a readable file there are no proxies and no known builds.
        return {}
    return document if isinstance(document, dict) else {}


def _is_dockerfile(path: str, build: Build) -> bool:
    if build.inline or path in ("", "-"):
        # The Dockerfile was passed on standard input.
        return True
    dockerfile = os.path.join(build.context, build.dockerfile)  # noqa: PTH118 - text, as it is read
    return os.path.realpath(path) == os.path.realpath(dockerfile)
