"""Every reader of the package with real inputs for it, for the fuzz campaign.

A reader gets the bytes of one file, and an empty folder to put them where they belong.
"""

import dataclasses
import datetime as dt
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from campaigns import seeds
from stacktest import config as configuration
from stacktest.adapters.check_sites import sites_at
from stacktest.adapters.compose import env_files, errors, files, model, unset, yaml
from stacktest.adapters.engine import client_settings
from stacktest.adapters.engine import documents as engine
from stacktest.adapters.engine.socket import _decode
from stacktest.adapters.fingerprint_inputs.build_context import left_out_of_context, read_build
from stacktest.adapters.fingerprint_inputs.files import FileReader, UnreadableError
from stacktest.adapters.git import repository
from stacktest.adapters.ledger import origins, part_names, run_lock, signing_key
from stacktest.adapters.ledger.ledger import Ledger
from stacktest.adapters.ledger.local_runs import read_local_runs
from stacktest.adapters.process import Completed
from stacktest.adapters.routes import read_routes
from stacktest.adapters.service_markers import named_services
from stacktest.adapters.suite_code import CodeGraph, SuiteCode
from stacktest.adapters.suites import locate_suites, read_settings
from stacktest.adapters.tls import ca
from stacktest.bootstrap.recorded_runs import read_timeline
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.digest import Key
from stacktest.core.fingerprint.fingerprint import definition_part
from stacktest.core.fingerprint.service_definition import ProjectPaths
from stacktest.core.fingerprint.source_definition import read_sources
from stacktest.core.freshness.container.differences import differences
from stacktest.core.freshness.container.row import Created
from stacktest.core.freshness.docs_page import PageFacts, acknowledge, judge_page
from stacktest.core.hostnames import to_ascii, to_unicode
from stacktest.core.model import Build, Mount, Service, Stack
from stacktest.core.readiness import parse_rule
from stacktest.core.routing import route_targets
from stacktest.core.unknown import Unknown
from stacktest.errors import UsageError
from stacktest.init.dockerfile import base_image, copied_files
from stacktest.init.front_door import find_front_door
from stacktest.init.proposal import propose

REPOSITORY = Path(__file__).parents[1]
NOW = dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)
KEY = Key(secret=b"k" * 32)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """One reader, with real inputs and the form in which they are changed."""

    name: str
    read: Callable[[bytes, Path], object]
    seeds: Sequence[bytes]
    form: str = "text"
    share: int = 1
    """How many inputs it gets, beside the others."""


def all_readers() -> tuple[Reader, ...]:
    """Every reader; the names are those of the table in docs/reliability.md."""
    return (*_compose_readers(), *_route_readers(), *_own_readers(), *_other_readers())


# Private, what the repository holds


def _texts(*patterns: str) -> list[bytes]:
    paths = sorted({path for pattern in patterns for path in REPOSITORY.glob(pattern)})
    return [path.read_bytes() for path in paths if path.is_file()]


def _compose_files() -> list[bytes]:
    bomb = seeds.BOMB + b"services:\n  app:\n    image: x\n    labels: *h\n"
    return [
        bomb,
        *_texts("fixtures/stacks/*/docker-compose*.yml", "tests/stacks/*/docker-compose.yml"),
    ]


def _as_json(texts: Sequence[bytes]) -> list[bytes]:
    """The same documents as JSON, which is YAML as well and can be changed by value."""
    documents = (yaml.parse_yaml(text, "seed") for text in texts)
    return [json.dumps(item, default=str).encode() for item in documents if isinstance(item, dict)]


def _placed(data: bytes, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def _document(data: bytes) -> Any:
    """What the engine's client makes of an answer: a document, or text."""
    document = _decode(data)
    return document if isinstance(document, dict | list) else {}


# Private, compose


def _compose_readers() -> Iterator[Reader]:
    texts = _compose_files()
    as_json = _as_json(texts)
    resolved = [(REPOSITORY / "tests/adapters/data/compose-config.json").read_bytes(), *as_json]
    yield Reader(name="compose model", read=_read_model, seeds=resolved, form="json", share=2)
    yield Reader(
        name="compose files", read=_read_files, seeds=texts + as_json, form="yaml", share=3
    )
    yield Reader(name="compose errors", read=_read_error, seeds=seeds.COMPLAINTS)
    env = _texts("fixtures/stacks/*/.env*") + seeds.ENV
    yield Reader(name="env files", read=_read_env, seeds=env, share=2)
    dockerfiles = _texts("fixtures/**/Dockerfile", "tests/stacks/**/Dockerfile") + seeds.DOCKERFILES
    yield Reader(name="Dockerfile", read=_read_dockerfile, seeds=dockerfiles, share=2)
    yield Reader(name=".dockerignore", read=_read_dockerignore, seeds=seeds.DOCKERIGNORE, share=2)


def _read_model(data: bytes, folder: Path) -> object:
    document = model.read_printed(data.decode(errors="replace"))
    stack = model.read_model(document, root=folder)
    model.refuse_permanent_twins(stack)
    paths = ProjectPaths(roots=(str(folder),), outside={})
    for service in stack.services.values():
        definition_part(stack, service, KEY, paths)
    return route_targets(stack), propose(stack, find_front_door(stack)) if stack.services else None


def _read_files(data: bytes, folder: Path) -> object:
    path = _placed(data, folder / "compose.yaml")
    project = files.find_project_files(folder, (), (), {})
    files.list_files(project)
    unset.unset_variables('The "A" variable is not set', project)
    unset.path_variables(project)
    sources = read_sources(
        Stack(name="x", root=folder, services={}, compose_files=(str(path),)), yaml.load_yaml
    )
    if isinstance(sources, Unknown):
        return sources
    names = {name for file in files.list_files(project) for name in file.services}
    return [sources.value(name, lambda _: True) for name in sorted(names)], sources.outside()


def _read_error(data: bytes, folder: Path) -> object:
    _placed(b"services:\n  web:\n    image: x\n", folder / "compose.yaml")
    project = files.find_project_files(folder, (), (), {})
    text = data.decode("utf-8", "replace")
    return errors.explain(
        Completed(argv=("docker",), code=1, out="", err=text), project=project
    ).lines()


def _read_env(data: bytes, folder: Path) -> object:
    return env_files.read_env_file(_placed(data, folder / ".env"), {"HOME": "/root"})


def _built(folder: Path) -> Service:
    _placed(b"x", folder / "app/a.py")
    build = Build(context=str(folder / "app"), arguments=("A",))
    return Service(name="app", image="", build=build, definition={"build": {"args": {"A": "1"}}})


def _read_dockerfile(data: bytes, folder: Path) -> object:
    service = _built(folder)
    _placed(data, folder / "app/Dockerfile")
    return _build_of(service, folder), base_image(service), list(copied_files(service))


def _read_dockerignore(data: bytes, folder: Path) -> object:
    service = _built(folder)
    _placed(b"FROM x\nCOPY a.py /\n", folder / "app/Dockerfile")
    _placed(data, folder / "app/.dockerignore")
    build = _build_of(service, folder)
    assert service.build is not None
    return build, left_out_of_context(service.build, str(folder / "app/b.py"))


def _build_of(service: Service, folder: Path) -> object:
    reader = FileReader(root=folder, key=KEY, secret_paths=frozenset(), own=frozenset())
    try:
        assert service.build is not None
        return read_build(reader, service.build).copied()
    except UnreadableError as error:
        return error  # one part of one service is unknown, with this reason


# Private, front doors


def _route_readers() -> Iterator[Reader]:
    caddy = (
        _texts("fixtures/stacks/*/configs/caddy/Caddyfile", "tests/stacks/*/Caddyfile")
        + seeds.CADDY
    )
    yield Reader(name="Caddyfile", read=_reads_routes("Caddyfile"), seeds=caddy, share=3)
    nginx = _texts("tests/stacks/*/conf.d/*.conf") + seeds.NGINX
    yield Reader(name="nginx", read=_reads_routes("nginx.conf"), seeds=nginx, share=3)
    yield Reader(name="nginx template", read=_reads_routes("a.conf.template"), seeds=nginx)
    as_json = [json.dumps(document).encode() for document in seeds.TRAEFIK]
    yield Reader(
        name="Traefik file",
        read=_reads_routes("traefik:d.yml"),
        seeds=[*as_json, seeds.TRAEFIK_YAML, seeds.BOMB + b"http: *h\n"],
        form="yaml",
        share=2,
    )
    yield Reader(
        name="Traefik TOML", read=_reads_routes("traefik:d.toml"), seeds=[seeds.TRAEFIK_TOML]
    )
    labels = [json.dumps(labels).encode() for labels in seeds.LABELS]
    yield Reader(name="Traefik labels", read=_read_labels, seeds=labels, form="json", share=2)
    yield Reader(name="readiness rules", read=_read_rule, seeds=seeds.RULES)


def _stack(folder: Path, **labels: str) -> Stack:
    door = Service(
        name="door", image="traefik:3", environment={"DOMAIN": "stack.local"}, labels={},
        mounts=(Mount(kind="bind", source=str(folder), target="/etc/nginx", read_only=True),),
    )  # fmt: skip
    app = Service(name="app", image="app", labels=labels)
    return Stack(
        name="x",
        root=folder,
        services={"door": door, "app": app},
        domain="stack.local",
        front_door="door",
    )


def _reads_routes(source: str) -> Callable[[bytes, Path], object]:
    def read(data: bytes, folder: Path) -> object:
        _placed(data, folder / source.rpartition(":")[2])
        routes = read_routes((source,), _stack(folder))
        stack = replace(_stack(folder), routes=routes)
        names = [to_unicode(to_ascii(route.host)) for route in routes]
        return (
            names,
            route_targets(stack),
            [
                step.holds(path)
                for r in routes
                for step in r.conditions
                for path in ("/", "/api/x.js", "/s/é?")
            ],
        )

    return read


def _read_labels(data: bytes, folder: Path) -> object:
    labels = _document(data)
    if not isinstance(labels, dict):
        return None
    texts = {str(name): str(value) for name, value in labels.items()}
    stack = _stack(folder, **texts)
    read_routes(("traefik",), stack)
    return configuration.merge_labels(configuration.Config(root=folder), stack)


def _read_rule(data: bytes, _: Path) -> object:
    return parse_rule(data.decode(errors="replace"), where="x")


# Private, stacktest's own files


def _own_readers() -> Iterator[Reader]:
    toml = _texts("fixtures/stacks/*/stacktest.toml") + seeds.STACKTEST
    yield Reader(name="stacktest.toml", read=_read_toml, seeds=toml, share=3)
    yield Reader(
        name="pyproject.toml",
        read=_read_pyproject,
        seeds=[*_texts("pyproject.toml"), seeds.PYPROJECT],
    )
    records = _records()
    for name in ("last_pass.json", "last_run.json", "history.jsonl"):
        yield Reader(name=name, read=_reads_record(name), seeds=records[name], form="json", share=2)
    yield Reader(
        name="status.json", read=_read_status, seeds=records["status.json"], form="json", share=2
    )
    yield Reader(
        name="status.meta.json",
        read=_read_meta,
        seeds=records["status.meta.json"],
        form="json",
        share=2,
    )
    yield Reader(
        name="timeline.json", read=_read_timeline, seeds=records["timeline.json"], form="json"
    )
    yield Reader(name="local state", read=_read_local, seeds=records["local"], form="json")


def _records() -> dict[str, list[bytes]]:
    from stacktest.core.records.history_form import compact
    from tests.support.board import build_board

    board = build_board(runs=4)
    assert board.timeline is not None
    last_runs = {name: record.to_dict() for name, record in list(board.runs.items())[:2]}
    documents: dict[str, list[Any]] = {
        "last_pass.json": [record.to_dict() for record in list(board.passes.values())[:4]],
        "last_run.json": [record.to_dict() for record in list(board.runs.values())[:4]],
        "history.jsonl": [
            *(line.to_dict() for line in board.histories["caddy"]),
            *(compact(line, ()) for line in board.histories["caddy"]),
        ],
        "status.json": [{name: entry.to_dict() for name, entry in list(board.status.items())[:3]}],
        "status.meta.json": [board.meta.to_dict()],
        "timeline.json": [board.timeline.to_dict()],
        "local": [
            last_runs,
            {"pid": 1, "command": "pytest", "since": "2026-11-20"},
            {"detail": {"config": {"a": "b"}}},
            {"proxies": {"default": {"httpProxy": "http://p:3128"}}, "currentContext": "x"},
        ],
    }
    return {
        name: [json.dumps(item).encode() for item in items] for name, items in documents.items()
    }


def _read_toml(data: bytes, folder: Path) -> object:
    _placed(b"a.stack.local {\n\treverse_proxy app:8000\n}\n", folder / "Caddyfile")
    _placed(b"", folder / "configs/caddy/Caddyfile")
    _placed(data, folder / "stacktest.toml")
    settings = configuration.load(folder)
    locate_suites(folder, settings.stack.suites)
    for section in settings.services.values():
        if section.ready:
            parse_rule(section.ready, where="x")
    stack = _stack(folder)
    try:
        configuration.without_unknown_names(settings, stack)
    except UsageError:
        return read_routes(settings.stack.routes, stack, hosts=settings.stack.hosts)
    return None


def _read_pyproject(data: bytes, folder: Path) -> object:
    _placed(data, folder / "pyproject.toml")
    found = configuration.find_stack(option="", environ={}, folder=folder)
    return configuration.load(folder) if found else None


def _reads_record(name: str) -> Callable[[bytes, Path], object]:
    def read(data: bytes, folder: Path) -> object:
        _placed(data, folder / "data/tests/caddy" / name)
        ledger = _ledger(folder)
        evidence = ledger.read("caddy")
        return evidence, ledger.history("caddy"), ledger._next_seq(["caddy"], {})

    return read


def _ledger(folder: Path) -> Ledger:
    return Ledger(folder, records="data/tests", status="docs/_data/status.json", tracked=frozenset)


def _read_status(data: bytes, folder: Path) -> object:
    _placed(data, folder / "docs/_data/status.json")
    return _ledger(folder).read_status()


def _read_meta(data: bytes, folder: Path) -> object:
    _placed(data, folder / "docs/_data/status.meta.json")
    return _ledger(folder).read_meta()


def _read_timeline(data: bytes, folder: Path) -> object:
    _placed(data, folder / ".stacktest/timeline.json")
    return read_timeline(folder)


def _read_local(data: bytes, folder: Path) -> object:
    for name in (
        "last_runs.json",
        "origins.json",
        "run.holder.json",
        "key",
        f"detail/x/{'0' * 16}.json",
        "config.json",
    ):
        _placed(data, folder / ".stacktest" / name)
    client_settings.client_variables("unix:///x", {"DOCKER_CONFIG": str(folder / ".stacktest")})
    return (
        read_local_runs(folder), origins.load_origins(folder), run_lock.read_holder(folder),
        signing_key.read_key(folder), part_names.load_detail(folder, "x", "0" * 16),
    )  # fmt: skip


# Private, everything else


def _other_readers() -> Iterator[Reader]:
    pages = _texts("fixtures/stacks/*/docs/spokes/*.md")
    yield Reader(name="docs pages", read=_read_page, seeds=pages)
    tests = _texts("suites/phase*/test_*.py") + seeds.TESTS
    yield Reader(name="test files", read=_read_suite, seeds=tests, share=2)
    yield Reader(name="pytest.ini", read=_read_ini, seeds=seeds.INI)
    yield Reader(name="CA files", read=_read_ca, seeds=_authorities())
    yield Reader(name="git log", read=_read_log, seeds=seeds.GIT)
    data = REPOSITORY / "tests/adapters/data"
    inspected = [path.read_bytes() for path in sorted(data.glob("engine-inspect-*.json"))]
    yield Reader(
        name="container of engine", read=_read_container, seeds=inspected, form="json", share=2
    )
    listed = [(data / "engine-containers.json").read_bytes()]
    yield Reader(name="list of engine", read=_read_list, seeds=listed, form="json")


def _read_page(data: bytes, _: Path) -> object:
    text = data.decode("utf-8", "replace")
    facts = PageFacts(text=text, templates=("# {service}\n",), updated=NOW, follows_change=True)
    page = judge_page(facts, fingerprint="a" * 16, repo_fingerprint="b" * 16)
    assert "a" * 16 in acknowledge(text, "a" * 16)
    return page


def _read_suite(data: bytes, folder: Path) -> object:
    _placed(b"", folder / "stacktest.toml")
    path = _placed(data, folder / "suites/test_x.py")
    suites = locate_suites(folder, ())
    parts = CodeGraph(suites, modules={}, search=()).files(path)
    return SuiteCode(folder).digest(parts), named_services(path), sites_at(path, 1)


def _read_ini(data: bytes, folder: Path) -> object:
    _placed(data, folder / "pytest.ini")
    return read_settings(folder)


def _read_ca(data: bytes, folder: Path) -> object:
    path = _placed(data, folder / "ca.crt")
    ca.check_ca(path, now=NOW)
    ca.pem_certificates(path)
    return ca.client_context(path), ca.wide_context(path)


def _authorities() -> list[bytes]:
    import trustme

    first, second = trustme.CA(), trustme.CA()
    pem = [authority.cert_pem.bytes() for authority in (first, second)]
    return [*pem, b"".join(pem), b"# root\n" + pem[0].replace(b"\n", b"\r\n")]


def _read_log(data: bytes, _: Path) -> object:
    return repository.read_commits(os.fsdecode(data))


def _read_container(data: bytes, folder: Path) -> object:
    document = _document(data)
    engine.understood(engine.inspected_container, document, "x")
    service = Service(name="web", image="x", definition=seeds.DEFINITION)
    stack = Stack(name="demo", root=folder, services={"web": service})
    return differences(
        Created(service=service, stack=stack, inspect=document, image={"Config": {}})
    )


def _read_list(data: bytes, _: Path) -> object:
    return [engine.understood(engine.listed_container, row, "x") for row in _document(data)]
