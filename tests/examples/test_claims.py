"""Each example lists all claims of its documents, and its suites state all that can be judged."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from examples.example import Example, find_examples
from examples.forms import FORMS

NUMBERS = {"ai-orchestra": ("A", 48), "lucia": ("L", 37), "sovereign": ("X", 35)}
"""Example → the letter of its claims, and how many its documents make."""
BY_HAND = frozenset({"asyncio", "docker", "os", "select", "socket", "ssl", "subprocess"})
"""Modules by which a suite would go past the fixtures."""

EXAMPLES = [pytest.param(example, id=example.name) for example in find_examples()]
SUITES = [
    pytest.param(path, id=f"{example.name}/{path.name}")
    for example in find_examples()
    for path in sorted((example.folder / "suites").rglob("*.py"))
]


def trees(example: Example) -> Iterator[ast.AST]:
    for path in sorted((example.folder / "suites").rglob("*.py")):
        yield ast.parse(path.read_text(encoding="utf-8"))


def stated(tree: ast.AST) -> Iterator[str]:
    """The ids of the marker `claim`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.claim":
            yield ast.literal_eval(node.args[0])


def imported(tree: ast.AST) -> Iterator[str]:
    """The packages that a module imports, anywhere in it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def test_an_id_and_an_import_are_seen() -> None:
    tree = ast.parse('import os.path\n@pytest.mark.claim("A1", source="x")\ndef test(): ...')
    assert (list(stated(tree)), list(imported(tree))) == (["A1"], ["os"])


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_claim_of_the_documents_is_listed(example: Example) -> None:
    letter, number = NUMBERS[example.name]
    assert [item.claim.id for item in example.claims] == [
        f"{letter}{place}" for place in range(1, number + 1)
    ]
    assert all(item.claim.text and item.claim.source for item in example.claims)


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_claim_is_stated_by_a_test_or_the_list_says_why_not(example: Example) -> None:
    listed = {item.claim.id for item in example.claims if not item.why}
    assert {id_ for tree in trees(example) for id_ in stated(tree)} == listed


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_is_false_as_found_is_a_claim_that_a_test_states(example: Example) -> None:
    assert set(example.false_as_found) <= {item.claim.id for item in example.claims if not item.why}
    assert all(example.false_as_found.values())


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_files_of_both_forms_are_there(example: Example) -> None:
    files = {name for form in FORMS for name in form.compose}
    assert [name for name in files if not (example.folder / name).is_file()] == []


@pytest.mark.parametrize("path", SUITES)
def test_a_suite_reaches_its_stack_by_fixtures_only(path: Path) -> None:
    assert BY_HAND & set(imported(ast.parse(path.read_text(encoding="utf-8")))) == set()
