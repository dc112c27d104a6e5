"""A service that Compose prints in another form costs itself only."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.compose.model import read_model, read_printed
from stacktest.errors import ToolMissingError

GOOD: dict[str, Any] = {"image": "x", "ports": [{"target": 80, "published": "8080"}]}


@pytest.mark.parametrize(
    ("definition", "why"),
    [
        ({"image": ["x"]}, "image is not text"),
        ({"ports": ["80:80"]}, "ports is not a list of mappings"),
        ({"ports": [{"target": "8O80"}]}, "ports has a target that is not a port number"),
        ({"ports": [{"target": "9" * 5000}]}, "ports has a target that is not a port number"),
        ({"environment": {"A": {"x": 1}}}, "environment is not a mapping of texts"),
        ({"depends_on": ["a"]}, "depends_on is not a mapping of mappings"),
        ({"build": {"context": None, "args": ["a"]}}, "build is not a build section"),
        ({"volumes": [{"source": {}}]}, "volumes is not a list of mappings"),
        ({"configs": [{"source": "c"}]}, "configs.c names no file"),
        (["x"], "it is not a mapping"),
    ],
)
def test_a_service_of_another_form_costs_itself(definition: object, why: str) -> None:
    document = {
        "name": "x",
        "services": {"bad": definition, "good": GOOD},
        "configs": {"c": {"file": 1}},
    }
    stack = read_model(document, root=Path("/x"))
    assert stack.services["bad"].unreadable == f"services.bad as Compose prints it: {why}"
    assert stack.services["good"].ports[0].published == 8080


@pytest.mark.parametrize("text", ["", "null", "[]", '"x"', "{", "[" * 100_000, '{"services": []}'])
def test_what_is_no_model_at_all_is_an_error_of_compose(text: str) -> None:
    with pytest.raises(ToolMissingError, match="something else than a compose model"):
        read_model(read_printed(text), root=Path("/x"))
