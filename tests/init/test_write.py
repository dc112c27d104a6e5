"""What is written, what is left alone, and what happens where nothing can be written."""

import os
from pathlib import Path

import pytest
import trustme

from stacktest import config
from stacktest.adapters.atomic_write import create_file
from stacktest.adapters.ledger.init_files import InitFiles
from stacktest.adapters.routes import read_routes
from stacktest.core.model import Mount, Port, Service, Stack
from stacktest.core.route import Route
from stacktest.errors import UsageError
from stacktest.init import initialise
from stacktest.init.look.look import Look


def stack(root: Path, *services: Service) -> Stack:
    return Stack(name="d", root=root, services={service.name: service for service in services})


REDIS = Service(name="cache", image="redis:7")


def no_routes(_sources: tuple[str, ...], _stack: Stack) -> tuple[Route, ...]:
    return ()


@pytest.mark.case("compose/suites-is-a-file")
def test_a_file_where_a_folder_has_to_be_is_an_error_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / "suites").write_text("a list of suites")
    with pytest.raises(UsageError) as caught:
        initialise(stack(tmp_path, REDIS), no_routes, create=create_file)
    assert (
        caught.value.what == "cannot write suites/phase0_stores/test_cache.py: suites: it is a file"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["suites"]


@pytest.mark.case("compose/suites-is-a-file")
@pytest.mark.parametrize("name", ["stacktest.toml", "suites/phase0_stores/test_cache.py"])
def test_a_folder_where_a_file_has_to_be_is_an_error_and_nothing_is_left(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).mkdir(parents=True)
    with pytest.raises(UsageError, match=f"cannot write {name}: it is a folder"):
        initialise(stack(tmp_path, REDIS), no_routes, create=create_file)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.case("compose/unwritable")
def test_a_folder_that_may_not_be_written_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "suites").mkdir()
    allowed = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path).name != "suites" and allowed(path, mode)
    )
    with pytest.raises(UsageError, match="permission denied"):
        initialise(stack(tmp_path, REDIS), no_routes, create=create_file)
    assert not (tmp_path / "stacktest.toml").exists()


def test_what_fails_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    def full(path: Path, text: str) -> None:
        if path.name == "test_cache.py":
            raise OSError(28, "No space left on device")
        create_file(path, text)

    with pytest.raises(UsageError, match="No space left on device"):
        initialise(stack(tmp_path, REDIS), no_routes, create=full)
    assert list(tmp_path.iterdir()) == []


def test_without_a_test_pytest_is_not_the_next_step(tmp_path: Path) -> None:
    result = initialise(
        stack(tmp_path, Service(name="worker", image="own/worker")), no_routes, create=create_file
    )
    assert result.lines()[-1] == "next: write a first test below suites/, then: pytest"


@pytest.mark.case("compose/own-testpaths")
def test_suites_that_testpaths_leave_out_are_named_in_the_next_command(tmp_path: Path) -> None:
    result = initialise(
        stack(tmp_path, REDIS), no_routes, create=create_file, left_out_by="tox.ini"
    )
    note, blank, step = result.lines()[-3:]
    assert (blank, step) == ("", "next: pytest suites")
    assert note == (
        "note: `testpaths` in tox.ini leaves out suites, so a plain pytest does not run them; "
        "add suites there"
    )


@pytest.mark.case("compose/own-brokentest")
def test_beside_tests_of_the_project_the_next_command_names_the_suites(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("import gone")
    result = initialise(stack(tmp_path, REDIS), no_routes, create=create_file)
    assert result.lines()[-1] == "next: pytest suites"


@pytest.mark.case("field/b11", "compose/include-plain", "compose/extends-file")
def test_what_compose_finds_by_itself_is_not_named(tmp_path: Path) -> None:
    initialise(stack(tmp_path, REDIS), no_routes, create=create_file)
    assert config.load(tmp_path).stack.compose == ()


@pytest.mark.case("field/c23")
def test_what_was_named_for_this_command_is_named_for_the_next(tmp_path: Path) -> None:
    section = config.StackSection(compose=("docker-compose.prod.yml",), env_files=("prod.env",))
    initialise(stack(tmp_path, REDIS), no_routes, section=section, create=create_file)
    loaded = config.load(tmp_path).stack
    assert (loaded.compose, loaded.env_files) == (("docker-compose.prod.yml",), ("prod.env",))


def caddy(root: Path) -> Service:
    (root / "Caddyfile").write_text("")
    (root / "certs").mkdir()
    (root / "certs/ca.crt").write_bytes(trustme.CA().cert_pem.bytes())
    mount = Mount(kind="bind", source=str(root / "Caddyfile"), target="/etc/caddy/Caddyfile")
    ports = (Port(target=443, published=443),)
    return Service(name="caddy", image="caddy:2", ports=ports, mounts=(mount,))


@pytest.mark.case("field/b11")
@pytest.mark.parametrize("hidden", ["certs/ca.crt", "Caddyfile"])
def test_a_file_that_git_ignores_is_not_named(tmp_path: Path, hidden: str) -> None:
    model = stack(tmp_path, caddy(tmp_path))
    result = initialise(
        model, no_routes, ignored=lambda names: frozenset({hidden}) & set(names), create=create_file
    )
    loaded = config.load(tmp_path).stack
    assert hidden not in (loaded.ca, *loaded.routes)
    variable = "STACKTEST_CA" if "ca" in hidden.rpartition(".")[0] else "STACKTEST_ROUTES"
    assert any(f"export {variable}={hidden}" in what for what in result.proposal.unknown)


def test_a_source_that_cannot_be_read_costs_its_own_names_only(tmp_path: Path) -> None:
    def read(sources: tuple[str, ...], _stack: Stack) -> tuple[Route, ...]:
        if "Caddyfile" in sources:
            raise UsageError("unexpected end of file", where="Caddyfile:12")
        return ()

    label = {"traefik.http.routers.a.rule": "Host(`a.b.c`)"}
    labelled = Service(name="a", image="x", labels=label)
    result = initialise(stack(tmp_path, caddy(tmp_path), labelled), read, create=create_file)
    assert config.load(tmp_path).stack.routes == ("traefik",)
    assert "unexpected end of file (Caddyfile:12)" in result.proposal.unknown


@pytest.mark.parametrize(
    ("names", "hidden", "routes"),
    [
        (("a", "b"), "", ("conf.d/*.conf",)),
        (("a",), "", ("conf.d/*.conf",)),
        (("a", "b"), "conf.d/b.conf", ("conf.d/a.conf",)),
    ],
)
def test_a_folder_of_nginx_is_named_as_a_whole_so_that_files_added_later_count(
    tmp_path: Path, names: tuple[str, ...], hidden: str, routes: tuple[str, ...]
) -> None:
    (tmp_path / "conf.d").mkdir()
    for name in names:
        site = f"server {{ listen 80; server_name {name}.d.lan; location / {{ proxy_pass http://cache; }} }}"
        (tmp_path / f"conf.d/{name}.conf").write_text(site)
    folder = Mount(kind="bind", source=str(tmp_path / "conf.d"), target="/etc/nginx/conf.d")
    door = Service(
        name="door", image="nginx:1", ports=(Port(target=80, published=80),), mounts=(folder,)
    )
    initialise(
        stack(tmp_path, door, REDIS),
        read_routes,
        create=create_file,
        ignored=lambda _names: frozenset({hidden} - {""}),
    )
    assert config.load(tmp_path).stack.routes == routes


def test_the_sites_of_swag_have_names_of_the_domain_that_it_is_given(tmp_path: Path) -> None:
    site = (
        "server { listen 443 ssl; server_name notes.*; location / { proxy_pass http://notes:80; } }"
    )
    (tmp_path / "swag/nginx/proxy-confs").mkdir(parents=True)
    (tmp_path / "swag/nginx/proxy-confs/notes.subdomain.conf").write_text(site)
    swag = Service(
        name="swag",
        image="lscr.io/linuxserver/swag:latest",
        ports=(Port(target=443, published=443),),
        mounts=(Mount(kind="bind", source=str(tmp_path / "swag"), target="/config"),),
        environment={"URL": "Home.test"},
    )
    notes = Service(name="notes", image="notes")
    initialise(stack(tmp_path, swag, notes), read_routes, create=create_file)
    assert config.load(tmp_path).stack.domain == "home.test"
    (suite,) = tmp_path.glob("suites/*/test_notes.py")
    assert '"notes.home.test"' in suite.read_text()


@pytest.mark.parametrize(
    ("look", "notes", "renewed"),
    [
        (None, (), ()),
        (Look(), ("cache did not become ready",), ()),
        (Look(), (), ("stacktest.toml",)),
    ],
    ids=["the stack does not run", "a part of it does not run", "all of it was looked at"],
)
def test_only_a_look_at_the_whole_stack_writes_a_file_again(
    tmp_path: Path, look: Look | None, notes: tuple[str, ...], renewed: tuple[str, ...]
) -> None:
    files, model = InitFiles(tmp_path), stack(tmp_path, REDIS)
    initialise(model, no_routes, create=files.create)
    file = tmp_path / "stacktest.toml"
    file.unlink()
    files.create(file, "weaker")
    result = initialise(
        model,
        no_routes,
        create=files.create,
        renew=files.renew,
        take_look=lambda _draft: (look, notes),
    )
    assert result.renewed == renewed
    assert (file.read_text() == "weaker") is not bool(renewed)
    assert ("stacktest.toml" in result.existing) is not bool(renewed)
