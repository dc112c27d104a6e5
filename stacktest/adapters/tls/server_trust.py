"""Verifies a server's certificate with the stack's CA, independently of the client's own check.

A browser can be made to accept any certificate: by an argument, a wrapper around its program, a
click on its warning. Its responses count only if the same server presents a certificate for the
same name that stacktest itself verifies. A trusted server is checked only once.
"""

import socket
import ssl
import threading
import time
from pathlib import Path

from stacktest.adapters.tls.ca import new_context
from stacktest.adapters.tls.certificate import leaf_objection

PATIENCE = 5.0
"""Seconds for one handshake."""
PAUSE = 1.0
"""Seconds for which an objection is kept: a front door may get a new certificate meanwhile."""


class ServerTrust:
    """Checks servers' certificates; threads may share the object."""

    def __init__(self, ca: Path | None) -> None:
        self._context = new_context(ca)
        self._lock = threading.Lock()
        self._trusted: set[tuple[str, tuple[str, int]]] = set()
        self._objections: dict[tuple[str, tuple[str, int]], tuple[float, str]] = {}

    def objection(self, host: str, address: tuple[str, int]) -> str:
        """Why the certificate of `address` for `host` is not trusted; empty if it is."""
        # A final dot makes a name absolute, but it is the same name.
        host = host.rstrip(".")
        key = (host, address)
        with self._lock:
            if key in self._trusted:
                return ""
            moment, why = self._objections.get(key, (0.0, ""))
            if why and time.monotonic() - moment < PAUSE:
                return why
            why = self._ask(host, address)
            if why:
                self._objections[key] = (time.monotonic(), why)
            else:
                self._trusted.add(key)
            return why

    # Private

    def _ask(self, host: str, address: tuple[str, int]) -> str:
        try:
            with (
                socket.create_connection(address, timeout=PATIENCE) as plain,
                self._context.wrap_socket(plain, server_hostname=host) as secured,
            ):
                return leaf_objection(secured.getpeercert(binary_form=True) or b"")
        except ssl.SSLCertVerificationError as error:
            return error.verify_message or str(error.reason)
        except ssl.SSLError as error:
            if _asks_for_a_certificate(error):
                # The server's own certificate was verified before this error.
                return ""
            return str(error.reason or error)
        except OSError as error:
            return f"it could not be asked for its certificate: {error.strerror or error}"


# Private


def _asks_for_a_certificate(error: ssl.SSLError) -> bool:
    """Whether the server ended the handshake because it requires a client certificate."""
    return any(word in str(error.reason) for word in ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE"))
