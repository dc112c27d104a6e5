"""Services that could not be started in a run, and the services that fail along with them.

dependency of a service              the service fails if the dependency fails
depends_on, required (the default)   yes
depends_on, required: false          no: Compose starts the service without it, too
uses                                 yes

A service that came up and did not stay up counts as not up, too, with its later state as the cause.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from stacktest.core.changed_copy import replace
from stacktest.core.records.common import Run
from stacktest.core.records.documents import FailedStart

CODE = "SK-NOT-READY"
FELL = "was ready and did not stay so"
"""The clause about a service that came up and did not stay up."""


class StartFailure(Struct, frozen=True, kw_only=True):
    """Why one service is not up in this run, in the form of `errors`: what, where, hint, code."""

    service: str
    cause: str
    """One sentence without secrets that begins with the service's name: `grafana exited 3`."""
    where: str = ""
    hint: str = ""
    code: str = CODE
    because_of: str = ""
    """The service that failed, if this one needs it; empty: this service failed itself."""
    details: tuple[str, ...] = ()
    """State, health output and last log lines, without secrets."""
    kind: str = ""
    """The cause without messages of Compose and the engine; empty: `cause` contains none."""
    has_ended: bool = False
    """Whether its program ended by itself, so that a longer timeout would not help."""

    @property
    def recorded(self) -> str:
        """The cause without messages of other programs, for records."""
        return self.kind or self.cause

    def lines(self) -> list[str]:
        """The failure as printed: what, where, details, hint."""
        lines = [f"error: {self.cause}"]
        lines += [f"  at: {self.where}"] if self.where else []
        lines += [f"  {line}" for line in self.details]
        lines += [f"  hint: {self.hint}"] if self.hint else []
        return lines


def whole_failure(
    cause: str,
    services: Iterable[str],
    culprit: str,
    needs: Mapping[str, Collection[str]],
    *,
    kind: str = "",
    hint: str = "",
) -> dict[str, StartFailure]:
    """Failures when a bring-up ended with one error: the culprit and its dependants, or all.

    `culprit` is empty if no single service is the cause: then no planned service is up.
    """
    failures = (
        StartFailure(service=name, cause=cause, kind=kind, hint=hint)
        for name in ([culprit] if culprit else services)
    )
    return with_dependants(failures, needs)


def fallen_services(fallen: Mapping[str, str]) -> dict[str, StartFailure]:
    """The failures of services that were ready and are not any more; `fallen` has their states."""
    return {
        name: StartFailure(
            service=name,
            cause=f"{name} {FELL}: {why}",
            kind=f"{name} {FELL}: {why.partition(': ')[0]}",
        )
        for name, why in fallen.items()
    }


def cleaned(
    failures: Mapping[str, StartFailure], clean: Callable[[str], str]
) -> dict[str, StartFailure]:
    """The failures without secrets."""
    return {
        name: replace(failure, cause=clean(failure.cause), kind=clean(failure.kind))
        for name, failure in failures.items()
    }


def failed_start_of(failure: StartFailure, run: Run, *, whole: bool) -> FailedStart:
    """The failure in the form of a record; `run` has its `finished` time."""
    return FailedStart(
        run=run.id,
        seq=run.seq,
        at=run.finished or run.started,
        cause=failure.recorded,
        because_of=failure.because_of,
        whole=whole,
    )


def by_cause(failures: Mapping[str, StartFailure]) -> tuple[StartFailure, ...]:
    """One failure per cause, naming all services that have it; dependants are left out."""
    groups: dict[tuple[str, str, str], list[StartFailure]] = {}
    for failure in failures.values():
        if not failure.because_of:
            key = (failure.cause, failure.hint, failure.code)
            groups.setdefault(key, []).append(failure)
    return tuple(map(_joined, groups.values()))


def with_dependants(
    failures: Iterable[StartFailure], needs: Mapping[str, Collection[str]]
) -> dict[str, StartFailure]:
    """Service → its failure, including services that need a failed one, directly or not.

    `needs` are the required dependencies of each planned service. A dependant's failure names the
    service that is the cause.
    """
    known = {failure.service: failure for failure in failures}
    queue = sorted(known)
    while queue:
        failed = known[queue.pop(0)]
        root = failed.because_of or failed.service
        for name in sorted(needs):
            if name not in known and failed.service in needs[name]:
                known[name] = StartFailure(
                    service=name,
                    cause=f"{name} needs {failed.service}, which is not up: {known[root].cause}",
                    kind=f"{name} needs {failed.service}, which is not up: {known[root].recorded}",
                    where=known[root].where,
                    hint=known[root].hint,
                    code=known[root].code,
                    because_of=root,
                )
                queue.append(name)
    return known


# Private


def _joined(failures: Sequence[StartFailure]) -> StartFailure:
    """One failure for several services, without details of single containers."""
    first, *others = failures
    if not others:
        return first
    names = ", ".join(sorted(failure.service for failure in failures))
    return replace(first, where=f"services {names}", details=())
