"""Addresses of engines behind ssh, and what ssh says about a connection that it did not make."""

import pytest

from stacktest.adapters.engine.ssh import refusal, target_of
from stacktest.errors import UsageError


@pytest.mark.parametrize(
    ("address", "words", "socket"),
    [
        ("ssh://far", ("--", "far"), ""),
        ("ssh://me@far:2222", ("-l", "me", "-p", "2222", "--", "far"), ""),
        ("ssh://far/run/docker.sock", ("--", "far"), "/run/docker.sock"),
        ("ssh://far/", ("--", "far"), ""),
        ("ssh://-oProxyCommand=x", ("--", "-oproxycommand=x"), ""),
    ],
)
def test_the_parts_of_an_address(address: str, words: tuple[str, ...], socket: str) -> None:
    target = target_of(address)
    assert (target.words, target.socket) == (words, socket)


@pytest.mark.parametrize("address", ["ssh://", "ssh://me:secret@far", "ssh://far:port"])
def test_an_address_that_is_not_one_shows_no_password(address: str) -> None:
    with pytest.raises(UsageError, match="the engine's address is not one for ssh") as caught:
        target_of(address)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "what", "hint"),
    [
        (
            "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nHost key verification failed.",
            "the host key of far is another one than the known one: another machine may answer",
            "compare its key with the one on its own screen before you run: ssh-keygen -R far",
        ),
        (
            "No ED25519 host key is known for far.\r\nHost key verification failed.",
            "the host key of far is not known here",
            "compare the fingerprint that it shows, and accept it once: ssh far true",
        ),
        (
            "me@far: Permission denied (publickey).",
            "far refuses the key, or the user",
            "ssh far true, until it works",
        ),
        (
            "ssh: connect to host far port 22: Connection timed out",
            "no connection to far: connection timed out",
            "start it, or correct its address, then: ssh far true",
        ),
        (
            "sh: 1: docker: not found",
            "far has no docker command",
            "install it there, or name the socket: ssh://far/var/run/docker.sock",
        ),
        ("Bad stipulation\n", "ssh does not reach far: Bad stipulation", "ssh far"),
        ("", "ssh does not reach far: it says nothing", "ssh far"),
    ],
)
def test_a_refusal_says_what_to_do(words: str, what: str, hint: str) -> None:
    error = refusal(target_of("ssh://far"), words)
    assert (error.what, error.hint) == (what, hint)
