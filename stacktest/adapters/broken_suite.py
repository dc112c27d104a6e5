"""Reads as text which services a file names that pytest could not collect.

The text counts only if it shows all of them: a marker whose arguments are not texts, or a decorator
or base class whose definition is nowhere, may stand for any service.
"""

import ast
import builtins
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path

from stacktest.adapters.plain_files import read_plain
from stacktest.adapters.suite_code import is_foreign

PYTEST = frozenset({"pytest", "mark", *dir(builtins)})
"""Names in the place of a marker that cannot hide a service."""


def read_services(path: Path, code: Iterable[Path]) -> tuple[frozenset[str], bool]:
    """The services that `path` and its `code` can name, and whether these are all of them.

    If they are not, every quoted word of the file counts: it may be the name of a service.
    """
    texts = {file: _text(file) for file in dict.fromkeys((path, *code))}
    trees = {file: _tree(text) for file, text in texts.items()}
    parsed = [tree for tree in trees.values() if tree is not None]
    names = [*(name for tree in parsed for name in _in_tree(tree))]
    for file, text in texts.items():
        if trees[file] is None:
            names += _in_text(text)
    services = frozenset(name for name in names if name is not None)
    helpers = [file for file in texts if file != path]
    modules = {file.parent.name if file.stem == "__init__" else file.stem for file in helpers}
    if None in names or _strangers(parsed, modules):
        return services | set(_QUOTED.findall(texts[path])), False
    return services, True


# Private

_QUOTED = re.compile(r"""["']([A-Za-z0-9][\w.-]*)["']""")
_MARKER = re.compile(r"\bmark\s*\.\s*service\b(?:\s*(\([^()]*\)))?")
_UNREADABLE = re.compile(
    r"""
    ^[ \t]*@\s*(?!pytest\b|mark\b|staticmethod\b|classmethod\b|property\b)
    | ^[ \t]*class\s+Test\w*\s*\(\s*[^\s)]
    | \bpytestmark\s*[:=](?!\s*\[?\s*(?:pytest\s*\.\s*)?mark\s*\.)
    | ^[ \t]*from\s+\S+\s+import\s+(?:\*|\(?[^\n]*\b[Tt]est)
    """,
    re.MULTILINE | re.VERBOSE,
)
"""Lines of a file with a syntax error that can bring in markers or tests from elsewhere."""


def _text(path: Path) -> str:
    try:
        return read_plain(path).decode("utf-8", "replace")
    except OSError:
        return ""


def _tree(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _in_text(text: str) -> Iterator[str | None]:
    """The services in a text that is not valid Python; None: it may name others."""
    for match in _MARKER.finditer(text):
        call = _tree(f"mark.service{match[1]}") if match[1] else None
        yield from _in_tree(call) if call else (None,)
    if _UNREADABLE.search(text):
        yield None


def _in_tree(tree: ast.Module) -> Iterator[str | None]:
    """The services in the markers of valid Python; None: a marker may name others."""
    nodes = list(ast.walk(tree))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if isinstance(node, ast.Call) and _is_marker(node.func):
            for value in node.args:
                is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
                yield value.value if is_text else None  # type: ignore[attr-defined]
        elif _is_marker(node) and id(node) not in called:
            yield None


def _is_marker(node: ast.AST) -> bool:
    """Whether it is `pytest.mark.service` or `mark.service`."""
    if not isinstance(node, ast.Attribute) or node.attr != "service":
        return False
    holder = node.value
    name = holder.attr if isinstance(holder, ast.Attribute) else getattr(holder, "id", "")
    return name == "mark"


def _strangers(trees: Iterable[ast.Module], modules: set[str]) -> set[str]:
    """Names in the place of markers or tests that are defined neither here nor in a package."""
    used: set[str] = set()
    known: set[str] = set(PYTEST)
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            known.add(node.name)
            used |= {root for item in _marking(node) for root in _roots(item)}
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {target.id for target in targets if isinstance(target, ast.Name)}
            known |= names
            if "pytestmark" in names and node.value:
                used |= set(_roots(node.value))
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.asname or alias.name.partition(".")[0] for alias in node.names}
            if _is_at_hand(node, modules):
                known |= names
            used |= {name for name in names if name.lower().startswith("test") or name == "*"}
    return used - known


def _marking(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[ast.expr]:
    return [*node.decorator_list, *(node.bases if isinstance(node, ast.ClassDef) else ())]


def _roots(node: ast.expr) -> Iterator[str]:
    """The name that an expression begins with, and those of the elements of a list."""
    if isinstance(node, ast.List | ast.Tuple):
        for element in node.elts:
            yield from _roots(element)
        return
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    yield node.id if isinstance(node, ast.Name) else "?"


def _is_at_hand(node: ast.Import | ast.ImportFrom, modules: set[str]) -> bool:
    """Whether the imported module is installed, or one of these modules of the project."""
    module = getattr(node, "module", None) or node.names[0].name
    if module.rpartition(".")[2] in modules or {alias.name for alias in node.names} & modules:
        return True
    return not getattr(node, "level", 0) and _is_installed(module.partition(".")[0])


def _is_installed(name: str) -> bool:
    if name in sys.stdlib_module_names:
        return True
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        return False
    return spec is not None and bool(spec.origin) and is_foreign(spec.origin or "")
