"""Reaches an engine behind ssh by a local socket file that is forwarded to the remote socket.

The docker command starts a remote program for each connection, which takes a third of a second.
This module asks the remote docker command once for its socket, and one `ssh` forwards to it as long
as this process lives. The settings of `~/.ssh/config` apply, with two exceptions: host keys are
always verified, and ssh never prompts.
"""

import atexit
import os
import shlex
import threading
import time
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from stacktest.adapters import process
from stacktest.adapters.temporary import make_folder
from stacktest.errors import ToolMissingError, UsageError

CONNECT = 10
"""Seconds to wait for a connection to the host."""
PATIENCE = 30.0
"""Seconds until the forwarding has to work."""
STRICT = (
    *("-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"),
    *("-o", f"ConnectTimeout={CONNECT}", "-o", "ServerAliveInterval=15"),
)
ALONE = ("-o", "ControlMaster=no", "-o", "ControlPath=none")
"""A connection that is shared with other programs would outlive this process."""


class Target(Struct, frozen=True, kw_only=True):
    """The parts of an address of the form `ssh://[USER@]HOST[:PORT][/SOCKET]`."""

    host: str
    options: tuple[str, ...]
    socket: str

    @property
    def words(self) -> tuple[str, ...]:
        """The arguments of `ssh`; `--` keeps a host from being read as an option."""
        return (*self.options, "--", self.host)

    @property
    def command(self) -> str:
        """The command with which a person connects to the host."""
        return shlex.join(("ssh", *self.options, self.host))


def target_of(address: str) -> Target:
    """The parts of the address; UsageError if it is not an ssh address."""
    parts = urlsplit(address)
    try:
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        port, host = None, ""
    if not host or parts.password is not None:
        raise UsageError(
            "the engine's address is not one for ssh, or has a password in it",
            where="DOCKER_HOST or the docker context",
            hint="write ssh://USER@HOST or ssh://USER@HOST:PORT, and use a key",
        )
    options = (*(("-l", parts.username) if parts.username else ()),)
    options += ("-p", str(port)) if port else ()
    return Target(host=host, options=options, socket=parts.path.rstrip("/"))


@cache
def host_name(address: str) -> str:
    """The host's real name or IP address: the address may hold an alias of `~/.ssh/config`."""
    target = target_of(address)
    settings = process.run(("ssh", "-G", *target.words)).out.splitlines()
    names = [line.removeprefix("hostname ") for line in settings if line.startswith("hostname ")]
    return next(iter(names), target.host)


def forwarded_socket(address: str) -> Path:
    """The local socket file that is forwarded to the engine; ToolMissingError if ssh fails."""
    with _LOCK:
        forward = _FORWARDS.get(address)
        if forward is not None and process.has_ended(forward.program):
            forward.program.pipe.close()
            forward = None
        if forward is None:
            forward = _FORWARDS[address] = _open(target_of(address))
            atexit.register(forward.program.pipe.close)
        return forward.socket


def refusal(target: Target, words: str) -> ToolMissingError:
    """The error for a failed connection, from the error output of ssh, with what to do."""
    reason = next((row for sign, row in _REASONS.items() if sign in words), None)
    what, hint = reason or (f"ssh does not reach {{host}}: {_last_line(words)}", "{ssh}")
    names = {"host": target.host, "ssh": target.command}
    return ToolMissingError(
        what.format(**names), where=f"ssh://{target.host}", hint=hint.format(**names)
    )


# Private


class _Forward(Struct, frozen=True, kw_only=True):
    socket: Path
    program: process.Detached
    """Ends with this process, which closes the program's pipe by ending."""


_FORWARDS: dict[str, _Forward] = {}
_LOCK = threading.Lock()

_SOCKET_THERE = "docker context inspect --format '{{.Endpoints.docker.Host}}'"
_DOWN = ("no connection to {host}: {why}", "start it, or correct its address, then: {ssh} true")
_REASONS = {
    "IDENTIFICATION HAS CHANGED": (
        "the host key of {host} is another one than the known one: another machine may answer",
        "compare its key with the one on its own screen before you run: ssh-keygen -R {host}",
    ),
    "Host key verification failed": (
        "the host key of {host} is not known here",
        "compare the fingerprint that it shows, and accept it once: {ssh} true",
    ),
    "Permission denied": ("{host} refuses the key, or the user", "{ssh} true, until it works"),
    **{
        sign: tuple(text.replace("{why}", sign.lower()) for text in _DOWN)
        for sign in (
            "Could not resolve hostname",
            "Connection refused",
            "Connection timed out",
            "No route to host",
            "Network is unreachable",
            "Connection closed",
            "Connection reset",
        )
    },
    "not found": (
        "{host} has no docker command",
        "install it there, or name the socket: ssh://{host}/var/run/docker.sock",
    ),
}
"""Text in the error output of ssh → its meaning, and what to do; the first match counts."""


def _open(target: Target) -> _Forward:
    there = target.socket or _socket_there(target)
    folder = make_folder("engine")
    here, log = folder / "engine.sock", folder / "ssh.log"
    # `cat` reads until this process closes its end of the pipe, also if it is killed.
    command = (*STRICT, *ALONE, "-L", f"{here}:{there}", *target.words, "cat")
    program = process.spawn_detached(("ssh", *command), log=log)
    deadline = time.monotonic() + PATIENCE
    while not here.exists():
        if process.has_ended(program) or time.monotonic() > deadline:
            raise refusal(target, log.read_text(errors="replace"))
        time.sleep(0.01)
    return _Forward(socket=here, program=program)


def _socket_there(target: Target) -> str:
    asked = process.run(("ssh", *STRICT, *target.words, _SOCKET_THERE))
    scheme, _, path = asked.out.strip().partition("://")
    if asked.code != 0:
        raise refusal(target, asked.err or f"it ended with {asked.code}")
    if scheme != "unix" or not os.path.isabs(path):  # noqa: PTH117 - a path of another machine
        raise ToolMissingError(
            f"the docker command on {target.host} uses {asked.out.strip() or 'no engine'}, "
            "which ssh does not forward",
            where=f"ssh://{target.host}",
            hint=f"name a socket of that machine: ssh://{target.host}/var/run/docker.sock",
        )
    return path


def _last_line(words: str) -> str:
    lines = [line for line in words.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it says nothing"
