"""What the tests of the house share."""

import ast
from pathlib import Path

import pytest

from tests.house.rooms import PACKAGE


@pytest.fixture(scope="package")
def trees() -> dict[Path, ast.Module]:
    """Every module of the package as a tree; kept for this folder alone: it is a lot of objects."""
    return {
        path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))
    }
