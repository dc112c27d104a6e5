"""The words of the package: nouns for data, verbs for functions, and messages in plain English."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.house.rooms import PACKAGE

BANNED = frozenset(
    [
        "said",
        "told",
        "found",
        "one",
        "each",
        "mine",
        "kept",
        "asked",
        "made",
        "given",
        "shot",
        "heard",
        "wanted",
        "theirs",
        "ours",
        "somebody",
        "nobody",
        "something",
        "nothing",
        "anything",
        "taken",
        "begun",
        "fallen",
        "standing",
        "meant",
        "held",
        "tried",
        "seen",
        "apart",
        "gone",
    ]
)
"""Pronouns and participles, which do not say what a name holds."""
LARGEST_SHARE = 0.01


def bindings(tree: ast.AST) -> Iterator[str]:
    """Every name that a module binds: variables, parameters, attributes, aliases."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name
            case ast.alias(asname=str(name)) | ast.ExceptHandler(name=str(name)):
                yield name


def is_banned(name: str) -> bool:
    return name.strip("_") in BANNED


def test_the_names_that_are_counted() -> None:
    source = "def f(said, *, each=1):\n    self.kept = [one for one in said]\n    total = 1\n"
    names = list(bindings(ast.parse(source)))
    assert sorted(names) == ["each", "kept", "one", "said", "total"]
    assert sum(map(is_banned, names)) == 4


def test_names_say_what_they_hold(trees: dict[Path, ast.Module]) -> None:
    counts = {path: Counter(bindings(tree)) for path, tree in trees.items()}
    total = sum(counter.total() for counter in counts.values())
    banned = {
        f"{path.relative_to(PACKAGE)}: {name}": number
        for path, counter in counts.items()
        for name, number in counter.items()
        if is_banned(name)
    }
    assert sum(banned.values()) / total < LARGEST_SHARE, "\n".join(sorted(banned))


def messages(tree: ast.AST) -> Iterator[str]:
    """Every text of a module that is not a docstring."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from () if id(node) in docstrings else (node.value,)


def test_messages_negate_the_verb(trees: dict[Path, ast.Module]) -> None:
    """`is not a valid duration`, as everybody writes it, and not `is no duration`."""
    wrong = [
        f"{path.relative_to(PACKAGE)}: {text.strip()}"
        for path, tree in trees.items()
        for text in messages(tree)
        if re.search(r"\b(is|are) no (?!longer\b)", text)
    ]
    assert wrong == []
