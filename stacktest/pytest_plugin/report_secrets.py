"""Removes the stack's secrets from the reports of pytest and Allure.

The text of a failed assertion shows values, and JUnit, Allure, HTML and every other report repeat
it. It is cleaned at its source: in pytest's report of a phase, and in Allure's results.
"""

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from stacktest.bootstrap.known_secrets import known_secrets
from stacktest.core.redaction import redact

Clean = Callable[[str], str]


def clean_text(text: str) -> str:
    """The text without any secret of the stacks that this process has read."""
    return redact(text, known_secrets())


def clean_report(report: pytest.TestReport) -> None:
    """Remove secrets from the report, in place: the failure, captured output, and properties."""
    report.longrepr = _cleaned(report.longrepr, clean_text, set())
    report.sections = _cleaned(report.sections, clean_text, set())
    report.user_properties = _cleaned(report.user_properties, clean_text, set())
    if hasattr(report, "wasxfail"):
        report.wasxfail = clean_text(str(report.wasxfail))


def clean_in_place(value: Any) -> Any:
    """The value without secrets; lists, mappings and objects are changed in place."""
    return _cleaned(value, clean_text, set())


class AllureCleaner:
    """Cleans Allure's results before they are written: Allure reads exceptions, not reports."""

    def report_result(self, result: Any) -> None:
        """Clean the result of a test."""
        _cleaned(result, clean_text, set())

    def report_container(self, container: Any) -> None:
        """Clean the result of fixtures."""
        _cleaned(container, clean_text, set())

    def report_globals(self, globals_item: Any) -> None:
        """Clean the attachments of the whole run."""
        _cleaned(globals_item, clean_text, set())


def clean_allure() -> None:
    """Register the cleaner of Allure's results, once in each process."""
    import allure_commons
    from allure_commons import plugin_manager

    if plugin_manager.has_plugin(_NAME):
        return
    cleaner = AllureCleaner()
    for name in ("report_result", "report_container", "report_globals"):
        method = getattr(AllureCleaner, name)
        setattr(AllureCleaner, name, allure_commons.hookimpl(tryfirst=True)(method))
    plugin_manager.register(cleaner, _NAME)


# Private

_NAME = "stacktest-cleaner"
_PLAIN = (bool, int, float, bytes, type(None))


def _cleaned(value: Any, clean: Clean, seen: set[int]) -> Any:
    """The value with every string cleaned; lists, mappings and objects are changed in place."""
    if isinstance(value, str):
        return value if (text := clean(str(value))) == value else text
    if isinstance(value, _PLAIN) or id(value) in seen:
        return value
    seen.add(id(value))
    if isinstance(value, tuple):
        items = [_cleaned(item, clean, seen) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else tuple(items)
    if isinstance(value, list):
        value[:] = [_cleaned(item, clean, seen) for item in value]
    elif isinstance(value, dict):
        for key in list(value):
            value[key] = _cleaned(value[key], clean, seen)
    else:
        _clean_object(value, clean, seen)
    return value


def _clean_object(value: Any, clean: Clean, seen: set[int]) -> None:
    for name in _attributes(value):
        before = getattr(value, name, None)
        after = _cleaned(before, clean, seen)
        if after is not before:
            object.__setattr__(value, name, after)


def _attributes(value: Any) -> Iterable[str]:
    """The names of an object's attributes and slots; none for classes, functions and modules."""
    if isinstance(value, type) or callable(value) or type(value).__module__ in _FOREIGN:
        return ()
    slots = (name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ()))
    return (*vars(value), *slots) if hasattr(value, "__dict__") else tuple(slots)


_FOREIGN = frozenset({"builtins", "types", "enum", "pathlib", "datetime", "re"})
