"""Proxies and builds that the docker command knows of."""

import json
import os
from pathlib import Path

import pytest

from stacktest.adapters.engine.client_settings import KnownBuilds, client_variables
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
    assert KnownBuilds(environ).last(build) == 0.0
    local, dockerfile = str(context), str(context / "Dockerfile")
    reference(tmp_path, "a", 10, LocalPath=local, DockerfilePath=dockerfile)
    reference(tmp_path, "b", 20, LocalPath=local, DockerfilePath=dockerfile)
    reference(tmp_path, "c", 30, LocalPath=local, DockerfilePath=str(context / "other"))
    reference(tmp_path, "d", 40, LocalPath=str(tmp_path), DockerfilePath=dockerfile)
    builds = KnownBuilds(environ)
    assert builds.last(build) == 20.0
    assert builds.last(Build(context=str(context), dockerfile="other")) == 30.0
    assert KnownBuilds({"BUILDX_CONFIG": f"{tmp_path}/buildx"}).last(build) == 20.0


def test_the_files_of_builds_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that built hundreds of times would read them all again for each service."""
    reference(tmp_path, "a", 10, LocalPath=str(tmp_path), DockerfilePath="-")
    reads: list[Path] = []
    read_text = Path.read_text

    def count(path: Path, *more: str) -> str:
        reads.append(path)
        return read_text(path, *more)

    monkeypatch.setattr(Path, "read_text", count)
    builds = KnownBuilds({"DOCKER_CONFIG": str(tmp_path)})
    assert [builds.last(Build(context=str(tmp_path))) for _ in range(3)] == [10.0] * 3
    assert len(reads) == 1
