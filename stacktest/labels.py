"""What other programs' reports say of a test: properties in JUnit XML, labels in Allure."""

import pytest

from stacktest.collection import phase_of
from stacktest.contacts import touched
from stacktest.core.model import Phase
from stacktest.reports import allure_labels, junit


def properties(item: pytest.Item) -> list[tuple[str, object]]:
    """For pytest's JUnit report: the test's services, its phase, and who answered."""
    phase = phase_of(item.path)
    return list(junit.properties(services=_services(item), phase=phase, contacts=touched(item)))


def mark_for_allure(item: pytest.Item) -> None:
    """Sort the test by phase and service in Allure's report."""
    name = phase_of(item.path)
    phase = Phase(name=name) if name else None
    for kind, value in allure_labels.labels(services=_services(item), phase=phase):
        item.add_marker(pytest.mark.allure_label(value, label_type=kind))


# Private


def _services(item: pytest.Item) -> set[str]:
    return {name for mark in item.iter_markers("service") for name in mark.args}
