"""What is accepted at once is what jsonschema accepts."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacktest.config import schema_text
from stacktest.config.shape import surely_fits
from tests.support.properties import examples

SCHEMA = json.loads(schema_text())
CHECKER = jsonschema.FormatChecker(formats=["date"])
VALID: dict[str, Any] = {
    "stack": {"compose": ["a.yml"], "domain": "lan", "hosts": {"a": "b"}, "pages": "{service}.md"},
    "phases": {"phase0_5": {"title": "x", "profiles": ["core"]}},
    "services": {"app": {"uses": ["db"], "ready": "exited(0)", "timeout": "90s"}},
    "people": {"admin": {"user": "a", "password_env": "PW"}},
    "exempt": [{"service": "a", "states": ["failing"], "reason": "x", "until": "2027-03-31"}],
    "notify": [{"kind": "ntfy", "url_env": "URL"}],
}
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
    | st.sampled_from(["healthy", "90s", "2027-02-30", "2027-03-31", "failing", "ntfy", "phase1"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)  # fmt: skip


def is_valid(value: Any, schema: Any = SCHEMA) -> bool:
    return jsonschema.Draft202012Validator(schema, format_checker=CHECKER).is_valid(value)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in the value, with each key or index of it."""
    keys = value if isinstance(value, dict) else range(len(value))
    inner = [value[key] for key in keys]
    deeper = [place for item in inner if isinstance(item, dict | list) for place in places(item)]
    return [(value, key) for key in keys] + deeper


def test_what_fits_is_accepted_without_jsonschema() -> None:
    assert is_valid(VALID)
    assert surely_fits(VALID, SCHEMA)


def test_nothing_is_accepted_that_jsonschema_refuses() -> None:
    @examples(300)
    @given(st.data())
    def hold(data: Any) -> None:
        document = json.loads(json.dumps(VALID))
        container, key = data.draw(st.sampled_from(places(document)))
        if isinstance(container, dict) and data.draw(st.booleans()):
            container[data.draw(st.text(max_size=3) | st.sampled_from(["user", "each"]))] = (
                data.draw(values)
            )
        elif data.draw(st.booleans()):
            container[key] = data.draw(values)
        else:
            del container[key]
        assert is_valid(document) or not surely_fits(document, SCHEMA)

    hold()


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        (1, {"maximum": 3}),
        (True, {"type": "integer"}),
        ("a", {"type": ["string", "null"]}),
        (1, {"items": {}}),
        (1, {"minLength": 0}),
        ([1, True], {"type": "array", "uniqueItems": True}),
        ("20270331", {"type": "string", "format": "date"}),
        ("a", {"type": "string", "format": "uri"}),
    ],
)
def test_what_is_not_sure_is_left_to_jsonschema(value: Any, schema: Any) -> None:
    assert not surely_fits(value, schema)
