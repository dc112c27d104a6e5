"""What a fingerprint sees and what it does not: one test per row of the case table, by its id.

Each row changes one thing in a real project, read by the real `docker compose config`, and names
the parts that move for each service; services that are not named do not move at all.
"""

import json
import shutil
import socket
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stacktest.config import ServiceSection
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.digest import Key
from stacktest.core.fingerprint.fingerprint import (
    Fingerprint,
    changes,
    compare,
    image_part,
    unpinned,
)
from stacktest.core.unknown import Unknown
from tests.cases.project import Project, image

# These need the client and its Compose plugin; no engine has to run.
pytestmark = pytest.mark.real_docker

Names = frozenset[str]


@dataclass(frozen=True)
class Case:
    row: str
    name: str
    given: Mapping[str, str]
    when: Callable[[Project], None]
    moved: Mapping[str, set[str]]
    """Service -> reasons as `changes` gives them; empty means: nothing moves."""
    repo: Names = frozenset()
    """Services whose `repo` digest moves."""
    sections: Mapping[str, ServiceSection] = field(default_factory=dict)


def edit(name: str, old: str, new: str) -> Callable[[Project], None]:
    return lambda project: project.replace(name, old, new)


def write(name: str, text: str) -> Callable[[Project], None]:
    return lambda project: project.write({name: text})


def pulled(service: str) -> Callable[[Project], None]:
    """The service runs another image from now on."""

    def act(project: Project) -> None:
        project.images[service] = image(service, Cmd=["newer"])

    return act


def compose(text: str, **files: str) -> dict[str, str]:
    return {"docker-compose.yml": text, **files}


APP = "services: {app: {image: 'app:1', volumes: ['./configs/app:/etc/app:ro']}}"
CAPS = "services: {app: {image: a, cap_add: [%s], networks: [%s]}}\nnetworks: {one: {}, two: {}}"


def link(name: str, target: str) -> Callable[[Project], None]:
    def make(project: Project) -> None:
        (project.root / name).parent.mkdir(parents=True, exist_ok=True)
        (project.root / name).symlink_to(target)

    return make


def in_turn(*steps: Callable[[Project], None]) -> Callable[[Project], None]:
    def take(project: Project) -> None:
        for step in steps:
            step(project)

    return take


CASES = [
    Case(
        "C1",
        "a variable of .env moves the services that use it",
        compose(
            "services: {app: {image: a, environment: {PW: '${PW}'}}, other: {image: b}}",
            **{".env": "PW=alt"},
        ),
        edit(".env", "alt", "neu"),
        {"app": {"env:PW"}},
    ),
    Case(
        "C2",
        "a tag from .env is part of the definition",
        compose("services: {app: {image: 'app:${TAG}'}}", **{".env": "TAG=1"}),
        in_turn(edit(".env", "TAG=1", "TAG=2"), pulled("app")),
        {"app": {"image:Cmd"}},
    ),
    Case(
        "freshness/a14-defaults-written-out",
        "a mirror's name for the same image",
        compose("services: {app: {image: 'app:1'}}"),
        edit("docker-compose.yml", "app:1", "mirror.example/app:1"),
        {},
        repo=frozenset({"app"}),
    ),
    Case(
        "freshness/a14-defaults-written-out",
        "defaults that are written out",
        compose("services: {app: {image: a, ulimits: {nofile: 10}}}"),
        edit(
            "docker-compose.yml",
            "image: a, ulimits: {nofile: 10}",
            "image: a, restart: 'no', scale: 1, deploy: {replicas: 1}, privileged: false, "
            "ulimits: {nofile: {soft: 10, hard: 10}}, networks: [default]",
        ),
        {},
        repo=frozenset({"app"}),
    ),
    Case(
        "freshness/a14-defaults-written-out",
        "a comment",
        compose("services: {app: {image: a}}"),
        edit("docker-compose.yml", "services:", "# why\nservices:"),
        {},
    ),
    Case(
        "C4",
        "the files of volumes_from and of another context",
        compose(
            "services: {app: {image: a, volumes_from: [db], build: {context: ctx, "
            "additional_contexts: {base: ./base}}}, db: {image: b, volumes: ['./conf:/c:ro']}}",
            **{"conf/a": "1", "base/x": "1", "ctx/Dockerfile": "FROM x"},
        ),
        in_turn(edit("conf/a", "1", "2"), edit("base/x", "1", "2")),
        {"app": {"config:conf/a", "build:context:base/x"}, "db": {"config:conf/a"}},
        repo=frozenset({"app", "db"}),
    ),
    Case(
        "C3",
        "a file of variables",
        compose("services: {app: {image: a, env_file: [app.env]}}", **{"app.env": "A=1"}),
        edit("app.env", "A=1", "A=2"),
        {"app": {"env:A"}},
    ),
    Case(
        "C4",
        "certificates and single files that are mounted",
        compose(
            "services: {app: {image: a, volumes: ['./certs:/c:ro', './mkdocs.yml:/m:ro']}}",
            **{"certs/ca.crt": "one", "mkdocs.yml": "one"},
        ),
        in_turn(edit("certs/ca.crt", "one", "two"), edit("mkdocs.yml", "one", "two")),
        {"app": {"config:certs/ca.crt", "config:mkdocs.yml"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "C5",
        "a file of the build context",
        compose(
            "services: {app: {build: ./src}, same: {image: b}}",
            **{"src/Dockerfile": "FROM scratch", "src/main.c": "1"},
        ),
        edit("src/main.c", "1", "2"),
        {"app": {"build:context/main.c"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "C5",
        "a Dockerfile outside of the context",
        compose(
            "services: {app: {build: {context: src, dockerfile: ../docker/App}}}",
            **{"docker/App": "FROM scratch", "src/main.c": "1"},
        ),
        edit("docker/App", "scratch", "debian"),
        {"app": {"build:Dockerfile"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "C5",
        "what .dockerignore leaves out does not count",
        compose(
            "services: {app: {build: ./src}}",
            **{
                "src/Dockerfile": "FROM scratch",
                "src/.dockerignore": "*.log\nout\n!out/kept",
                "src/a.log": "1",
                "src/out/x": "1",
                "src/out/kept": "1",
            },
        ),
        in_turn(edit("src/a.log", "1", "2"), edit("src/out/x", "1", "2")),
        {},
    ),
    Case(
        "C5",
        "an exception of .dockerignore counts",
        compose(
            "services: {app: {build: ./src}}",
            **{
                "src/Dockerfile": "FROM scratch",
                "src/.dockerignore": "out\n!out/kept",
                "src/out/kept": "1",
            },
        ),
        edit("src/out/kept", "1", "2"),
        {"app": {"build:context/out/kept"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "C6",
        "an override file that appears",
        compose("services: {app: {image: a}, other: {image: b}}"),
        write("docker-compose.override.yml", "services: {app: {user: '7'}}"),
        {"app": {"stanza:user"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "C7",
        "the file that a service extends",
        compose(
            "services: {app: {extends: {file: base.yml, service: base}}, other: {image: b}}",
            **{"base.yml": "services: {base: {image: a}}"},
        ),
        edit("base.yml", "image: a", "image: a, privileged: true"),
        {"app": {"stanza:privileged"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "C8",
        "an included file",
        compose(
            "include: [db/compose.yml]\nservices: {app: {image: a}}",
            **{"db/compose.yml": "services: {db: {image: 'pg:1'}}"},
        ),
        in_turn(edit("db/compose.yml", "pg:1", "pg:2"), pulled("db")),
        {"db": {"image:Cmd"}},
        repo=frozenset({"db"}),
    ),
    Case(
        "C9",
        "networks and configs that the service uses",
        compose(
            "services: {app: {image: a, networks: [net], configs: [motd]}, other: {image: b}}\n"
            "networks: {net: {internal: true}}\nconfigs: {motd: {content: one}}",
        ),
        in_turn(
            edit("docker-compose.yml", "internal: true", "internal: false"),
            edit("docker-compose.yml", "content: one", "content: two"),
        ),
        {"app": {"stanza:networks.net", "stanza:configs.motd"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "C10",
        "an edited dependency moves only itself",
        compose("services: {app: {image: a, depends_on: [db]}, db: {image: 'pg:1'}}"),
        in_turn(edit("docker-compose.yml", "pg:1", "pg:2"), pulled("db")),
        {"db": {"image:Cmd"}},
        repo=frozenset({"db"}),
    ),
    Case(
        "C18",
        "yes is not the word true",
        compose("services: {app: {image: a, environment: {FLAG: yes}}}"),
        edit("docker-compose.yml", "yes", "'true'"),
        {"app": {"env:FLAG"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "C18",
        "yes is not on",
        compose("services: {app: {image: a, environment: {FLAG: yes}}}"),
        edit("docker-compose.yml", "yes", "on"),
        {"app": {"env:FLAG"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "C19",
        "a port in base 60 is a number",
        compose("services:\n  app:\n    image: a\n    ports:\n      - 22:22\n"),
        edit("docker-compose.yml", "22:22", "1342"),
        {"app": {"stanza:ports"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "C20",
        "a list of variables is a mapping",
        compose("services: {app: {image: a, environment: [A=1, B=2]}}"),
        edit("docker-compose.yml", "[A=1, B=2]", "{B: 2, A: '1'}"),
        {},
        # The text did change; where the keyed parts are known, they say that nothing did.
        repo=frozenset({"app"}),
    ),
    Case(
        "C20",
        "a short port is a long one",
        compose("services: {app: {image: a, ports: ['80:8080']}}"),
        edit("docker-compose.yml", "'80:8080'", "{target: 8080, published: 80, protocol: tcp}"),
        {},
        repo=frozenset({"app"}),
    ),
    Case(
        "C20",
        "a short volume is a long one",
        compose("services: {app: {image: a, volumes: ['./x:/x:ro']}}"),
        edit(
            "docker-compose.yml",
            "'./x:/x:ro'",
            "{type: bind, source: ./x, target: /x, read_only: true}",
        ),
        {},
        repo=frozenset({"app"}),
    ),
    Case(
        "C21",
        "the order of capabilities and networks does not count",
        compose(CAPS % ("NET_ADMIN, SYS_TIME", "one, two")),
        write("docker-compose.yml", CAPS % ("SYS_TIME, NET_ADMIN", "two, one")),
        {},
    ),
    Case(
        "C21",
        "the order of a command counts",
        compose("services: {app: {image: a, command: [a, b]}}"),
        edit("docker-compose.yml", "[a, b]", "[b, a]"),
        {"app": {"stanza:command"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "C21",
        "the order of volumes counts",
        compose(
            "services: {app: {image: a, volumes: [one:/1, two:/2]}}\nvolumes: {one: {}, two: {}}"
        ),
        edit("docker-compose.yml", "[one:/1, two:/2]", "[two:/2, one:/1]"),
        {"app": {"stanza:volumes"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "C21",
        "the order of files of variables counts",
        compose(
            "services: {app: {image: a, env_file: [a.env, b.env]}}",
            **{"a.env": "A=1", "b.env": "A=2"},
        ),
        edit("docker-compose.yml", "[a.env, b.env]", "[b.env, a.env]"),
        {"app": {"env:A"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "D1",
        "the executable bit",
        compose(APP, **{"configs/app/init.sh": "true"}),
        lambda project: (project.root / "configs/app/init.sh").chmod(0o755),
        {"app": {"config:configs/app/init.sh"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "D2",
        "the target of a mounted link",
        compose(APP, **{"shared/conf.d/one": "1", "configs/app/link": ""}),
        edit("shared/conf.d/one", "1", "2"),
        {"app": {"config:shared/conf.d/one"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "D3",
        "a dangling link",
        compose(APP, **{"configs/app/one": "1"}),
        link("configs/app/dangling", "nowhere"),
        {"app": {"config:configs/app/dangling"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "D4",
        "caches and declared leftovers do not count",
        compose(APP, **{"configs/app/Caddyfile": "1"}),
        in_turn(
            write("configs/app/.Caddyfile.swp", "x"),
            write("configs/app/.DS_Store", "x"),
            write("configs/app/__pycache__/a.cpython-311.pyc", "x"),
            write("configs/app/run.log", "x"),
            write("configs/app/state/db.sqlite", "x"),
        ),
        {},
        sections={"app": ServiceSection(ignore=("*.log", "state/"))},
    ),
    Case(
        "D4",
        "an undeclared log counts",
        compose(APP, **{"configs/app/Caddyfile": "1"}),
        write("configs/app/run.log", "x"),
        {"app": {"config:configs/app/run.log"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "D5",
        "a mounted folder anywhere",
        compose(
            "services: {app: {image: a, volumes: ['./elsewhere:/e:ro']}, other: {image: b}}",
            **{"elsewhere/one": "1"},
        ),
        edit("elsewhere/one", "1", "2"),
        {"app": {"config:elsewhere/one"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "D6",
        "line endings",
        compose(APP, **{"configs/app/one": "a\nb\n"}),
        edit("configs/app/one", "a\nb\n", "a\r\nb\r\n"),
        {"app": {"config:configs/app/one"}},
        repo=frozenset({"app"}),
    ),
    Case(
        "D8",
        "an empty folder",
        compose(APP, **{"configs/app/one": "1"}),
        lambda project: (project.root / "configs/app/empty/deeper").mkdir(parents=True),
        {},
    ),
]


def changed(
    before: Mapping[str, Fingerprint], after: Mapping[str, Fingerprint]
) -> dict[str, set[str]]:
    moved = {
        name: {reason for change in changes(old, after[name]) for reason in change.reasons}
        for name, old in before.items()
    }
    return {name: reasons for name, reasons in moved.items() if reasons}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "stack")


@pytest.mark.parametrize(
    "case",
    [pytest.param(case, id=case.name, marks=pytest.mark.case(case.row)) for case in CASES],
)
def test_a_change_moves_the_services_that_it_concerns(case: Case, project: Project) -> None:
    project.write(case.given)
    project.sections = dict(case.sections)
    if case.row == "D2":
        (project.root / "configs/app/link").unlink()
        link("configs/app/link", "../../shared/conf.d")(project)

    before = project.fingerprints()
    case.when(project)
    after = project.fingerprints()

    assert all(isinstance(each.digest, str) for each in after.values())
    assert changed(before, after) == case.moved
    assert {name for name in before if before[name].repo != after[name].repo} == case.repo


@pytest.mark.case("C4", "freshness/c06-writable-config-mount", "field/b12")
def test_of_a_writable_folder_counts_what_git_tracks(project: Project) -> None:
    project.write(compose("services: {app: {image: a, volumes: ['./data:/d']}}", **{"data/x": "1"}))
    before = project.fingerprints()
    project.write({"data/x": "2"})
    after = project.fingerprints()
    assert changed(before, after) == {"app": {"config:data/x"}}
    project.git("rm", "--cached", "-q", "data/x")
    (project.root / ".gitignore").write_text("data/\n")
    untracked = project.fingerprints()
    project.write({"data/x": "3"})
    assert changed(untracked, project.fingerprints()) == {}
    why = "the container may write to it: only what git tracks below it counts"
    assert untracked["app"].left_out == {why: ("data",)}
    project.sections["app"] = ServiceSection(config=("data",))
    assert "data/x" in project.fingerprints()["app"].detail["config"]


@pytest.mark.case("C6")
def test_files_named_by_the_environment(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(
        {
            "docker-compose.yml": "services: {app: {image: a}}",
            "more.yml": "services: {app: {user: '7'}}",
        }
    )
    before = project.fingerprints()
    monkeypatch.setenv("COMPOSE_FILE", "docker-compose.yml:more.yml")
    assert changed(before, project.fingerprints()) == {"app": {"stanza:user"}}


@pytest.mark.case("C11")
def test_the_image_is_the_one_that_the_container_runs(project: Project) -> None:
    project.write(compose("services: {app: {image: 'app:1'}}"))
    project.images["app"] = image("old")
    before = project.fingerprints()
    # `pull` moves the tag; what is handed in is still the container's image.
    assert changed(before, project.fingerprints()) == {}
    project.images["app"] = image("new")
    moved = changes(before["app"], project.fingerprints()["app"])
    assert [change.part for change in moved] == ["image"]


@pytest.mark.case("C12", "C13")
def test_an_image_that_is_not_here_is_unknown(project: Project) -> None:
    project.write(compose("services: {app: {image: 'app:1'}, other: {image: b}}"))
    project.images["app"] = Unknown("the engine does not answer")
    found = project.fingerprints()
    assert found["app"].parts["image"] == Unknown("the engine does not answer")
    assert found["app"].digest == Unknown("image: the engine does not answer")
    assert found["app"].to_json()["parts"]["image"] is None
    assert isinstance(found["other"].digest, str)


@pytest.mark.case("C14")
def test_unknown_is_neither_equal_nor_changed(project: Project) -> None:
    project.write(compose("services: {app: {image: 'app:1'}}"))
    known = project.fingerprints()["app"]
    project.images["app"] = Unknown("no engine")
    unknown = project.fingerprints()["app"]
    for old, new in ((known, unknown), (unknown, known), (unknown, unknown)):
        assert changes(old, new) == ()
        assert isinstance(compare(old, new)["image"], Unknown)
    del project.images["app"]
    assert project.fingerprints()["app"].digest == known.digest


RECORDED = Path(__file__).parent / "data" / "images"
"""One image as two engines described it after each step: the graph drivers of 20.10 and the
containerd store of 26.1, whose Id is the digest of a manifest."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("graph_mirrored", id="mirror-sorts-first", marks=pytest.mark.case("C15")),
        pytest.param("graph_pushed", id="pushed", marks=pytest.mark.case("C16")),
        pytest.param("graph_loaded", id="saved-and-loaded", marks=pytest.mark.case("C16")),
        pytest.param("graph_pulled", id="pulled", marks=pytest.mark.case("C16")),
        pytest.param("containerd_pulled", id="pulled-by-containerd", marks=pytest.mark.case("C16")),
        pytest.param("containerd_loaded", id="loaded-by-containerd", marks=pytest.mark.case("C16")),
    ],
)
def test_image_identity_is_neither_a_registry_s_nor_a_store_s(name: str) -> None:
    built = json.loads((RECORDED / "graph_built.json").read_text())
    other = json.loads((RECORDED / f"{name}.json").read_text())
    # What the row is about did differ: the names by which the image goes.
    assert [built[0]["Id"], built[0]["RepoDigests"]] != [
        other[0]["Id"],
        other[0]["RepoDigests"],
    ] or (name == "graph_loaded")
    assert isinstance(image_part(built).value, str)
    assert image_part(other).value == image_part(built).value


@pytest.mark.case("C16")
def test_fields_that_only_one_store_writes_do_not_count() -> None:
    config = {
        "Env": ["PATH=/bin"],
        "Cmd": ["run"],
        "WorkingDir": "/",
        "Labels": {"a": "b"},
    }
    plain = {**image("app"), "Id": "sha256:config-digest", "Config": config}
    # The graph driver writes every field, the containerd store those that are set, and its Id is
    # the digest of a manifest or an index.
    graph = {
        **plain,
        "Container": "",
        "Parent": "",
        "GraphDriver": {"Name": "overlay2"},
        "Variant": "",
        "Config": {**config, "Volumes": None, "OnBuild": None, "Entrypoint": None, "User": ""},
    }
    containerd = {
        **plain,
        "Id": "sha256:index-digest",
        "Descriptor": {"mediaType": "application/vnd.oci.image.index.v1+json"},
        "Config": {key: value for key, value in config.items() if key != "Labels"},
    }
    assert image_part(graph).value == image_part(containerd).value == image_part([plain]).value
    other = {**containerd, "Config": {**config, "Cmd": ["walk"]}}
    assert image_part(other).value != image_part(containerd).value
    arm = {**containerd, "Architecture": "arm64"}
    assert image_part(arm).value != image_part(containerd).value


@pytest.mark.case("C17")
def test_a_container_is_not_taken_for_an_image() -> None:
    container = {"Id": "3f", "Image": "sha256:9a", "Config": {"Image": "redis"}, "State": {}}
    assert isinstance(image_part(container).value, Unknown)


@pytest.mark.case("C22")
def test_a_variable_passed_through_from_the_shell(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(compose("services: {app: {image: a, environment: [FOO]}, other: {image: b}}"))
    monkeypatch.setenv("FOO", "one")
    before = project.fingerprints()
    monkeypatch.setenv("FOO", "two")
    assert changed(before, project.fingerprints()) == {"app": {"env:FOO"}}


@pytest.mark.case("C22")
def test_a_secret_made_from_a_variable(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write(
        compose(
            "services: {app: {image: a, secrets: [token]}}\nsecrets: {token: {environment: TOKEN}}",
            **{".env": "TOKEN=eins"},
        )
    )
    before = project.fingerprints()
    project.write({".env": "TOKEN=zwei"})
    middle = project.fingerprints()
    assert changed(before, middle) == {"app": {"env:(secret token)"}}
    monkeypatch.setenv("TOKEN", "eins")
    assert project.fingerprints()["app"].digest == before["app"].digest


@pytest.mark.case("C23")
def test_versions_are_not_compared(project: Project) -> None:
    project.write(compose("services: {app: {image: a}}"))
    now = project.fingerprints()["app"]
    old = replace(now, version=0)
    assert old.digest != now.digest
    assert changes(old, now) == ()
    assert "version 0" in str(compare(old, now)["stanza"])


@pytest.mark.case("C24")
def test_services_in_profiles_are_seen(project: Project) -> None:
    project.write(compose("services: {app: {image: a, profiles: [core]}, b: {image: b}}"))
    before = project.fingerprints()
    assert set(before) == {"app", "b"}
    project.replace("docker-compose.yml", "[core]", "[core, more]")
    assert changed(before, project.fingerprints()) == {}


@pytest.mark.case("C25")
def test_a_tag_does_not_identify_an_image(project: Project) -> None:
    from stacktest.adapters.compose.client import Compose

    pinned = "pinned@sha256:" + "a" * 64
    project.write(
        compose(f"services: {{app: {{image: 'app:1'}}, p: {{image: '{pinned}'}}, b: {{build: .}}}}")
    )
    assert unpinned(Compose(project.root).model()) == ("app",)


@pytest.mark.case("D2")
def test_a_link_is_itself_part_of_the_tree(project: Project) -> None:
    project.write(compose(APP, **{"shared/a/one": "1", "shared/b/one": "1"}))
    link("configs/app/current", "../../shared/a")(project)
    before = project.fingerprints()
    (project.root / "configs/app/current").unlink()
    link("configs/app/current", "../../shared/b")(project)
    reasons = changed(before, project.fingerprints())["app"]
    assert "config:configs/app/current" in reasons


@pytest.mark.case("D3")
def test_what_is_no_file_counts_by_its_kind(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write(compose(APP, **{"configs/app/one": "1"}))
    # A socket's whole path may only have 107 bytes.
    monkeypatch.chdir(project.root / "configs/app")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("app.sock")
        assert project.fingerprints()["app"].detail["config"]["configs/app/app.sock"] == "socket"


@pytest.mark.case("D4")
def test_declared_ignores_are_listed(project: Project) -> None:
    project.write(compose(APP, **{"configs/app/run.log": "1", "configs/app/one": "1"}))
    project.sections["app"] = ServiceSection(ignore=("*.log",))
    found = project.fingerprints()["app"]
    assert found.left_out == {"declared ignore": ("configs/app/run.log",)}
    assert list(found.detail["config"]) == ["configs/app/one"]


@pytest.mark.case("D7")
def test_a_name_cannot_forge_a_tree(project: Project) -> None:
    import hashlib

    def sha(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    folder = project.root / "configs/app"
    project.write(compose(APP, **{"configs/app/a": "1", "configs/app/b": "2"}))
    two = project.fingerprints()["app"]
    for separator in (":", '","'):
        shutil.rmtree(folder)
        folder.mkdir()
        (folder / f"a{separator}{sha('1')}\nb").write_text("2")
        assert project.fingerprints()["app"].digest != two.digest


@pytest.mark.case("D8")
def test_an_empty_folder_equals_none(project: Project) -> None:
    project.write(compose(APP))
    (project.root / "configs/app").mkdir(parents=True)
    with_folder = project.fingerprints()["app"]
    shutil.rmtree(project.root / "configs")
    assert project.fingerprints()["app"].digest == with_folder.digest
    assert with_folder.parts["config"] == "none"


@pytest.mark.case("D9")
def test_a_large_file_is_streamed(project: Project) -> None:
    project.write(compose(APP, **{"configs/app/one": "1"}))
    model = project.root / "configs/app/model.bin"
    with model.open("wb") as file:
        file.truncate(64 << 20)
    tracemalloc.start()
    try:
        before = project.fingerprints()["app"]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20
    with model.open("r+b") as file:
        file.seek((64 << 20) - 1)
        file.write(b"x")
    assert changed({"app": before}, project.fingerprints()) == {
        "app": {"config:configs/app/model.bin"}
    }


def test_the_same_project_elsewhere_is_the_same(tmp_path: Path) -> None:
    """Another folder, paths that leave the project, a build of what lies above it."""
    text = (
        "services:\n  app:\n    image: a\n    build: {context: .., dockerfile: stack/Dockerfile}\n"
        "    volumes: ['./conf:/c:ro', '../shared:/s:ro', 'data:/d', '/etc/hostname:/h:ro']\n"
        "    networks: [back]\n    secrets: [pw]\n"
        "networks: {back: {internal: true}}\nvolumes: {data: {}}\n"
        "secrets: {pw: {file: ./pw.txt}}\n"
    )
    files = {"Dockerfile": "FROM scratch", "conf/x": "1", "pw.txt": "geheim", "../shared/y": "1"}
    found = []
    for place in ("one/stack", "two/deeper/stack"):
        (tmp_path / place).mkdir(parents=True)
        project = Project(tmp_path / place)
        project.write(compose(text, **files))
        found.append(project.fingerprints()["app"])
    here, there = found
    assert isinstance(here.digest, str)
    assert isinstance(here.repo, str)
    assert here.to_json() == there.to_json()
    assert here.left_out == {"mounted from outside the project": ("../shared", "/etc/hostname")}


def test_another_key_makes_the_keyed_parts_unknown(project: Project) -> None:
    project.write(
        compose(
            "services: {app: {image: a, environment: {PW: x}, secrets: [s]}, plain: {image: b}}\n"
            "secrets: {s: {file: ./s.txt}}",
            **{"s.txt": "geheim", "configs/plain/one": "1"},
        )
    )
    mine = project.fingerprints()
    project.key = Key(secret=b"k" * 32)
    other = project.fingerprints()
    assert changed(mine, other) == {}
    unknown = {
        part for part, same in compare(mine["app"], other["app"]).items() if same is not True
    }
    assert unknown == {"env", "stanza", "config"}
    # Files are signed whatever they are called; what the repository holds is compared without a key.
    assert isinstance(compare(mine["plain"], other["plain"])["config"], Unknown)
    project.key = Unknown("no key here")
    keyless = project.fingerprints()
    assert {part for part, v in keyless["app"].parts.items() if isinstance(v, Unknown)} == unknown
    assert keyless["app"].repo == mine["app"].repo == other["app"].repo
