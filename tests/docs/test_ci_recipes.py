"""What the recipes for CI hand on: nothing of the evidence."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

PAGE = Path(__file__).parents[2] / "docs/how-to/run-in-ci.md"
EVIDENCE = Path("reports/evidence")


def recipes() -> dict[str, Any]:
    """Title → the document, for every block of YAML of the page."""
    blocks = re.findall(r'```yaml title="([^"]+)"\n(.*?)```', PAGE.read_text(), re.DOTALL)
    return {title: YAML(typ="safe").load(text) for title, text in blocks}


def uploaded(node: Any) -> list[str]:
    """Every path that a recipe uploads, in the words of either program."""
    if isinstance(node, list):
        return [path for item in node for path in uploaded(item)]
    if not isinstance(node, dict):
        return []
    paths = [path for item in node.values() for path in uploaded(item)]
    if "actions/upload-artifact" in str(node.get("uses")):
        paths += node["with"]["path"].split()
    return paths + list(node.get("artifacts", {}).get("paths", ()))


def holds_evidence(path: str) -> bool:
    return EVIDENCE.is_relative_to(path) or Path(path).is_relative_to(EVIDENCE)


def test_a_folder_above_the_evidence_holds_it() -> None:
    assert [holds_evidence(path) for path in ("reports", "reports/evidence/x", ".")] == [True] * 3
    assert not holds_evidence("reports/junit.xml")


@pytest.mark.case("hard/A7")
@pytest.mark.parametrize("title", [".github/workflows/stack.yml", ".gitlab-ci.yml"])
def test_no_recipe_uploads_traces_or_evidence(title: str) -> None:
    paths = uploaded(recipes()[title])
    assert paths
    assert not [path for path in paths if holds_evidence(path)]
