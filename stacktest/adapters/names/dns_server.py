"""A small DNS server for the stack's domain (`stacktest names --serve`), for people and containers.

question                          answer
a route's name or the domain, A   the address, if it is IPv4 (else no record)
the same, AAAA                    the address, if it is IPv6 (else no record)
the same, any other type          no record
another name below the domain     NXDOMAIN
a name outside of the domain      REFUSED: this server is no resolver
any class but IN                  REFUSED
not a question, or several        NOTIMP; no answer at all to what is not a DNS message

Connections end after `PATIENCE` seconds without a question, and at most `MOST` are open at once.
"""

import asyncio
import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, cast

from stacktest.adapters.event_loop_thread import LoopThread, close_server
from stacktest.adapters.names.resolver import Address, NameMap
from stacktest.adapters.streams import close_writer, keep_task
from stacktest.errors import UsageError

TTL = 30
"""Seconds for which an answer may be kept: short, since stacks come and go."""
PATIENCE = 10.0
"""Seconds that a connection may wait for its next question."""
MOST = 64
"""Connections that may be open at once; more are closed."""


def answer(wire: bytes, names: NameMap, address: IPv4Address | IPv6Address) -> bytes | None:
    """The response to one DNS message, or None if the message is not a question."""
    import dns.exception
    import dns.flags
    import dns.message
    import dns.opcode
    import dns.rcode
    import dns.rdataclass
    import dns.rdatatype
    import dns.rrset

    try:
        query = dns.message.from_wire(wire)
    except (dns.exception.DNSException, struct.error):
        return None
    if query.flags & dns.flags.QR:
        return None
    response = dns.message.make_response(query)
    if query.opcode() != dns.opcode.QUERY or len(query.question) != 1:
        response.set_rcode(dns.rcode.NOTIMP)
        return response.to_wire()
    question = query.question[0]
    name = question.name.to_text(omit_final_dot=True).lower()
    if question.rdclass != dns.rdataclass.IN or not names.is_ours(name):
        response.set_rcode(dns.rcode.REFUSED)
        return response.to_wire()
    response.flags |= dns.flags.AA
    if not names.knows(name) and name != names.domain:
        response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()
    kind = dns.rdatatype.A if address.version == 4 else dns.rdatatype.AAAA  # noqa: PLR2004
    if question.rdtype == kind:
        record = dns.rrset.from_text(question.name, TTL, "IN", kind, str(address))
        response.answer.append(record)
    return response.to_wire()


class NameServer:
    """Answers on UDP and TCP until stopped."""

    def __init__(
        self, names: NameMap, *, answer_with: str = "127.0.0.1", patience: float = PATIENCE
    ) -> None:
        self._names, self._patience = names, patience
        self._address = ip_address(answer_with)
        self._thread: LoopThread | None = None
        self._server: asyncio.Server | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[Any]] = set()

    def start(self, host: str = "127.0.0.1", port: int = 0) -> Address:
        """Listen on `host:port` (port 0: any free port), and return the address."""
        self._thread = LoopThread("stacktest-dns")
        try:
            return self._thread.call(self._listen(host, port))
        except OSError as error:
            self.stop()
            raise UsageError(
                f"cannot listen on {host}:{port}: {error.strerror}",
                where="stacktest names --serve",
                hint="ports below 1024 need root; try --port 5354",
            ) from None

    def stop(self) -> None:
        """Close both sockets. A second call does nothing."""
        if self._thread is None:
            return
        self._thread.call(self._close())
        self._thread.stop()
        self._thread = None

    # Private

    async def _listen(self, host: str, port: int) -> Address:
        self._server = await asyncio.start_server(self._serve, host, port)
        bound: int = self._server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self._names, self._address), local_addr=(host, bound)
        )
        return host, bound

    async def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        if self._server is not None:
            await close_server(self._server)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._tasks) >= MOST:
            await close_writer(writer)
            return
        with keep_task(self._tasks):
            await self._converse(reader, writer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                async with asyncio.timeout(self._patience):
                    size = await reader.readexactly(2)
                    wire = await reader.readexactly(int.from_bytes(size))
                    reply = answer(wire, self._names, self._address)
                    if reply is None:
                        return
                    writer.write(len(reply).to_bytes(2) + reply)
                    await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            # The client has disconnected, or has sent no question in time.
            return
        finally:
            await close_writer(writer)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, names: NameMap, address: IPv4Address | IPv6Address) -> None:
        self._names, self._address = names, address

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # The loop's own class is no subclass of DatagramTransport before Python 3.12.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = answer(data, self._names, self._address)
        if reply is not None:
            self._transport.sendto(reply, addr)
