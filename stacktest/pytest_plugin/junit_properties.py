"""Adds a test's services and phase to other reports: properties in JUnit XML, labels in Allure."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from stacktest import config as configuration
from stacktest.core.phase import Phase
from stacktest.errors import UsageError
from stacktest.pytest_plugin.contacts import touched
from stacktest.pytest_plugin.markers import phase_of
from stacktest.reports.export import allure as allure_labels
from stacktest.reports.export import junit


def properties(item: pytest.Item) -> list[tuple[str, object]]:
    """Properties for pytest's JUnit report: the test's services, its phase, who answered."""
    phase = phase_of(item.path)
    return list(junit.properties(services=_services(item), phase=phase, contacts=touched(item)))


def evidence_property(page: str) -> list[tuple[str, object]]:
    """The property with the path of a failed test's evidence, relative to pytest's rootdir."""
    return list(junit.evidence_property(page))


def mark_for_allure(item: pytest.Item) -> None:
    """Add the labels by which Allure's report groups the test: its phase and its services."""
    name = phase_of(item.path)
    phase = _phases(item.config).get(name, Phase(name=name)) if name else None
    for kind, value in allure_labels.labels(services=_services(item), phase=phase):
        item.add_marker(pytest.mark.allure_label(value, label_type=kind))


# Private

_PHASES: pytest.StashKey[Mapping[str, Phase]] = pytest.StashKey()


def _phases(config: pytest.Config) -> Mapping[str, Phase]:
    """The phases that the stack's configuration has titles for, read once."""
    if _PHASES not in config.stash:
        config.stash[_PHASES] = {phase.name: phase for phase in _configured(config)}
    return config.stash[_PHASES]


def _configured(config: pytest.Config) -> tuple[Phase, ...]:
    try:
        root = configuration.find_stack(
            option=config.getoption("--stack"),
            environ=os.environ,
            folder=Path.cwd(),
            rootdir=config.rootpath,
        )
        return configuration.load(root).phases if root else ()
    except UsageError:
        # The run itself reports the error of the configuration; a label needs no title.
        return ()


def _services(item: pytest.Item) -> set[str]:
    return {name for mark in item.iter_markers("service") for name in mark.args}
