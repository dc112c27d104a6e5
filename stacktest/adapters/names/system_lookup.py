"""The operating system's answer for a host name: shown by `doctor`, used by no test."""

import socket
import threading
import time

from msgspec import Struct

SLOW = 0.1
"""Seconds beyond which a look-up of a name of the stack probably used multicast DNS."""


class Lookup(Struct, frozen=True, kw_only=True):
    """The system's answer for a name, `addresses` or `error`, and its duration in `seconds`."""

    host: str
    seconds: float
    addresses: tuple[str, ...] = ()
    error: str = ""

    def is_fine(self, address: str) -> bool:
        """Whether other programs on this machine reach `address` by this name without a delay."""
        return self.addresses == (address,) and self.seconds <= SLOW


def look_up(host: str, timeout: float = 10.0) -> Lookup:
    """The system's answer for `host`; a look-up that hangs is abandoned after `timeout` seconds."""
    results: list[Lookup] = []
    started = time.perf_counter()

    def ask() -> None:
        addresses: tuple[str, ...] = ()
        error = ""
        try:
            answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            addresses = tuple(sorted({str(item[4][0]) for item in answers}))
        except OSError as failure:
            error = failure.strerror or str(failure)
        seconds = time.perf_counter() - started
        results.append(Lookup(host=host, seconds=seconds, addresses=addresses, error=error))

    # getaddrinfo has no time-out and cannot be interrupted; a daemon thread delays no exit.
    thread = threading.Thread(target=ask, name="stacktest-lookup", daemon=True)
    thread.start()
    thread.join(timeout)
    return results[0] if results else Lookup(host=host, seconds=timeout, error="no answer in time")
