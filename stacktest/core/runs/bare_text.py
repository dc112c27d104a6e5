"""Removes messages and parameter values from texts for records: test and kind of failure stay.

The text of an assertion, of an exception or of a skip shows values, and so do the ids that pytest
makes from parameters. Records are committed, so they contain neither:

    suites/test_a.py::test_b[path#2]          the third value of `path`, without the value
    suites/test_a.py::test_b[chromium-404]    harmless values stay
    suites/test_a.py::test_b failed           without the reason

Records of older versions contain more; it is removed when they are read.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

HIDDEN = "…"
"""Replaces the parameters of a test in an older record, which has only their values."""


def bare_test(function: str, ids: Iterable[str], indices: Mapping[str, int]) -> str:
    """The name of a test in records: with harmless parameter ids, else with their indices."""
    ids = tuple(ids)
    if all(map(_is_harmless, ids)) or not indices:
        return f"{function}[{'-'.join(ids)}]" if ids else function
    places = "-".join(f"{name}#{index}" for name, index in indices.items())
    return f"{function}[{places}]"


def bare_name(nodeid: str) -> str:
    """The test's name for records; parameter values of an older version are hidden."""
    function, bracket, rest = nodeid.partition("[")
    if not bracket or "::" not in function or _BARE.fullmatch(rest):
        return nodeid
    return f"{function}[{HIDDEN}]"


def bare_names(names: Sequence[str]) -> tuple[str, ...]:
    """The names without parameter values and without duplicates."""
    bare = tuple(map(bare_name, names))
    return bare if bare == tuple(names) else tuple(dict.fromkeys(bare))


def bare_letters(letters: Mapping[str, str]) -> dict[str, str]:
    """Letters by names without parameter values; of tests with one name the worst letter."""
    bare: dict[str, str] = {}
    for name, letter in letters.items():
        test = bare_name(name)
        both = (bare.get(test, letter), letter)
        bare[test] = min(both, key=lambda each: _WORST_FIRST.find(each) % len(_WORST_FIRST))
    return bare


def is_same_test(name: str, tests: Iterable[str]) -> bool:
    """Whether the test of a record is among `tests`; hidden parameters match any parameters."""
    if not name.endswith(f"[{HIDDEN}]"):
        return name in tests
    function = name.partition("[")[0]
    return any(test.partition("[")[0] == function for test in tests)


def bare_reason(sentence: str) -> str:
    """A sentence of a verdict without text from tests, plugins or the engine."""
    if match := _FAILURE.match(sentence):
        return f"{bare_name(match['test'])} {match['verb']}"
    if match := _COUNTED.match(sentence):
        tests = match["tests"]
        is_bare = " (" not in tests and all(bare_name(test) == test for test in tests.split(", "))
        return sentence if is_bare else f"{match['count']}: {_names(tests)}".removesuffix(": ")
    for pattern, replacement in _CUTS:
        sentence = pattern.sub(replacement, sentence)
    return sentence


def bare_selection(typed: str) -> str:
    """The arguments that selected tests, without expressions and values of parameters."""
    typed = _KEYWORD.sub(r"\1", typed)
    return re.sub(r"\[[^\]]*\]?", f"[{HIDDEN}]", typed)


def bare_cause(text: str) -> str:
    """The kind of a cause why a file or test was not collected, without its message: `skipped`."""
    kind, colon, rest = text.partition(": ")
    if not colon:
        return bare_reason(text)
    if kind in _KINDS_OF_CAUSE:
        return kind
    # A file or a test, followed by Python's message.
    return kind if "::" in kind or kind.endswith(".py") else bare_reason(f"{kind}: {rest}")


def bare_end(text: str) -> str:
    """The kind of reason why a run ended early, without messages of plugins or `pytest.exit`."""
    if not text or _STOPPED.fullmatch(text):
        return text
    return "pytest.exit" if text.startswith("pytest.exit") else "it was stopped"


# Private

_WORST_FIRST = "FE?XxsS~."

_HARMLESS = r"(?:chromium|firefox|webkit|\d{1,3}|True|False|None)"
_PLACE = r"(?:[A-Za-z_]\w*#\d{1,6})"
_BARE = re.compile(rf"(?:{_HARMLESS}(?:-{_HARMLESS})*|{_PLACE}(?:-{_PLACE})*|{HIDDEN})\]")
_FAILURE = re.compile(
    r"(?P<test>\S+?::[^\[\s]+(?:\[.*?\])?) (?P<verb>failed outside its body"
    r"|failed, then was [a-z, ]+ on the retry: it never passed|failed|crashed with its worker)"
    r"(?:: .*)?$",
    re.DOTALL,
)
_COUNTED = re.compile(
    r"(?P<count>\d+ of \d+ tests? that names? .+? (?:was|were) (?:skipped|expected to fail"
    r"|expected to fail, although it passed|crashed with its worker|not finished)): (?P<tests>.*)$",
    re.DOTALL,
)
_CUTS = (
    (re.compile(r"\(pytest\.exit: .*\)", re.DOTALL), "(pytest.exit)"),
    (
        re.compile(r"was not collected \(skipped: .*\), and it "),
        "was not collected (skipped), and it ",
    ),
    (
        re.compile(r"(could not be created|cannot be started|could not be started): .*", re.DOTALL),
        r"\1",
    ),
    (
        re.compile(r"(\S+::[^\[\s]+)\[(?!(?:" + _BARE.pattern + r"))[^\n]*?\](?=[\s,:;)]|$)"),
        rf"\1[{HIDDEN}]",
    ),
)
_KINDS_OF_CAUSE = frozenset({"skipped", "the tests could not be collected"})
_STOPPED = re.compile(r"stopping after \d+ failures?")
_KEYWORD = re.compile(r"(-k) (?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\S+)")


def _is_harmless(text: str) -> bool:
    return re.fullmatch(_HARMLESS, text) is not None


def _names(tests: str) -> str:
    """The tests of a list; empty if it contains reasons, which cannot be separated from names."""
    return "" if " (" in tests else ", ".join(map(bare_name, tests.split(", ")))
