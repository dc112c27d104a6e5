"""Records a person's actions on a service's page, and writes a suite of them.

The window is that of Playwright's recorder; it resolves the stack's names and trusts its CA as
the browsers of tests do.
"""

import os
import re
import shlex
import socket
from collections.abc import Iterator, Mapping
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

from stacktest.adapters.atomic_write import create_file
from stacktest.adapters.suites import Suites
from stacktest.config import Config
from stacktest.core.model import Stack
from stacktest.core.routing import HTTP, HTTPS, origin
from stacktest.core.secrets import secrets_of
from stacktest.errors import ToolMissingError, UsageError
from stacktest.init.file_names import find_test_files
from stacktest.init.recorded_suite import RecordedSuite, TypedPerson, recorded_suite
from stacktest.init.render import word

if TYPE_CHECKING:
    from stacktest.adapters.names import ConnectProxy, NameMap


class RecordedStack(Protocol):
    """The parts of a stack that a recording needs; `bootstrap.context` has them."""

    @property
    def root(self) -> Path:
        """The stack's folder."""

    @property
    def stack(self) -> Stack:
        """The compose model with its routes."""

    @property
    def config(self) -> Config:
        """The configuration."""

    @property
    def suites(self) -> Suites:
        """The folders of the stack's tests."""

    @property
    def readable_ca(self) -> Path | None:
        """The private CA's certificate."""

    @property
    def names(self) -> "NameMap":
        """The addresses of host names."""


class WrittenRecording(Struct, frozen=True, kw_only=True):
    """The file of a recording, and the suite in it with its notes for a person."""

    file: Path
    suite: RecordedSuite


def record_service(
    project: RecordedStack, service: str, *, path: str = "/", output: Path | None = None
) -> WrittenRecording:
    """Open the service's page, wait for the person, and write the suite; no file is replaced."""
    from stacktest.adapters.browser.recorder import has_window_system

    site = _site(project, service)
    if output is not None and output.exists():
        raise UsageError(f"{output} exists", where="--output", hint="name another file")
    if not has_window_system(os.environ):
        raise ToolMissingError(
            "no window can be opened here: neither DISPLAY nor WAYLAND_DISPLAY is set",
            where="record",
            hint=f"from a machine with a screen: {_from_elsewhere(project.root, service)}",
        )
    code = _recorded(project, f"{site}/{path.lstrip('/')}")
    suite = recorded_suite(
        code,
        service=service,
        site=site,
        people=tuple(_people(project)),
        secrets=secrets_of(project.stack),
    )
    return WrittenRecording(file=_write(project, service, suite.text, output), suite=suite)


# Private


def _site(project: RecordedStack, service: str) -> str:
    """The URL of the service; a UsageError if its host name cannot be reached now."""
    hosts = [route.host for route in project.stack.named_routes_of(service)]
    if not hosts:
        raise UsageError(
            f"service '{service}' has no host name that a browser could open",
            where="record",
            hint="stacktest names lists the services that have one",
        )
    names = project.names
    site = origin(names.doors, hosts[0], project.stack.routes, service)
    parts = urlsplit(site)
    port = parts.port or (HTTPS if parts.scheme == "https" else HTTP)
    address = names.resolve(hosts[0], port)
    if not isinstance(address, tuple):
        raise UsageError(
            f"{hosts[0]} leads nowhere now: {address.why}",
            where="record",
            hint=f"stacktest up {service}",
        )
    return site


def _from_elsewhere(root: Path, service: str) -> str:
    command = f"cd {shlex.quote(str(root))} && {shlex.quote(_own_command())} record {service}"
    return f"ssh -X {socket.gethostname()} {shlex.quote(command)}"


def _own_command() -> str:
    import sys

    beside = Path(sys.executable).with_name("stacktest")
    return str(beside) if beside.exists() else "stacktest"


def _recorded(project: RecordedStack, url: str) -> str:
    """The code that the recorder has written when its window is closed."""
    from stacktest.adapters.browser.chromium_trust import browser_home
    from stacktest.adapters.browser.recorder import record
    from stacktest.adapters.names import ConnectProxy
    from stacktest.adapters.temporary import temporary_folder

    program = _browser()
    proxy = ConnectProxy(project.names)
    with temporary_folder("record") as folder:
        output, empty = folder / "recorded.py", folder / "work"
        empty.mkdir()
        home = browser_home(project.readable_ca, folder / "home")
        address = proxy.start()
        try:
            program = _in_quiet_network(program, proxy, address, folder)
            code = record(url, output, program=program, proxy=address, home=home, folder=empty)
        finally:
            proxy.stop()
        if not output.exists():
            raise UsageError(
                f"the recorder ended with code {code} and wrote nothing",
                where="playwright codegen",
                hint="stacktest doctor",
            )
        return output.read_text(encoding="utf-8")


def _browser() -> str:
    from stacktest.adapters.browser.chromium import find_chromium, playwright_build

    program = find_chromium(headless=False, own=playwright_build())
    if program is None:
        raise ToolMissingError(
            "no Chromium that can open a window",
            where="record",
            hint="apt-get install chromium (Debian), or: playwright install chromium",
        )
    return program


def _in_quiet_network(program: str, proxy: "ConnectProxy", address: str, folder: Path) -> str:
    """The browser in its own network: containers that start must not interrupt its loads."""
    from stacktest.adapters.browser.network_namespace import in_own_network
    from stacktest.adapters.browser.recorder import needs_network

    if needs_network(os.environ):
        return program
    proxy.start_on_file(folder / "proxy")
    port = urlsplit(address).port or HTTP
    return in_own_network(program, socket=folder / "proxy", port=port, wrapper=folder / "browser")


def _people(project: RecordedStack) -> Iterator[TypedPerson]:
    """Every role whose password this machine has: configured, or in the environment."""
    from stacktest.adapters.compose.variables import find_secret, read_secret_file

    for role, person in project.config.people.items():
        password = (
            read_secret_file(project.root / person.password_file)
            if person.password_file
            else find_secret(project.stack, person.password_env, project.config.stack.env_files)
        )
        if isinstance(password, str) and password:
            yield TypedPerson(role=role, user=person.user, password=password)
    yield from _people_of(os.environ)


def _people_of(environ: Mapping[str, str]) -> Iterator[TypedPerson]:
    for name, password in environ.items():
        match = re.fullmatch(r"STACKTEST_(\w+)_PASSWORD", name)
        user = environ.get(f"STACKTEST_{match[1]}_USER", "") if match else ""
        if match and user and password:
            yield TypedPerson(role=match[1].lower(), user=user, password=password)


def _write(project: RecordedStack, service: str, text: str, output: Path | None) -> Path:
    """Write the new file: `output`, or the next free name beside the service's suite."""
    for file in [output] if output else _free_files(project.suites, service):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            create_file(file, text)
        except FileExistsError:
            if output:
                raise UsageError(
                    f"{output} exists", where="--output", hint="name another file"
                ) from None
            continue
        return file
    raise AssertionError("there is always another number")


def _free_files(suites: Suites, service: str) -> Iterator[Path]:
    taken = set(find_test_files(suites.base))
    folder = _folder(suites, service)
    plain = f"test_{word(service)}_recorded"
    names = chain([f"{plain}.py"], (f"{plain}_{number}.py" for number in count(2)))
    return (folder / name for name in names if name not in taken)


def _folder(suites: Suites, service: str) -> Path:
    """The folder of an existing suite of the service, else the first folder of suites."""
    marker = re.compile(rf"""\bservice\([^)]*["']{re.escape(service)}["']""")
    for folder in suites.likely or (suites.base,):
        for path in sorted(folder.rglob("test_*.py")):
            if marker.search(path.read_text(encoding="utf-8", errors="replace")):
                return path.parent
    return next(iter(suites.likely), suites.base)
