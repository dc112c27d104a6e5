"""The stack's names as a real DNS server answers them, for stacks that have one.

A stack on another machine, or one whose people reach it through their own DNS, is tested on the
same road: each name is asked once, at the beginning, and what the server does not know leads
nowhere, so that a missing record turns the tests of that service red and no others.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from stacktest.adapters.names.resolver import Refused

PATIENCE = 3.0
"""Seconds that the server gets for one name."""
PORT = 53


def look_up_all(server: str, hosts: Iterable[str]) -> Mapping[str, str | Refused]:
    """Host name → its address at this server (`ADDRESS` or `ADDRESS:PORT`), or why it has none."""
    names = sorted({host for host in hosts if "*" not in host})
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="stacktest-dns") as pool:
        return dict(zip(names, pool.map(lambda host: _address(server, host), names), strict=True))


# Private


def _address(server: str, host: str) -> str | Refused:
    import dns.exception
    import dns.resolver

    address, _, port = server.partition(":") if server.count(":") == 1 else (server, "", "")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [address], int(port or PORT)
    try:
        for kind in ("A", "AAAA"):
            reply = resolver.resolve(
                host, kind, lifetime=PATIENCE, raise_on_no_answer=False, search=False
            )
            if reply.rrset is not None:
                return str(reply[0])
    except dns.exception.DNSException as error:
        why = "it does not exist" if isinstance(error, dns.resolver.NXDOMAIN) else str(error)
        return Refused(why=f"the name server {server} has no address for '{host}': {why}")
    return Refused(why=f"the name server {server} has no address for '{host}'")
