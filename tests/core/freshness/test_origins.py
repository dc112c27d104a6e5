"""What is remembered of containers and images survives a file, and differences have names."""

import json

import pytest
from msgspec import ValidationError, convert, to_builtins

from stacktest.core.freshness.origins import (
    ContainerOrigin,
    ImageOrigin,
    Origins,
    carried,
    differing,
)

ORIGINS = Origins(
    containers={
        "c1": ContainerOrigin(started_at="t", key_id="k", files={"a": "1"}),
        "c2": ContainerOrigin(started_at="t", key_id="k", definition={"user": "1"}),
    },
    images={"app sha256:1": ImageOrigin(key_id="k", inputs={"Dockerfile": "1"})},
)


def test_what_is_written_is_read_back() -> None:
    assert convert(json.loads(json.dumps(to_builtins(ORIGINS))), Origins) == ORIGINS


@pytest.mark.parametrize(
    "document", [[], {"containers": []}, {"containers": {"a": 1}, "images": {}}]
)
def test_another_form_is_refused(document: object) -> None:
    with pytest.raises(ValidationError):
        convert(document, Origins)


def test_names_that_differ() -> None:
    assert differing({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}) == (
        *("b", "c", "d"),
    )


def test_what_an_older_version_saw_of_an_acknowledged_page_is_no_difference() -> None:
    before = {"docs/a.md": "whole-a", "docs/b.md": "whole-b", "c": "1"}
    now = {"docs/a.md": "plain-a", "docs/b.md": "plain-b2", "c": "2"}
    older = {"docs/a.md": "whole-a", "docs/b.md": "whole-b2"}
    assert differing(carried(before, now, older), now) == ("c", "docs/b.md")
