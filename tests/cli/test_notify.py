"""`stacktest notify` on a real stack: what it says, what it sends, how it ends."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.listener import Listener, listening
from tests.support.pair import Pair

pytestmark = [pytest.mark.real_docker, pytest.mark.processes]
CHANNEL = '[[notify]]\nkind = "webhook"\nurl_env = "HOOK"\n'


@dataclass
class Notify:
    """The verb on the pair, and the server that its channel tells."""

    pair: Pair
    server: Listener

    def __call__(self, *arguments: str) -> tuple[int, str]:
        self.server.asked.clear()
        code, root = "from stacktest.cli import main; main()", self.pair.root
        argv = [sys.executable, "-c", code, "notify", "--stack", str(root), *arguments]
        done = subprocess.run(argv, capture_output=True, text=True, check=False, cwd=root)
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def notify(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notify]:
    with listening() as server:
        monkeypatch.setenv("HOOK", f"{server.url}/secret-path")
        (pair.root / "stacktest.toml").write_text(CHANNEL)
        yield Notify(pair, server)


def test_a_change_is_told_by_the_verb_as_well(notify: Notify, pair: Pair) -> None:
    assert int(pair.run("-q").ret) == 0
    told = [json.loads(body)["title"] for _, _, body in notify.server.asked]
    assert told == [f"{pair.project}: 2 services work"]
    assert notify() == (0, "")
    assert notify.server.asked == []
    (pair.root / ".env").write_text("FLAVOUR=other\n")
    assert notify() == (0, "")
    ((_, _, body),) = notify.server.asked
    assert json.loads(body)["title"] == f"{pair.project}: 2 services broken"
    assert not json.loads((pair.root / "docs/_data/status.json").read_text())["alpha"]["functional"]


def test_a_channel_is_tried(notify: Notify) -> None:
    assert notify("--test") == (0, "webhook (HOOK): sent\n")
    notify.server.answers["/"] = (410, "")
    assert notify("--test") == (1, "webhook (HOOK): answered 410\n")
    assert len(notify.server.asked) == 1


def test_without_a_channel_the_test_says_so(notify: Notify, pair: Pair) -> None:
    (pair.root / "stacktest.toml").write_text("")
    said = "no channel: write a [[notify]] section in stacktest.toml\n"
    assert notify("--test") == (0, said)
