"""Reads declared secrets that are not in the compose model itself.

    secrets:            the content of `file`, the value of `environment`
    mounts              files below /run/secrets; of other files, settings with names of secrets
    [people.ROLE]       the password, from its file or variable
    [browser]           the token in the endpoint's address
    the environment     STACKTEST_KEY, STACKTEST_ROLE_PASSWORD, addresses and tokens of channels

No function here raises for an unreadable file: its secrets cannot be shown either, and the code
that needs the file reports the error.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from stacktest.adapters.compose.files import ProjectFiles
from stacktest.adapters.ledger.state_dir import FOLDER
from stacktest.adapters.plain_files import read_plain
from stacktest.config import Config
from stacktest.core.browser_endpoint import read_endpoint
from stacktest.core.model import Stack
from stacktest.core.secrets import settings_secrets
from stacktest.errors import UsageError

LARGEST = 64 * 1024
"""Largest size in bytes of a file that is read; a larger file is data, not settings."""
MOST_LINES = 64
MOST_FILES = 200
"""Largest number of files that are read in a mounted folder."""


def declared_secrets(stack: Stack, config: Config, project: ProjectFiles) -> frozenset[str]:
    """Every value that people, files and variables of this stack declare to be secret."""
    values = {
        *_of_secrets(stack, project),
        *_of_mounts(stack),
        *_of_people(config, project),
        *_of_browsers(config.browser.endpoint),
        *_of_environment(config, project.environ),
    }
    return frozenset(value for value in values if value)


# Private


def _of_browsers(address: str) -> frozenset[str]:
    """Tokens in the address of a browser server; the whole text if it is not a valid address."""
    try:
        return read_endpoint(address).secrets if address else frozenset()
    except UsageError:
        return frozenset({address})


def _of_secrets(stack: Stack, project: ProjectFiles) -> Iterator[str]:
    for definition in (stack.definitions.get("secrets") or {}).values():
        if not isinstance(definition, Mapping):
            continue
        if path := definition.get("file"):
            yield from _parts(_read(Path(str(path))))
        if name := definition.get("environment"):
            yield from _parts(project.value(str(name)) or "")
        if content := definition.get("content"):
            yield from _parts(str(content))
    for definition in (stack.definitions.get("configs") or {}).values():
        if not isinstance(definition, Mapping):
            continue
        if path := definition.get("file"):
            yield from settings_secrets(_read(Path(str(path))))
        if name := definition.get("environment"):
            yield from settings_secrets(project.value(str(name)) or "")
        yield from settings_secrets(str(definition.get("content") or ""))


def _of_mounts(stack: Stack) -> Iterator[str]:
    sources: dict[str, bool] = {}
    for service in stack.services.values():
        for mount in service.mounts:
            if mount.kind == "bind" and mount.source and FOLDER not in Path(mount.source).parts:
                is_secret = mount.target.startswith("/run/secrets")
                sources[mount.source] = sources.get(mount.source, False) or is_secret
    for source, is_secret in sorted(sources.items()):
        for path in _files(Path(source), stack.root):
            text = _read(path)
            yield from _parts(text) if is_secret else settings_secrets(text)


def _files(path: Path, root: Path) -> Iterator[Path]:
    """The file, or the first files of a folder of the project: a volume of data is not searched."""
    if not path.is_dir():
        yield path
        return
    if not path.is_relative_to(root) or path == root:
        return
    count = 0
    for folder, names, files in os.walk(path):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            yield Path(folder, name)
            count += 1
            if count >= MOST_FILES:
                return


def _of_people(config: Config, project: ProjectFiles) -> Iterator[str]:
    for person in config.people.values():
        if person.password_file:
            yield from _parts(_read(config.root / person.password_file))
        if person.password_env:
            yield project.value(person.password_env) or ""


def _of_environment(config: Config, environ: Mapping[str, str]) -> Iterator[str]:
    yield environ.get("STACKTEST_KEY", "")
    for name, value in environ.items():
        if name.startswith("STACKTEST_") and name.endswith("_PASSWORD"):
            yield value
    for channel in config.notify:
        for name in (channel.url_env, channel.token_env):
            yield environ.get(name, "").strip() if name else ""


def _parts(text: str) -> Iterator[str]:
    """A secret as a whole, each of its lines, and the values of settings in it."""
    whole = text.strip("\r\n")
    lines = whole.splitlines()
    if len(lines) <= MOST_LINES:
        yield whole
        yield from (line.strip() for line in lines if not line.startswith("-----"))
    yield from settings_secrets(text)


def _read(path: Path) -> str:
    """The text of a small file; empty if it is not a readable text file."""
    try:
        content = read_plain(path, most=LARGEST)
    except OSError:
        return ""
    return "" if b"\0" in content else content.decode("utf-8", "replace")
