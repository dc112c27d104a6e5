"""A container that somebody else removes at the same moment is removed, and no error."""

from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError

from stacktest.adapters.engine import tool_container
from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.socket import EngineSocket, Reply
from stacktest.errors import ToolFailedError

BUSY = b'{"message": "removal of container c1 is already in progress"}'
STUCK = b'{"message": "driver failed to remove root filesystem"}'


@pytest.mark.parametrize(
    ("replies", "why", "asked"),
    [
        ([Reply(status=204, body=b"")], "", ["DELETE /containers/c1"]),
        ([Reply(status=404, body=b"{}")], "", ["DELETE /containers/c1"]),
        (
            [Reply(status=409, body=BUSY), Reply(status=200, body=b'{"StatusCode": 0}')],
            "",
            ["DELETE /containers/c1", "POST /containers/c1/wait"],
        ),
        (
            [Reply(status=409, body=BUSY), Reply(status=404, body=b"{}")],
            "",
            ["DELETE /containers/c1", "POST /containers/c1/wait"],
        ),
        (
            [Reply(status=409, body=STUCK)],
            "driver failed to remove root filesystem",
            ["DELETE /containers/c1"],
        ),
    ],
    ids=["removed", "gone", "being removed", "being removed and gone", "stuck"],
)
def test_a_removal_ends_when_the_container_is_gone(
    monkeypatch: pytest.MonkeyPatch, replies: list[Reply], why: str, asked: list[str]
) -> None:
    waiting, questions = iter(replies), list[str]()

    def call(_: EngineSocket, method: str, path: str, *_args: Any, **_options: Any) -> Reply:
        questions.append(f"{method} {path}")
        return next(waiting)

    monkeypatch.setattr(EngineSocket, "call", call)
    assert Engine("unix:///nowhere").remove("c1") == why
    assert questions == asked


@pytest.mark.parametrize("status", [404, 409])
def test_a_tool_that_is_removed_already_is_no_error(status: int) -> None:
    tool_container._remove(_sdk(status), "c1")


def test_a_tool_that_stays_is_an_error_with_the_command() -> None:
    with pytest.raises(ToolFailedError, match="cannot be removed") as caught:
        tool_container._remove(_sdk(500), "0123456789abcdef")
    assert caught.value.hint == "docker rm --force 0123456789ab"


def _sdk(status: int) -> Any:
    response: Any = SimpleNamespace(status_code=status)
    words = "removal of container c1 is already in progress" if status == 409 else "busy"

    def remove_container(*_: object, **__: object) -> None:
        raise APIError("refused", response=response, explanation=words)

    return SimpleNamespace(remove_container=remove_container)
