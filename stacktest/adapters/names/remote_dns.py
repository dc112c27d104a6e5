"""The addresses of the stack's names at a real DNS server, for stacks that have such a server.

A stack on another machine, or one that its users reach through their own DNS, is tested through
the same DNS: each name is looked up once, at the beginning, and a name without a record is refused,
so that a missing record fails the tests of that service and no others.
"""

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from stacktest.adapters.names.resolver import NoAddress

PATIENCE = 3.0
"""Seconds that the server has to answer for one name."""
PORT = 53


def look_up_all(server: str, hosts: Iterable[str]) -> Mapping[str, str | NoAddress]:
    """Host name → its address at this server (`ADDRESS` or `ADDRESS:PORT`), or why it has none."""
    names = sorted({host for host in hosts if "*" not in host})
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="stacktest-dns") as pool:
        return dict(zip(names, pool.map(lambda host: _address(server, host), names), strict=True))


# Private


def _address(server: str, host: str) -> str | NoAddress:
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
        return NoAddress(why=f"the name server {server} has no address for '{host}': {why}")
    return NoAddress(why=f"the name server {server} has no address for '{host}'")
