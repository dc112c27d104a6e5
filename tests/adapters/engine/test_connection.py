"""Which engine is meant, and which address its ports have."""

from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters import process
from stacktest.adapters.engine.connection import Connection, choose_context, find_connection
from stacktest.errors import ToolMissingError, UsageError

UNKNOWN = process.Completed(argv=("docker",), code=1, out="[]\n", err="not found")
FAR = '[{"Endpoints": {"docker": {"Host": "tcp://far:2376"}}, "Storage": {"TLSPath": "/tls"}}]'


def answering(completed: process.Completed) -> Any:
    return lambda *_, **__: completed


@pytest.mark.parametrize(
    ("address", "is_elsewhere", "host"),
    [
        ("unix:///var/run/docker.sock", False, "127.0.0.1"),
        ("tcp://far:2376", True, "far"),
        ("tcp://[fd00::7]:2376", True, "fd00::7"),
        ("https://far", True, "far"),
    ],
)
def test_where_its_ports_are_reached(address: str, is_elsewhere: bool, host: str) -> None:
    connection = Connection(address=address)
    assert (connection.is_elsewhere, connection.host) == (is_elsewhere, host)


@pytest.mark.parametrize("address", ["far:2376", "tcp://", "tcp://far:x", "ftp://far", "npipe://x"])
def test_what_is_not_an_address_is_a_mistake_of_the_person(address: str) -> None:
    with pytest.raises(UsageError, match="is not the address of an engine"):
        Connection(address=address).tcp_address()


def test_a_context_that_is_not_known_leads_to_no_other_engine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(process, "run", answering(UNKNOWN))
    with pytest.raises(ToolMissingError, match="the docker context 'gone' is not known") as caught:
        find_connection({"DOCKER_CONTEXT": "gone", "DOCKER_CONFIG": str(tmp_path)})
    assert caught.value.hint == "docker context ls"


def test_the_context_of_a_stack_is_that_of_all_that_is_started() -> None:
    environ = {"HOME": "/home/me", "DOCKER_CONTEXT": ""}
    choose_context("", environ)
    assert environ["DOCKER_CONTEXT"] == ""
    choose_context("far", environ)
    choose_context("far", environ)
    assert environ["DOCKER_CONTEXT"] == "far"


@pytest.mark.parametrize(
    "environ", [{"DOCKER_HOST": "tcp://near:2376"}, {"DOCKER_CONTEXT": "near"}]
)
def test_two_engines_are_named(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of them is meant is not guessed."""
    document = process.Completed(argv=("docker",), code=0, out=FAR, err="")
    monkeypatch.setattr(process, "run", answering(document))
    with pytest.raises(UsageError, match="two engines are named: the context far"):
        choose_context("far", environ)


def test_the_same_engine_may_be_named_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    document = process.Completed(argv=("docker",), code=0, out=FAR, err="")
    monkeypatch.setattr(process, "run", answering(document))
    environ = {"DOCKER_HOST": "tcp://far:2376"}
    choose_context("far", environ)
