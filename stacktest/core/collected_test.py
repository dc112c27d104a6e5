"""The tests that pytest collected, as plain data that one process can send to another."""

from msgspec import Struct

from stacktest.core.broken_files import BrokenFile
from stacktest.core.claims import Claim
from stacktest.core.runs.verdict import HiddenFile

ROUTED_FIXTURES = frozenset(
    {"page", "context", "browser", "new_context", "api", "async_api", "tls", "ws"}
)
"""Fixtures that go through the front door."""
REACHING_FIXTURES = ROUTED_FIXTURES | {
    "inside",
    "reach_from",
    "answered",
    "container",
    "egress",
    "lifecycle",
    "variant",
}
"""Fixtures by which a test can reach a service."""


class Collected(Struct, frozen=True, kw_only=True):
    """One collected test that uses the stack."""

    nodeid: str
    """Its name in records: the file relative to the suites' base, without parameter values."""
    reported: str
    """Pytest's node id in this run."""
    services: tuple[str, ...]
    phase: str
    routed: bool
    """Whether it goes through the front door."""
    path: str
    """Its file, relative to the suites' base."""
    source: str
    """The file that defines its function: not `path` for an inherited or decorated function."""
    line: int
    """The line in `source` where its function begins; 0: it has no function."""
    checks: int
    """Number of places in its code, helpers included, where a check of its own can fail."""
    files: tuple[str, ...]
    """Every file that its code consists of, relative to the suites' base."""
    saved: int | None
    """Modification time of its file at collection, in nanoseconds."""
    fixtures: tuple[str, ...] = ()
    """Names of every fixture that it uses, directly or not."""
    no_contact: tuple[str, ...] = ()
    """Services that it need not contact: `service("x", no_contact="reason")`."""
    full: str = ""
    """Its name with the values of its parameters; never in a record."""
    hosts: tuple[str, ...] = ()
    """Values of its parameters that may be host names; never in a record."""
    claims: tuple[Claim, ...] = ()
    """Claims of documents that the test states: `claim("A8", "…")`."""


class Collection(Struct, frozen=True, kw_only=True):
    """The tests of the stack that one pytest collected, and the files that it could not collect."""

    tests: tuple[Collected, ...] = ()
    errors: tuple[BrokenFile, ...] = ()
    """Files of the suites that cannot be collected, or why none of them can."""
    hidden: tuple[HiddenFile, ...] = ()
