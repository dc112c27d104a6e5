"""Takes the inventory: every test that names a service, independent of the run's selection.

A run with `-k` or `-m` still has the whole collection before the deselection. With any other
argument that may leave tests out, another folder, another configuration file or a disabled plugin,
it has not, and pytest reports nothing about files that it never collected; then a second pytest
process collects the suites in the background, and the end of the run waits for it.
"""

import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from stacktest.adapters.service_markers import may_name_services, named_services
from stacktest.adapters.suites import Suites
from stacktest.core.broken_files import BrokenFile
from stacktest.core.collected_test import Collected, Collection
from stacktest.core.runs.verdict import HiddenFile
from stacktest.pytest_plugin.broken_files import broken_files, files_below
from stacktest.pytest_plugin.collected_tests import read
from stacktest.pytest_plugin.suites import suites_of
from stacktest.pytest_plugin.uncollected import uncollected

NARROWING = ("ignore", "ignore_glob", "deselect", "lf", "failedfirst", "stepwise", "pyargs")
"""Options with which the collection may lack tests without a message."""
HARMLESS = frozenset(
    {
        *(
            "-q",
            "--quiet",
            "-v",
            "--verbose",
            "-s",
            "--capture",
            "--tb",
            "-r",
            "-l",
            "--showlocals",
        ),
        *("--color", "-k", "-m", "-x", "--exitfirst", "--maxfail", "-n", "--numprocesses"),
        *("--dist", "--durations", "--durations-min", "--junitxml", "--junit-xml", "--alluredir"),
        *("--clean-alluredir", "--html", "--self-contained-html", "--stack", "--stack-up"),
        *("--stack-keep", "--stale", "--stack-dry-run", "--stack-plan-file", "--reruns"),
        *("--no-header", "--no-summary", "--reruns-delay", "--timeout", "--strict-markers"),
        *("--headed", "--video", "--screenshot", "--tracing", "--output", "--cache-clear"),
        *("--basetemp", "--stack-copy", "--stack-copy-data", "--stack-copy-with"),
        *("--stack-copy-without", "--stack-services", "--stack-drill", "--stack-copy-verb"),
        "--stack-shard",
        *("--continue-on-collection-errors", "--max-worker-restart", "--full-trace", "-ra", "-rA"),
    }
)
"""Options with which the collection is still whole; any other option may leave tests out."""
WEAKENING = frozenset(
    {
        *("--noconftest", "--disable-plugin-autoload", "--confcutdir"),
        *("--snapshot-update", "--force-regen", "--regen-all", "--inline-snapshot"),
    }
)
"""Options that disable hooks, or that replace a test's expected value by the current answer."""
SHORT = {"--override-ini": "-o", "--pythonwarnings": "-W"}
REPORTING_PLUGINS = frozenset(
    {
        *(
            "cacheprovider",
            "randomly",
            "random_order",
            "sugar",
            "html",
            "metadata",
            "allure_pytest",
        ),
        *(
            "xdist",
            "cov",
            "pytest_cov",
            "timeout",
            "faulthandler",
            "junitxml",
            "pastebin",
            "logging",
        ),
        *(
            "rerunfailures",
            "terminal",
            "allure-pytest",
            "playwright",
            "doctest",
            "progress",
            "pretty",
        ),
    }
)
"""Plugins that can be disabled without making any test weaker."""
HARMLESS_SETTINGS = ("log_", "console_", "cache_dir", "junit_", "verbosity_", "faulthandler_")
"""Prefixes of settings that change neither the collection nor what a test checks."""


def take(
    config: pytest.Config,
    items: Iterable[pytest.Item],
    reports: Iterable[pytest.CollectReport],
    *,
    is_all: bool | None = None,
) -> Collection:
    """The suites' tests that this process collected; `reports` are those of failures and skips.

    `is_all`: whether these are all tests of their files; None: decide by the run's arguments.
    """
    suites, reports = suites_of(config), tuple(reports)
    items = tuple(items)
    tests = tuple(test for test in read(items, config) if _is_listed(suites, test))
    failed = [r for r in reports if r.failed and _matters(config, suites, tests, r.nodeid)]
    return Collection(
        tests=tests,
        errors=_broken(config, suites, tests, failed),
        hidden=(
            *_hidden(config, suites, items, tests, reports),
            *(_uncollected(suites, items, tests) if is_all or is_whole(config) else ()),
        ),
    )


def deviations(config: pytest.Config) -> tuple[str, ...]:
    """The arguments of this run that make its tests differ from those of the suites."""
    return tuple(dict.fromkeys(_deviations(config)))


def selection_of(config: pytest.Config) -> str:
    """The arguments that may have left tests out, as typed; empty if there are none."""
    shard = config.getoption("--stack-shard")
    words = (selection_before_division(config), f"--stack-shard {shard}" if shard else "")
    return " ".join(filter(None, words))


def selection_before_division(config: pytest.Config) -> str:
    """The same without the shard, which is a part of the tests that these arguments left."""
    options = {"markexpr": "-m", "keyword": "-k"}
    typed = [
        f"{flag} {value!r}" for dest, flag in options.items() if (value := config.getoption(dest))
    ]
    typed += ["--stale"] if config.getoption("--stale") else []
    for flag in ("--stack-services", "--stack-drill", "--stack-copy-without"):
        typed += [f"{flag} {name}" for name in config.getoption(flag)]
    if config.args_source == pytest.Config.ArgsSource.ARGS:
        typed += [str(arg) for arg in config.args]
    typed += [f"--{name.replace('_', '-')}" for name in NARROWING if config.getoption(name, None)]
    return " ".join(typed)


def is_whole(config: pytest.Config) -> bool:
    """Whether this run's own collection, before deselection, is the inventory."""
    suites = suites_of(config)
    if any(config.getoption(name, None) for name in NARROWING) or deviations(config):
        return False
    if config.inipath != suites.settings.file or os.environ.get("PYTEST_ADDOPTS"):
        return False
    words = [word for word in config.invocation_params.args if str(word).startswith("-")]
    if any(_name_of(str(word)) not in HARMLESS and not _is_p(str(word)) for word in words):
        return False
    if suites.folders:
        return _covers(config, suites)
    by_arguments = config.args_source == pytest.Config.ArgsSource.ARGS
    return not by_arguments and config.invocation_params.dir == suites.base


# Private


def _broken(
    config: pytest.Config,
    suites: Suites,
    tests: Sequence[Collected],
    failed: Sequence[pytest.CollectReport],
) -> tuple[BrokenFile, ...]:
    if not failed:
        return ()
    broken = broken_files(config, suites, failed, is_hooked=_is_hooked(suites, tests))
    return tuple(sorted(broken, key=lambda file: (file.path, file.where)))


def _is_hooked(suites: Suites, tests: Iterable[Collected]) -> bool:
    """Whether a test names a service that is not in its text, since a hook added the marker."""
    return any(set(test.services) - _written(suites, test) for test in tests)


def _covers(config: pytest.Config, suites: Suites) -> bool:
    """Whether the collection began at every folder of the suites, or above it."""
    here = config.invocation_params.dir
    starts = [Path(os.path.normpath(here / argument)) for argument in config.args]
    return all(any(folder.is_relative_to(start) for start in starts) for folder in suites.folders)


def _deviations(config: pytest.Config) -> Iterator[str]:
    are_errors = any(line.startswith("error") for line in config.getini("filterwarnings"))
    words = [str(word) for word in config.invocation_params.args]
    words += shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))
    for word, following in zip(words, (*words[1:], ""), strict=False):
        name = _name_of(word)
        value = word.partition("=")[2] if word.startswith("--") else word[2:]
        if name in WEAKENING:
            yield name
        elif _is_weaker(name, value or following, are_errors=are_errors):
            yield f"{SHORT.get(name, name)} {value or following}"
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD"):
        yield "PYTEST_DISABLE_PLUGIN_AUTOLOAD"
    if sys.flags.optimize:
        yield "python -O, which leaves assertions out"
    suites = suites_of(config)
    if suites.settings.file is not None and config.inipath != suites.settings.file:
        yield f"-c {suites.relative(config.inipath)}" if config.inipath else "-c"


def _is_weaker(name: str, value: str, *, are_errors: bool) -> bool:
    """Whether the option disables a plugin, changes a setting, or makes warnings no errors."""
    if SHORT.get(name, name) == "-p" and value.startswith("no:"):
        return value[3:].removeprefix("pytest_").removeprefix("pytest-") not in REPORTING_PLUGINS
    if SHORT.get(name, name) == "-o":
        return not value.startswith(HARMLESS_SETTINGS)
    return SHORT.get(name, name) == "-W" and are_errors and not value.startswith("error")


def _name_of(word: str) -> str:
    """`--tb=short` → `--tb`, `-n2` → `-n`, `-qq` → `-q`."""
    return word.partition("=")[0] if word.startswith("--") else word[:2]


def _is_p(word: str) -> bool:
    return word == "-p" or word.startswith("-pno:")


def _is_listed(suites: Suites, test: Collected) -> bool:
    return suites.holds(suites.base / test.path)


def _matters(
    config: pytest.Config, suites: Suites, tests: Sequence[Collected], nodeid: str
) -> bool:
    """Whether a file that cannot be collected may have held tests of the stack."""
    path = config.rootpath / nodeid.partition("::")[0]
    if any(folder.is_relative_to(path) for folder in suites.likely) or suites.is_likely(path):
        return True
    if suites.folders:
        return False
    beside = any((suites.base / test.path).is_relative_to(path.parent) for test in tests)
    return beside or path.is_dir() or may_name_services(path)


def _hidden(
    config: pytest.Config,
    suites: Suites,
    items: Sequence[pytest.Item],
    tests: Sequence[Collected],
    reports: Iterable[pytest.CollectReport],
) -> Iterator[HiddenFile]:
    """Files of the suites that name services, or may, and of which pytest collected no test."""
    skipped = {
        config.rootpath / report.nodeid: _why_skipped(report)
        for report in reports
        if report.skipped and "::" not in report.nodeid
    }
    patterns = config.getini("python_files")
    below = {path for folder in suites.likely for path in files_below(folder, patterns)}
    known = {path.resolve() for path in {item.path for item in items}}
    failed = [config.rootpath / r.nodeid.partition("::")[0] for r in reports if r.failed]
    known |= {file.resolve() for file in below if any(map(file.is_relative_to, failed))}
    # Whether hooks add markers takes a while to find out, and matters only if a file is missing.
    hooked = bool(skipped) and _is_hooked(suites, tests)
    for path, why in skipped.items():
        if path.is_file() and suites.holds(path):
            names = named_services(path)
            if names is None or (not names and hooked and may_name_services(path)):
                yield HiddenFile(path=suites.relative(path), services=(), why=why)
            elif names:
                yield HiddenFile(path=suites.relative(path), services=tuple(sorted(names)), why=why)
    for path in sorted(below):
        if path.resolve() not in known and path not in skipped:
            names = named_services(path)
            if names or names is None:
                yield HiddenFile(
                    path=suites.relative(path),
                    services=tuple(sorted(names or ())),
                    why="something left it out, or it holds no test",
                )


def _uncollected(
    suites: Suites, items: Sequence[pytest.Item], tests: Sequence[Collected]
) -> Iterator[HiddenFile]:
    """Tests that are defined in files with tests of services, and that were not collected."""
    services: dict[str, set[str]] = {}
    for test in tests:
        services.setdefault(test.path, set()).update(test.services)
    for definition in uncollected(item for item in items if suites.holds(item.path)):
        path = suites.relative(definition.path)
        names = services.get(path, set()) | (named_services(definition.path) or set())
        if names:
            where = f"{path}::{definition.name}"
            yield HiddenFile(path=where, services=tuple(sorted(names)), why=definition.why)


def _written(suites: Suites, test: Collected) -> set[str]:
    """The services that the text of the test's own code names."""
    written: set[str] = set()
    for name in test.files:
        if name.endswith(".py"):
            names = named_services(suites.base / name)
            written |= set(test.services) if names is None else names
    return written


def _why_skipped(report: pytest.CollectReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
    return f"skipped: {str(text).removeprefix('Skipped: ')}"
