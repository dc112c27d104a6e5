"""Functions stay short, modules hold one concept, public names are documented, imports go down."""

import ast
import statistics
import tomllib
from collections.abc import Iterator
from pathlib import Path

import grimp

from stacktest.errors import StacktestError
from tests.house.rooms import FLOORS, PACKAGE

LONGEST_MODULE = 400
LONGEST_FUNCTION = 60
MEDIAN, NINE_IN_TEN = 6, 16
MOST_ROOMS, MOST_FLOORS = 14, 9
DOORSTEP = ("__main__",)
"""The line that `python -m stacktest` runs."""
DIGESTS = "core/fingerprint/digest.py"


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def body_size(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without the docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def undocumented(tree: ast.Module | ast.ClassDef) -> Iterator[str]:
    if not ast.get_docstring(tree):
        yield getattr(tree, "name", "the module itself")
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from undocumented(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_public = not node.name.startswith("_")
            if is_public and not ast.get_docstring(node):
                yield node.name


def test_functions_stay_short(trees: dict[Path, ast.Module]) -> None:
    sizes = {
        f"{path}:{function.lineno} {function.name}": body_size(function)
        for path, tree in trees.items()
        for function in functions(tree)
    }
    assert [name for name, size in sizes.items() if size > LONGEST_FUNCTION] == []
    assert statistics.median(sizes.values()) <= MEDIAN
    assert statistics.quantiles(sizes.values(), n=10)[-1] <= NINE_IN_TEN


def test_a_long_function_would_be_seen() -> None:
    lines = "\n".join("    print(1)" for _ in range(61))
    function = next(functions(ast.parse(f'def f():\n    """One."""\n{lines}\n')))
    assert body_size(function) == LONGEST_FUNCTION + 1


def test_modules_hold_one_concept(trees: dict[Path, ast.Module]) -> None:
    sizes = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in trees}
    assert [str(path) for path, size in sizes.items() if size >= LONGEST_MODULE] == []


def test_public_names_are_documented(trees: dict[Path, ast.Module]) -> None:
    missing = [f"{path} {name}" for path, tree in trees.items() for name in undocumented(tree)]
    assert missing == []
    assert list(undocumented(ast.parse('"""Doc."""\nclass A:\n    def f(self): ...\n'))) == [
        "A",
        "f",
    ]


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = grimp.build_graph("stacktest", exclude_type_checking_imports=True)
    cycles = [
        (module, imported)
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
        if graph.chain_exists(importer=imported, imported=module)
    ]
    assert cycles == []


def test_there_are_few_rooms_on_few_floors_and_the_contract_knows_them_all() -> None:
    floors = [floor for floor in FLOORS if floor != DOORSTEP]
    assert sum(len(floor) for floor in floors) <= MOST_ROOMS
    assert len(floors) <= MOST_FLOORS
    settings = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    layers = next(item["layers"] for item in contracts if item["id"] == "layers")
    assert [set(layer.split(" | ")) for layer in layers] == [set(floor) for floor in FLOORS]


def test_digests_are_made_in_one_place(trees: dict[Path, ast.Module]) -> None:
    makers = [
        path.relative_to(PACKAGE).as_posix()
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        and any(name.name in {"hashlib", "hmac"} for name in node.names)
    ]
    assert set(makers) == {DIGESTS}


def test_an_error_that_somebody_foresaw_is_not_called_a_bug(trees: dict[Path, ast.Module]) -> None:
    raising = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path, tree in trees.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and ast.unparse(node.exc.func) == StacktestError.__name__
    ]
    assert raising == []
