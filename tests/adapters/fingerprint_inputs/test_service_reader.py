import subprocess
from pathlib import Path

import pytest

from stacktest.adapters.compose.model import read_model
from stacktest.adapters.fingerprint_inputs import read_fingerprints
from stacktest.adapters.git.tracked_files import tracked_files
from stacktest.config import Config, ServiceSection
from stacktest.core.fingerprint.digest import Key
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.json_data import Json
from stacktest.core.unknown import Unknown
from tests.support.known import known

KEY = Key(secret=b"k" * 32)


def read(
    root: Path, services: Json, volumes: Json = None, **sections: ServiceSection
) -> dict[str, Fingerprint]:
    (root / "compose.yml").write_text("services: {app: {image: a}, fine: {image: f}}")
    document = {"name": "x", "services": services, "volumes": volumes or {}}
    stack = read_model(document, root=root, files=[root / "compose.yml"])
    config = Config(root=root, services=sections)
    return dict(read_fingerprints(stack, key=KEY, images={}, config=config))


def bind(path: object) -> Json:
    return {"type": "bind", "source": str(path), "target": "/x", "read_only": True}


def git(folder: Path, *arguments: str) -> None:
    names = ("-c", "user.name=a", "-c", "user.email=a@example.test")
    command = ["git", *names, "-c", "protocol.file.allow=always", *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("broken", ["unreadable file", "missing extra", "null stanza"])
def test_a_broken_service_costs_only_itself(
    tmp_path: Path, broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "configs/fine").mkdir(parents=True)
    (tmp_path / "configs/fine/x").write_text("1")
    fine = {"image": "f", "environment": {"A": "1"}}
    alone = read(tmp_path, {"fine": fine})["fine"]
    stanza: Json = {"image": "a"}
    sections: dict[str, ServiceSection] = {}
    part = "config"
    if broken == "unreadable file":
        (tmp_path / "mem").symlink_to("/proc/self/mem")
        stanza["volumes"] = [bind(tmp_path / "mem")]
    elif broken == "missing extra":
        sections = {"app": ServiceSection(config=("gone",))}
    else:
        stanza, part = None, "stanza"
    found = read(tmp_path, {"app": stanza, "fine": fine}, **sections)
    if broken == "null stanza":
        # The adapter of Compose reads null as an empty stanza; nothing may end in a traceback.
        assert found["app"].parts[part] is not None
    else:
        why = found["app"].parts[part]
        assert isinstance(why, Unknown)
        assert "mem" in why.why or "gone" in why.why
    assert found["fine"].to_json() == alone.to_json()


def test_an_extra_may_be_a_file_a_folder_or_lie_outside(tmp_path: Path) -> None:
    root = tmp_path / "stack"
    (root / "extra").mkdir(parents=True)
    (root / "extra/a").write_text("1")
    (root / "b").write_text("1")
    (tmp_path / "c").write_text("1")
    section = ServiceSection(config=("extra", "b", "../c"))
    found = read(root, {"app": {"image": "a"}}, app=section)["app"]
    assert sorted(found.detail["config"]) == ["../c", "b", "extra/a"]


def test_mounts_that_are_not_read_are_listed(tmp_path: Path) -> None:
    volumes = [bind("/etc/hostname"), {**bind(tmp_path / "data"), "read_only": False}]
    found = read(tmp_path, {"app": {"image": "a", "volumes": volumes}})["app"]
    assert found.left_out == {
        "mounted from outside the project": ("/etc/hostname",),
        "the container may write to it": ("data",),
    }


@pytest.mark.processes
@pytest.mark.parametrize("in_folder", [True, False])
@pytest.mark.parametrize(
    ("name", "content", "tracked", "counts"),
    [
        ("example.test.db", b"@ IN SOA ns. me. 1 2 3 4 5", True, True),
        ("yarn.lock", b"left-pad@^1:", True, True),
        ("yarn.lock", b"left-pad@^1:", False, False),
        ("app.db", b"SQLite format 3\0", True, False),
        ("app.sqlite3", b"SQLite format 3\0", True, False),
        ("access.log", b"GET /", True, False),
        ("settings.ini", b"a = 1", True, True),
    ],
)
def test_what_a_container_writes_by_itself_is_known_by_name_and_content(
    tmp_path: Path, name: str, content: bytes, *, tracked: bool, counts: bool, in_folder: bool
) -> None:
    path = tmp_path / "data" / name
    path.parent.mkdir()
    path.write_bytes(content)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    if tracked:
        subprocess.run(["git", "add", "."], cwd=tmp_path, check=True)
    source = path.parent if in_folder else path
    app = {"image": "a", "volumes": [{**bind(source), "read_only": False}]}
    fingerprint = read(tmp_path, {"app": app})["app"]
    assert set(fingerprint.detail["config"]) == ({f"data/{name}"} if counts else set())
    path.unlink()
    assert read(tmp_path, {"app": app})["app"].detail["config"] == {}


@pytest.mark.processes
@pytest.mark.parametrize("read_only", [True, False])
def test_of_a_mount_beyond_the_project_what_its_repository_tracks_counts(
    tmp_path: Path, *, read_only: bool
) -> None:
    root = tmp_path / "shop/deploy"
    root.mkdir(parents=True)
    for name in ("shop/conf/app.conf", "shop/one.conf", "other/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    # The last is around the project: it shows a repository, and configures nothing.
    places = ("shop/conf", "shop/one.conf", "other", "shop")
    volumes = [{**bind(tmp_path / place), "read_only": read_only} for place in places]
    services = {"app": {"image": "a", "volumes": volumes}}
    assert read(root, services)["app"].detail["config"] == {}
    git(tmp_path / "shop", "init", "-q")
    git(tmp_path / "shop", "add", ".")
    (tmp_path / "shop/conf/data.bin").write_text("1")
    before = read(root, services)["app"]
    assert set(before.detail["config"]) == {"../conf/app.conf", "../one.conf"}
    assert {"../conf/app.conf", "../one.conf"} <= set(before.detail["repo"])
    assert before.left_out == {
        "mounted from outside the project": (str(tmp_path / "other"), str(tmp_path / "shop")),
        "mounted from outside the project: only what git tracks there counts": ("../conf",),
    }
    assert set(before.carried_repo) == {6}
    (tmp_path / "shop/conf/app.conf").write_text("2")
    after = read(root, services)["app"]
    assert before.parts["config"] != after.parts["config"]
    assert before.repo != after.repo


@pytest.mark.processes
def test_what_a_submodule_tracks_counts_as_what_git_tracks(tmp_path: Path) -> None:
    root, source = tmp_path / "stack", tmp_path / "conf"
    for folder in (root, source):
        folder.mkdir()
        git(folder, "init", "-q")
    (source / "app.conf").write_text("1")
    git(source, "add", ".")
    git(source, "commit", "-qm", "x")
    git(root, "submodule", "add", "-q", str(source), "etc/conf")
    (root / "etc/conf/data.bin").write_text("1")
    (root / "compose.yml").touch()
    writable = [{**bind(root / place), "read_only": False} for place in ("etc", "etc/conf")]
    for mount in writable:
        app = {"app": {"image": "a", "volumes": [mount]}}
        git(root, "submodule", "-q", "update", "--init")
        git(root, "add", ".")
        found = read(root, app)["app"]
        assert set(found.detail["config"]) == {"etc/conf/app.conf"}
        assert "etc/conf/app.conf" in found.detail["repo"]
        git(root, "submodule", "-q", "deinit", "-f", "etc/conf")
        missing = read(root, app)["app"].parts["config"]
        assert isinstance(missing, Unknown)
        assert missing.why.endswith("git submodule update --init etc/conf")


@pytest.mark.parametrize(
    ("options", "counts"),
    [
        ({"type": "none", "o": "bind", "device": "{root}/conf"}, True),
        ({"type": "none", "o": "rw,rbind", "device": "{root}/conf"}, True),
        ({"type": "nfs", "o": "addr=10.0.0.1", "device": ":/conf"}, False),
        ({"type": "tmpfs", "o": "size=1m", "device": "tmpfs"}, False),
    ],
)
def test_a_named_volume_that_is_a_folder_counts_as_its_mount(
    tmp_path: Path, options: dict[str, str], *, counts: bool
) -> None:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/app.conf").write_text("1")
    given = {key: value.format(root=tmp_path) for key, value in options.items()}
    mount = {"type": "volume", "source": "conf", "target": "/x", "read_only": True}
    volumes = {"conf": {"driver": "local", "driver_opts": given}}
    found = read(tmp_path, {"app": {"image": "a", "volumes": [mount]}}, volumes)["app"]
    assert set(found.detail["config"]) == ({"conf/app.conf"} if counts else set())


def test_configs_of_the_service_are_read_even_where_it_may_write(tmp_path: Path) -> None:
    (tmp_path / "configs/app").mkdir(parents=True)
    (tmp_path / "configs/app/x").write_text("1")
    volumes = [{**bind(tmp_path / "configs/app/x"), "read_only": False}]
    found = read(tmp_path, {"app": {"image": "a", "volumes": volumes}})["app"]
    assert found.left_out == {}
    assert list(found.detail["config"]) == ["configs/app/x"]


def test_a_project_named_by_a_link_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "real/conf").mkdir(parents=True)
    (tmp_path / "real/conf/x").write_text("1")
    (tmp_path / "alias").symlink_to("real")
    # Compose may print the one path while the user named the other.
    services = {"app": {"image": "a", "volumes": [bind(tmp_path / "real/conf")]}}
    direct, by_link = (read(tmp_path / name, services)["app"] for name in ("real", "alias"))
    assert direct.to_json()["parts"] == by_link.to_json()["parts"]
    assert list(direct.detail["config"]) == ["conf/x"]


def test_the_whole_project_may_be_mounted_without_reading_back_what_stacktest_writes(
    tmp_path: Path,
) -> None:
    written = ("data/tests/app/last_pass.json", "docs/_data/status.json", ".git/index")
    beside = ("docs/_data/status.meta.json", "docs/_data/stacktest.json", ".stacktest/key")
    for name in (*written, *beside, "x"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    found = read(tmp_path, {"app": {"image": "a", "volumes": [bind(tmp_path)]}})["app"]
    assert sorted(found.detail["config"]) == ["compose.yml", "x"]


def test_a_file_of_a_secret_that_is_missing_is_told(tmp_path: Path) -> None:
    document = {
        "name": "x",
        "services": {"app": {"image": "a", "secrets": [{"source": "s"}]}},
        "secrets": {"s": {"file": f"{tmp_path}/s.txt", "name": "x_s"}},
    }
    config = Config(root=tmp_path)
    stack = read_model(document, root=tmp_path)
    found = read_fingerprints(stack, key=KEY, images={}, config=config)["app"]
    assert found.detail["config"] == {"s.txt": "missing"}


def test_without_git_only_the_repository_s_part_is_unknown(tmp_path: Path) -> None:
    found = read(tmp_path, {"app": {"image": "a"}})["app"]
    assert isinstance(found.repo, Unknown)
    assert isinstance(found.parts["stanza"], str)


def test_git_says_what_it_tracks(tmp_path: Path) -> None:
    root = tmp_path / "deep er"
    for name in ("deep er/a ü", "deep er/untracked", "shared/x", "elsewhere/y"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    subprocess.run(["git", "add", "deep er/a ü", "shared", "elsewhere"], cwd=tmp_path, check=True)
    assert known(tracked_files(root, ["../shared"])) == {"a ü", "../shared/x"}
    assert known(tracked_files(root, ["../../beyond"])) == {"a ü"}


def test_only_the_services_that_were_asked_for_are_read(tmp_path: Path) -> None:
    stack = read_model({"name": "x", "services": {"a": {}, "b": {}}}, root=tmp_path)
    found = read_fingerprints(
        stack, key=KEY, images={}, config=Config(root=tmp_path), services=["b"]
    )
    assert list(found) == ["b"]
