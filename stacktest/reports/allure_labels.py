"""How Allure sorts the tests: epic = phase, feature = service, and links to the service.

Only labels: the gate and the states never depend on Allure.
"""

from collections.abc import Iterable, Mapping

from stacktest.core.attested import Run
from stacktest.core.model import Phase, Stack

Label = tuple[str, str]


def labels(*, services: Iterable[str], phase: Phase | None) -> tuple[Label, ...]:
    """`(("epic", "Observability"), ("feature", "grafana"), ("tag", "phase2"))`."""
    found: list[Label] = []
    if phase:
        found.append(("epic", phase.title or phase.name))
    names = sorted(set(services))
    found += [("feature", name) for name in names]
    if phase:
        found.append(("tag", phase.name))
    return tuple(found)


def links(stack: Stack, services: Iterable[str]) -> tuple[Label, ...]:
    """Address and name of each service that people can open."""
    return tuple(
        (f"https://{route.host}/", name)
        for name in sorted(set(services))
        for route in stack.routes_of(name)[:1]
        if "*" not in route.host
    )


def environment(stack: Stack, run: Run) -> Mapping[str, str]:
    """The rows of Allure's `environment.properties`."""
    rows = {"stack": stack.name, "run": run.id, "commit": run.git_commit or "none"}
    return rows | dict(sorted(run.versions.items()))
