"""The table of every module, by room, as the architecture page shows it: `python -m tests.house.rooms`."""

import ast
from collections.abc import Iterator
from pathlib import Path

import stacktest

PACKAGE = Path(stacktest.__file__).parent
PAGE = PACKAGE.parent / "docs/explanation/architecture.md"
BEGIN, END = "<!-- rooms: python -m tests.house.rooms -->\n", "<!-- end of rooms -->\n"
FLOORS = (
    ("__main__",),
    ("plugin", "cli", "docs_macros"),
    ("pytest_plugin",),
    ("bootstrap",),
    ("application",),
    ("adapters", "reports", "init"),
    ("config",),
    ("core",),
    ("errors",),
    ("printable",),
)


def first_sentence(path: Path) -> str:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    line = " ".join(text.partition("\n\n")[0].split())
    return line.rstrip(".").replace("|", "\\|")


def modules(room: Path) -> Iterator[Path]:
    """The modules of a room, that of the room itself first."""
    yield from sorted(room.glob("*.py"), key=lambda path: (path.name != "__init__.py", path.name))


def rooms(floor: tuple[str, ...]) -> Iterator[Path]:
    for name in floor:
        folder = PACKAGE / name
        if folder.is_dir():
            yield folder
            yield from sorted(
                path for path in folder.rglob("*") if (path / "__init__.py").is_file()
            )


def table() -> Iterator[str]:
    for floor in FLOORS:
        for name in floor:
            if (PACKAGE / f"{name}.py").is_file():
                path = PACKAGE / f"{name}.py"
                yield f"\n### `{name}.py`\n\n{first_sentence(path)}.\n"
        for room in rooms(floor):
            yield f"\n### `{room.relative_to(PACKAGE)}/`\n\n{first_sentence(room / '__init__.py')}.\n\n"
            others = [path for path in modules(room) if path.name != "__init__.py"]
            if others:
                yield "| module | what it holds |\n|---|---|\n"
            yield from (f"| `{path.stem}` | {first_sentence(path)} |\n" for path in others)


def page(text: str) -> str:
    """The page with the table as the code is now."""
    before, _, rest = text.partition(BEGIN)
    return before + BEGIN + "".join(table()) + "\n" + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
