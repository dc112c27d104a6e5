"""What the engine and programs in containers tell about files in them."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from stacktest.bootstrap.host import Host
from stacktest.core.unknown import Unknown
from stacktest.errors import ToolMissingError


class FakeEngine:
    """An engine with one container: what it copies of a file, and what `cat` prints."""

    def __init__(self, copied: bytes | None, shown: tuple[int, str] | None) -> None:
        self._copied, self._shown = copied, shown

    def file(self, container: str, path: str) -> bytes | None:
        assert (container, path) == ("c1", "/x")
        return self._copied

    def execute(self, container: str, argv: Any, *, user: str = "") -> tuple[int, str, str]:
        assert (container, argv, user) == ("c1", ["cat", "/x"], "0")
        if self._shown is None:
            raise ToolMissingError("the container engine refused: it ended")
        return (*self._shown, "")


def host(copied: bytes | None, shown: tuple[int, str] | None) -> Host:
    engine: Any = FakeEngine(copied, shown)
    compose: Any = None
    return Host(Path("/s"), compose, engine)


@pytest.mark.parametrize(
    ("copied", "shown", "content"),
    [
        (b"one", (0, "two"), "one"),
        # The engine cannot copy out of a container that mounts `/`.
        (None, (0, "two"), "two"),
    ],
)
def test_a_file_is_copied_by_the_engine_or_shown_by_a_program(
    copied: bytes | None, shown: tuple[int, str], content: str
) -> None:
    digest = sha256(content.encode()).hexdigest()
    assert host(copied, shown).file_digest("c1", "/x") == digest


@pytest.mark.parametrize(
    ("shown", "why"),
    [
        ((1, ""), "no `cat` shows /x in its container"),
        (None, "/x in its container cannot be read: error: the container engine refused: it ended"),
    ],
)
def test_a_file_that_nobody_can_read_is_unknown(shown: tuple[int, str] | None, why: str) -> None:
    answer = host(None, shown).file_digest("c1", "/x")
    assert isinstance(answer, Unknown)
    assert answer.why.startswith(why)
