"""What files, variables and people declare to be secret is known, wherever it is declared."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stacktest.adapters.secret_sources import declared_secrets
from stacktest.config import Config, Person
from stacktest.config.sections import BrowserSection
from stacktest.core.model import Mount, Service, Stack
from stacktest.core.redaction import redact
from stacktest.core.secrets import secrets_of


def declared(
    root: Path, *mounts: Mount, environ: dict[str, str] | None = None, **parts: Any
) -> frozenset[str]:
    browser = BrowserSection(endpoint=parts.pop("endpoint", ""))
    config = Config(root=root, people=parts.pop("people", {}), browser=browser)
    stack = Stack(
        name="demo",
        root=root,
        services={"app": Service(name="app", mounts=mounts)},
        definitions=parts,
    )
    environ = environ or {}
    project: Any = SimpleNamespace(environ=environ, value=environ.get)
    return declared_secrets(stack, config, project)


@pytest.mark.case("hard/A2-compose-secrets-in-evidence")
def test_secrets_by_file_by_variable_and_inline(tmp_path: Path) -> None:
    (tmp_path / "s.txt").write_text("by-File-31337\n")
    values = declared(
        tmp_path,
        secrets={
            "a": {"file": str(tmp_path / "s.txt")},
            "b": {"environment": "B"},
            "c": {"content": "by-Content-31337"},
            "d": {"external": True},
            "e": {"file": str(tmp_path / "absent")},
        },
        environ={"B": "by-Variable-31337"},
    )
    assert values == {"by-File-31337", "by-Variable-31337", "by-Content-31337"}


def test_a_secret_in_several_lines_is_known_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("user: app\npassword: in-Line-2\n")
    values = declared(tmp_path, secrets={"a": {"file": str(tmp_path / "s")}})
    assert {"password: in-Line-2", "in-Line-2"} <= values


def test_configs_and_mounted_settings(tmp_path: Path) -> None:
    (tmp_path / "app.ini").write_text("password = mounted-Secret-1\ncolour = blue\n")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf/redis.conf").write_text("requirepass folder-Secret-1\n")
    (tmp_path / "pin").write_text("4711\n")
    values = declared(
        tmp_path,
        Mount(kind="bind", source=str(tmp_path / "app.ini"), target="/etc/app.ini"),
        Mount(kind="bind", source=str(tmp_path / "conf"), target="/etc/redis"),
        Mount(kind="bind", source=str(tmp_path / "pin"), target="/run/secrets/pin"),
        configs={"c": {"content": "api_key: inline-Secret-1"}},
    )
    assert values == {"mounted-Secret-1", "folder-Secret-1", "inline-Secret-1", "4711"}


def test_people_and_variables(tmp_path: Path) -> None:
    (tmp_path / "pw").write_text("from-File-1\n")
    values = declared(
        tmp_path,
        people={
            "admin": Person(user="a", password_file="pw"),
            "viewer": Person(user="v", password_env="VIEWER"),
        },
        environ={
            "VIEWER": "from-Variable-1",
            "STACKTEST_GUEST_PASSWORD": "of-Guest-1",
            "STACKTEST_KEY": "ab" * 32,
        },
    )
    assert values == {"from-File-1", "from-Variable-1", "of-Guest-1", "ab" * 32}


@pytest.mark.parametrize(
    ("address", "secret"),
    [("ws://b:3000/in-Path-31337", "in-Path-31337"), ("b:x/in-Path-31337", "b:x/in-Path-31337")],
)
def test_the_token_of_a_browser_server(tmp_path: Path, address: str, secret: str) -> None:
    assert declared(tmp_path, endpoint=address) == {secret, address}


def test_what_cannot_be_read_or_is_large_costs_nothing(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"password=too-Large-1\n" + b"x" * 100_000)
    (tmp_path / "raw").write_bytes(b"password=of-Binary-1\0")
    mounts = [
        Mount(kind="bind", source=str(tmp_path / name), target=f"/{name}")
        for name in ("big", "raw", "absent")
    ]
    assert declared(tmp_path, *mounts) == frozenset()


def test_what_is_declared_is_secret_however_simple_it_is() -> None:
    stack = Stack(
        name="demo",
        root=Path("demo"),
        services={"app": Service(name="app")},
        secrets=frozenset({"4711", "hunter", "app", "true", "/run/x", "1"}),
    )
    assert secrets_of(stack) == {"4711", "hunter"}
    assert redact("4711 47110 hunters hunter", secrets_of(stack)) == (
        "[redacted] 47110 hunters [redacted]"
    )


def test_what_stacktest_keeps_itself_is_no_setting_of_a_service(tmp_path: Path) -> None:
    (tmp_path / ".stacktest/detail").mkdir(parents=True)
    (tmp_path / ".stacktest/detail/a.json").write_text('{"DB_PASSWORD": "02b541c0c91f61c4"}')
    mount = Mount(kind="bind", source=str(tmp_path / ".stacktest"), target="/s")
    assert declared(tmp_path, mount) == frozenset()
