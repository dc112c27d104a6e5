"""Proxies and builds that the docker command knows of."""

import json
import os
from pathlib import Path

import pytest

from stacktest.adapters.engine.client_settings import build_time, client_variables
from stacktest.core.model import Build

ADDRESS = "unix:///var/run/docker.sock"


def test_proxies_come_in_both_spellings(tmp_path: Path) -> None:
    settings = {"proxies": {"default": {"httpProxy": "http://p", "noProxy": "a"}}}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    assert client_variables(ADDRESS, {"DOCKER_CONFIG": str(tmp_path)}) == {
        "HTTP_PROXY": "http://p",
        "http_proxy": "http://p",
        "NO_PROXY": "a",
        "no_proxy": "a",
    }


def test_an_engine_may_have_proxies_of_its_own(tmp_path: Path) -> None:
    settings = {"proxies": {"default": {"httpProxy": "1"}, ADDRESS: {"httpsProxy": "2"}}}
    (tmp_path / ".docker").mkdir()
    (tmp_path / ".docker/config.json").write_text(json.dumps(settings))
    assert client_variables(ADDRESS, {"HOME": str(tmp_path)}) == {
        "HTTPS_PROXY": "2",
        "https_proxy": "2",
    }


@pytest.mark.parametrize("text", [None, "", "[]", "{", '{"proxies": null}'])
def test_without_settings_nothing_is_added(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "config.json").write_text(text)
    assert client_variables(ADDRESS, {"DOCKER_CONFIG": str(tmp_path)}) == {}


def reference(folder: Path, name: str, seconds: float, **document: str) -> None:
    path = folder / "buildx/refs/default/default" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    os.utime(path, (seconds, seconds))


def test_the_last_build_of_a_context_and_dockerfile(tmp_path: Path) -> None:
    context = tmp_path / "ctx"
    context.mkdir()
    build = Build(context=str(context))
    environ = {"DOCKER_CONFIG": str(tmp_path)}
    assert build_time(build, environ) == 0.0
    local, dockerfile = str(context), str(context / "Dockerfile")
    reference(tmp_path, "a", 10, LocalPath=local, DockerfilePath=dockerfile)
    reference(tmp_path, "b", 20, LocalPath=local, DockerfilePath=dockerfile)
    reference(tmp_path, "c", 30, LocalPath=local, DockerfilePath=str(context / "other"))
    reference(tmp_path, "d", 40, LocalPath=str(tmp_path), DockerfilePath=dockerfile)
    assert build_time(build, environ) == 20.0
    assert build_time(Build(context=str(context), dockerfile="other"), environ) == 30.0
    assert build_time(build, {"BUILDX_CONFIG": f"{tmp_path}/buildx"}) == 20.0
