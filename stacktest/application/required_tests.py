"""Collects the tests that every service requires by a second pytest, in the background.

A run with paths, `--ignore`, `--lf` or node ids does not have the whole collection, and the command
`stacktest` has none: then a second pytest process collects the suites by their own configuration
file, and `read` waits for it. It never runs a test.
"""

import itertools
import json
import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from msgspec import convert, to_builtins

from stacktest.adapters.atomic_write import write_atomically
from stacktest.adapters.ledger.kept_inventory import Inputs, KeptInventories
from stacktest.adapters.process import Completed
from stacktest.adapters.suites import Suites
from stacktest.adapters.temporary import make_folder, remove_folder
from stacktest.core.broken_files import NONE_COLLECTED, BrokenFile
from stacktest.core.collected_test import Collection

DROPPED = (
    *("-n", "--numprocesses", "--dist", "--tx", "--maxprocesses", "-x", "--exitfirst", "--maxfail"),
    *("-k", "-m", "--deselect", "--lf", "--last-failed", "--ff", "--failed-first", "--nf"),
    *("--new-first", "--sw", "--stepwise", "--sw-skip", "--stepwise-skip", "--stale", "--stack"),
    *("--stack-up", "--stack-keep", "--stack-dry-run", "--cov", "--cov-report", "--cov-config"),
    *("--junitxml", "--junit-xml", "--html", "--self-contained-html", "--alluredir"),
    *("--clean-alluredir", "--report-log", "--json-report", "--ctrf", "--reruns", "--retries"),
)
"""Options of a configuration file that only a run needs, or that would overwrite its report."""
WITH_VALUE = frozenset(
    {
        *("-n", "--numprocesses", "--dist", "--tx", "--maxprocesses", "--maxfail", "-k", "-m"),
        *("--deselect", "--stack", "--stack-up", "--junitxml", "--junit-xml", "--html"),
        *("--alluredir", "--report-log", "--ctrf", "--reruns", "--retries"),
        *("--cov-report", "--cov-config"),
    }
)
COLLECTING = frozenset({"-p", "--import-mode", "--ignore", "--ignore-glob", "--confcutdir"})
"""Options with a value that change the collection: only these are kept if pytest refuses one."""
USAGE_ERROR = 4
INPUTS = "inputs.json"


class BackgroundInventory:
    """A second pytest that collects the suites while the first one runs its tests.

    It is not started if the stored inventory of an earlier one is still valid.
    """

    def __init__(self, suites: Suites, *, stack: str = "") -> None:
        from concurrent.futures import ThreadPoolExecutor

        self._suites = suites
        self._stack = stack
        self._folder = make_folder("inventory")
        self._file = self._folder / "inventory.json"
        self._began = self._folder.stat().st_mtime_ns
        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="stacktest-inventory")
        self._result = pool.submit(self._collect)
        pool.shutdown(wait=False)

    def read(self) -> Collection:
        """The tests and the errors of the whole collection; waits for its end."""
        try:
            return self._result.result()
        finally:
            remove_folder(self._folder)

    # Private

    def _collect(self) -> Collection:
        """Collect with the configuration file's options, else only with those for collecting."""
        folders = [folder for folder in self._suites.folders if folder.is_dir()]
        if self._suites.folders and not folders:
            return Collection()
        addopts = self._suites.settings.addopts
        command = self._command(tuple(_without_run_options(addopts)), folders)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        question = [*command, repr(self._suites)]
        kept = KeptInventories(Path(self._stack), question, environment) if self._stack else None
        if kept and (collection := kept.read()):
            return collection
        result = self._run(command, environment)
        if result.code == USAGE_ERROR and not self._file.is_file():
            kept = None
            command = self._command(tuple(_collecting_options(addopts)), folders)
            result = self._run(command, environment)
        try:
            collection, inputs = read_collected(self._file), _read_inputs(self._file)
        except (OSError, ValueError):
            why = f"{NONE_COLLECTED}: {_complaint(result)}"
            return Collection(errors=(BrokenFile(why=why),))
        if kept and inputs and not collection.errors:
            kept.write(collection, inputs, self._began)
        return collection

    def _command(self, addopts: tuple[str, ...], folders: Iterable[Path]) -> list[str]:
        argv = [
            *python_of_pytest(),
            # A look leaves no file in the suites; what runs of the tests compiled is read.
            "-B",
            "-m",
            "pytest",
            "--collect-only",
            "-q",
            "-p",
            "no:cacheprovider",
        ]
        argv += ["-m", "", "-k", "", "-o", f"addopts={shlex.join(addopts)}"]
        file = self._suites.settings.file
        argv += ["-c", str(file)] if file else [f"--rootdir={self._suites.base}"]
        argv += [f"--stack={self._stack}"] if self._stack else []
        return [*argv, *map(str, folders)]

    def _run(self, command: list[str], environment: Mapping[str, str]) -> Completed:
        from stacktest.adapters.process import run

        argv = [*command, f"--stack-inventory={self._file}"]
        return run(argv, cwd=self._suites.base, env=environment)


def write_collected(file: Path, collection: Collection) -> None:
    """Write a collection for another process, whole or not at all."""
    write_atomically(file, json.dumps(to_builtins(collection)))


def read_collected(file: Path) -> Collection:
    """The collection that `write_collected` wrote."""
    return convert(json.loads(file.read_text(encoding="utf-8")), Collection)


def write_inputs(file: Path, inputs: Inputs | str) -> None:
    """Write beside the inventory its inputs, or why they cannot be listed."""
    write_atomically(file.with_name(INPUTS), json.dumps(to_builtins(inputs)))


def python_of_pytest() -> list[str]:
    """The interpreter, with the working folder on its path only if this process has it there.

    `python -m pytest` puts the folder there; neither `pytest` nor `stacktest` does: a `secrets.py`
    in it must not replace the standard library's module.
    """
    is_module = ("-m", "pytest") in itertools.pairwise(sys.orig_argv)
    return [sys.executable] if is_module and not sys.flags.safe_path else [sys.executable, "-P"]


# Private

_PLACE = re.compile(r"^([^/\s]\S*\.py:\d+): in ", re.MULTILINE)
_SYNTAX = re.compile(r"^E\s+File \"(?:.*/)?([^/\"]+)\", line (\d+)", re.MULTILINE)
_ERROR = re.compile(r"^E\s+([A-Z]\w+)(?=:|$)", re.MULTILINE)
"""The type of an error; its message may hold any text, and goes into records."""


def _read_inputs(file: Path) -> Inputs | None:
    """The inputs that `write_inputs` wrote; None if it wrote a reason."""
    document = json.loads(file.with_name(INPUTS).read_text(encoding="utf-8"))
    return None if isinstance(document, str) else convert(document, Inputs)


def _complaint(result: Completed) -> str:
    """Pytest's line with the usage error, else the last lines of its output, else its code."""
    text = f"{result.err}\n{result.out}"
    places, errors = _PLACE.findall(text), _ERROR.findall(text)
    places += [":".join(place) for place in _SYNTAX.findall(text)]
    if "while loading conftest" in text and places and errors:
        return f"{places[-1]}: {errors[-1]}"
    lines = [line for line in text.splitlines() if "error:" in line]
    silent = f"pytest ended with code {result.code} and wrote nothing"
    return lines[0].strip() if lines else result.tail or silent


def _without_run_options(words: tuple[str, ...]) -> Iterator[str]:
    skip = False
    for word in words:
        name, has_value, _ = word.partition("=")
        is_short = word[:2] in DROPPED and not word.startswith("--")
        if skip:
            skip = False
        elif name in DROPPED or is_short:
            skip = not has_value and word in WITH_VALUE
        else:
            yield word


def _collecting_options(words: tuple[str, ...]) -> Iterator[str]:
    for word, following in zip(words, (*words[1:], ""), strict=False):
        name, has_value, _ = word.partition("=")
        if name in COLLECTING and has_value:
            yield word
        elif name in COLLECTING:
            yield from (word, following)
        elif word.startswith("-p") and not word.startswith("--"):
            yield word
