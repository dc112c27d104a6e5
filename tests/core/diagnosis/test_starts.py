"""Starts that fail for a port that is taken or not listened at, and for a late health check."""

import datetime as dt
from typing import Any

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.diagnosis.facts import Failure, HostPort, PortHolder
from stacktest.core.diagnosis.taken_port import wanted_port
from tests.support.diagnosed import NOW, facts, find, refused, running, sentence
from tests.support.known import known


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("Bind for 0.0.0.0:53 failed: port is already allocated", HostPort(number=53)),
        (
            "Error starting userland proxy: listen udp4 0.0.0.0:53: bind: address already in use",
            HostPort(number=53, protocol="udp"),
        ),
        (
            "failed to bind host port for 0.0.0.0:53:172.17.0.2:5353/udp: address already in use",
            HostPort(number=53, protocol="udp"),
        ),
        (
            "failed to bind host port 0.0.0.0:53/tcp: address already in use",
            HostPort(number=53, protocol="tcp"),
        ),
        ("no such file or directory", None),
    ],
)
def test_the_port_that_the_engine_could_not_give(error: str, expected: HostPort | None) -> None:
    assert wanted_port(error) == expected


@pytest.mark.parametrize(
    ("other", "expected", "before"),
    [
        ("wiki", "door and wiki both publish port 443", "give services.door.ports another port"),
        ("door", "each container of door wants port 443", "run one door"),
    ],
)
def test_a_port_that_another_container_of_the_stack_publishes(
    other: str, expected: str, before: str
) -> None:
    error = "Bind for 0.0.0.0:443 failed: port is already allocated"
    door = running("door", state="created", error=error)
    holder = PortHolder(name=f"the container home-{other}-2", service=other)
    known_facts = replace(facts(door=door), holders={HostPort(number=443): holder})
    diagnosis = known(find(known_facts, Failure(services=("door",), is_start=True)))
    assert diagnosis.sentence == f"{expected}, which only one can have"
    assert diagnosis.hint == f"{before}, then: docker compose up -d door"


AT_8081 = Failure(services=("wiki",), is_start=True, ports=(8081,))


@pytest.mark.parametrize(
    ("ports", "alone", "expected"),
    [
        ({8080}, set(), "wiki does not listen on 8081; it has 8080"),
        (
            {8080, 9000},
            {8081},
            "wiki listens on 8081 for itself alone, at 127.0.0.1: nobody else reaches it there",
        ),
        (
            set(),
            {8081},
            "wiki listens on 8081 for itself alone, at 127.0.0.1: nobody else reaches it there",
        ),
        ({8081}, set(), ""),
        (set(), set(), ""),
        (None, set(), ""),
    ],
)
def test_a_service_that_listens_elsewhere_when_it_should_be_ready(
    ports: set[int] | None, alone: set[int], expected: str
) -> None:
    open_ports = None if ports is None else frozenset(ports)
    wiki = running("wiki", open_ports=open_ports, local_ports=frozenset(alone))
    assert sentence(facts(wiki=wiki), AT_8081) == expected
    assert not sentence(facts(wiki=wiki), replace(AT_8081, ports=()))
    assert not sentence(facts(wiki=wiki), replace(AT_8081, is_start=False))


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({}, True),
        ({"first_check": None}, False),
        ({"first_check": 60.0}, False),
        ({"health": "healthy"}, False),
    ],
)
def test_a_service_whose_health_is_first_checked_after_its_time(
    changes: dict[str, Any], is_told: bool
) -> None:
    started = NOW - dt.timedelta(seconds=120)
    wiki = running("wiki", health="starting", first_check=3600.0, started=started)
    diagnosis = find(
        facts(wiki=replace(wiki, **changes)), Failure(services=("wiki",), is_start=True)
    )
    expected = "wiki is not looked at yet: its health is first checked 3600 s after its start"
    assert (diagnosis.sentence if diagnosis else "") == (expected if is_told else "")
    assert not sentence(facts(wiki=wiki))


@pytest.mark.parametrize("log", ["exit 1", 'exec: "curl": executable file not found in $PATH'])
def test_a_command_in_a_container_that_the_run_takes_down_brings_it_up_first(log: str) -> None:
    wiki = running("wiki", health="unhealthy", health_log=log)
    failure = Failure(services=("wiki",), is_start=True)
    command = known(find(facts(wiki=wiki), failure)).command
    assert command.startswith(("docker compose exec -T wiki", "docker compose logs --tail 20 wiki"))
    gone = replace(wiki, is_temporary=True)
    assert known(find(facts(wiki=gone), failure)).command == (
        f"docker compose up -d wiki && {command}"
    )


def test_no_command_names_a_container_that_the_run_takes_down() -> None:
    door = running("door", networks={"edge": "10.1.0.2"})
    apart = known(find(facts(door=door), refused())).command
    assert "network connect" in apart
    wiki = running("wiki", is_temporary=True)
    assert known(find(facts(door=door, wiki=wiki), refused())).command == (
        "docker compose up -d wiki"
    )


@pytest.mark.parametrize(
    ("line", "is_told"),
    [
        ("exec /start.sh: no such file or directory", True),
        ("exec /start.sh: exec format error", False),
        ("start: no such file or directory", False),
    ],
)
def test_a_script_whose_interpreter_is_not_there(line: str, is_told: bool) -> None:
    wiki = running("wiki", state="exited", exit_code=1, log=(line,))
    failure = Failure(services=("wiki",), is_start=True)
    words = (
        f"{line}; /start.sh is there, the program that its first line names is not: look for a "
        "carriage return at the end of that line"
    )
    assert sentence(facts(wiki=wiki), failure) == f"wiki exited 1: {words if is_told else line}"
