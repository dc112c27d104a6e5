"""Resolves the stack's host names to its front door, without root or changes to the machine.

No module here asks the operating system for a stack's name: `.local` belongs to multicast DNS, and
a machine's answer for it differs between the apex and the names below it. Names that are not
the stack's are refused, so that a run depends on nothing outside.
"""

from stacktest.adapters.names.answer import Answer
from stacktest.adapters.names.connect_proxy import OWN_ANSWER, ConnectProxy, Read, wall_clock
from stacktest.adapters.names.dns_server import NameServer
from stacktest.adapters.names.http_clients import (
    async_http_client,
    http_client,
    inner_http_client,
)
from stacktest.adapters.names.kernel_socket import has_received, leads_to
from stacktest.adapters.names.outer_door import outer_doors
from stacktest.adapters.names.remote_dns import look_up_all
from stacktest.adapters.names.resolver import (
    Address,
    NameMap,
    NoAddress,
    Publication,
    name_map,
    reachable,
    resolve_hosts_lines,
)
from stacktest.adapters.names.system_lookup import Lookup, look_up

__all__ = [
    "OWN_ANSWER",
    "Address",
    "Answer",
    "ConnectProxy",
    "Lookup",
    "NameMap",
    "NameServer",
    "NoAddress",
    "Publication",
    "Read",
    "async_http_client",
    "has_received",
    "http_client",
    "inner_http_client",
    "leads_to",
    "look_up",
    "look_up_all",
    "name_map",
    "outer_doors",
    "reachable",
    "resolve_hosts_lines",
    "wall_clock",
]
