"""The recipes in CONTRIBUTING.md name every file that such a change touches."""

import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATH = re.compile(r"`([A-Za-z_][\w.*-]*(?:/[\w.*-]+)+|README\.md)`")
CODE = ("stacktest", "schemas")


def recipes() -> dict[str, str]:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("## Recipes")[2]
    _, *sections = re.split(r"^### ", text, flags=re.MULTILINE)
    return {section.partition("\n")[0]: section for section in sections}


RECIPES = recipes()


def tracked() -> list[str]:
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


FILES = tracked()


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_file_that_a_recipe_names_exists(recipe: str) -> None:
    paths = PATH.findall(RECIPES[recipe])
    assert len(paths) >= 4
    missing = [path for path in paths if not any(fnmatch(name, path) for name in FILES)]
    assert missing == []


MEMBERS = {
    "Add a route reader": r"traefik",
    "Add a state": r"\bexpired\b|(?-i:\bState\.(?!FUNCTIONAL\b)[A-Z])",
    "Add a reason": r"moved during the tests",
    "Add a part of the fingerprint": r"[\"']stanza[\"']",
    "Add a report format": r"\bctrf\b",
    "Add a verb": r"cli\.ack\b|\"ack\"|def ack\b",
    "Add a fixture": r"\breach_from\b",
}
"""Recipe → a pattern of one that was added earlier: its traces show which files it touched.

Of states it is any that is compared: which files a new one touches depends on what it is about.
"""
ELSEWHERE = {
    "Add a state": {
        "stacktest/adapters/browser/relay.py",
        "stacktest/adapters/tls/ca.py",
        "stacktest/core/backups/backup.py",
        "stacktest/core/backups/states.py",
    },
    "Add a part of the fingerprint": {
        "stacktest/application/known_origins.py",
        "stacktest/application/update_plan.py",
        "stacktest/core/runs/credit.py",
    },
    "Add a report format": {
        "stacktest/application/required_tests.py",
        "tests/docs/test_contributing.py",
    },
    "Add a fixture": {"stacktest/init/templates/boundary.j2"},
}
"""Files with the same word in another meaning, or that are about this member alone."""
WITH_TESTS = {"Add a report format"}
"""Recipes whose tests hold the member in lists, which nothing but the recipe reminds of."""


@pytest.mark.parametrize("recipe", MEMBERS)
def test_a_recipe_names_each_file_that_an_earlier_member_touched(recipe: str) -> None:
    patterns = PATH.findall(RECIPES[recipe])
    touched = [
        name
        for name in FILES
        if name.startswith((*CODE, "tests/") if recipe in WITH_TESTS else CODE)
        and name not in ELSEWHERE.get(recipe, ())
        and re.search(MEMBERS[recipe], (ROOT / name).read_text(encoding="utf-8", errors="ignore"), re.IGNORECASE)
    ]  # fmt: skip
    assert touched
    unnamed = [name for name in touched if not any(fnmatch(name, path) for path in patterns)]
    assert unnamed == []


def test_every_recipe_has_a_member_or_is_about_the_reference_stack() -> None:
    assert set(RECIPES) - set(MEMBERS) == {"Add a service to the reference stack"}
