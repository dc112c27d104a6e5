"""Watchtower works when it keeps running, reaches the engine, and has planned its next look.

It has no port, and its image's own health check always succeeds: the log is the evidence.
"""

import re

import pytest

from fixtures.containers import everything_said, last_container
from fixtures.typed import Answered, Inside
from fixtures.versions import pinned_version
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("watchtower")


@pytest.fixture
def said(stack: RunningStack, answered: Answered) -> str:
    """Everything that it has written."""
    return everything_said(stack, answered, "watchtower")


def test_it_runs_without_restarting(stack: RunningStack, answered: Answered) -> None:
    container = last_container(stack, answered, "watchtower")
    assert (container.state, container.restart_count) == ("running", 0)


def test_it_says_the_pinned_version(stack: RunningStack, said: str) -> None:
    assert f"Watchtower v{pinned_version(stack, 'watchtower')}" in said


def test_its_next_look_is_at_four_in_the_morning(said: str) -> None:
    planned = re.findall(r"Scheduling first run: \S+ (\d\d:\d\d:\d\d)", said)
    assert planned[-1:] == ["04:00:00"]


def test_it_speaks_a_version_that_the_engine_knows(said: str) -> None:
    # It plans nothing before it has spoken with the engine.
    assert "Scheduling first run:" in said
    assert "client version" not in said


def test_it_complains_of_nothing(said: str) -> None:
    assert said
    quiet = re.compile(r'time="\S+" level=info msg=".*"')
    assert [line for line in said.splitlines() if not quiet.fullmatch(line)] == []


def test_it_reaches_the_engine(inside: Inside) -> None:
    done = inside("watchtower").run(
        "curl", "-fsS", "--unix-socket", "/var/run/docker.sock", "http://engine/_ping"
    )
    assert (done.code, done.out) == (0, "OK")


def test_it_listens_to_nobody(inside: Inside, stack: RunningStack, said: str) -> None:
    # One that is about to end listens to nobody either.
    assert "Scheduling first run:" in said
    done = inside("watchtower").run("sh", "-c", "cat /proc/net/tcp /proc/net/tcp6")
    assert done.code == 0
    # 0A is LISTEN; the engine's own name server at 127.0.0.11 is not the program's.
    lines = [line.split() for line in done.out.splitlines()]
    ours = [f[1] for f in lines if f[3] == "0A" and not f[1].startswith("0B00007F")]
    assert ours == []
    assert stack.model.services["watchtower"].ports == ()
