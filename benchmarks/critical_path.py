"""Bring-up of a whole stack beside its own critical path: what more parallelism could not save.

    python -m benchmarks.critical_path [--stack fixtures/stacks/reference]

The critical path is the longest chain of services of which each waits for the one before, each with
the seconds that the engine needs to start it and those until it is ready, as the same run measured
them. All of the stack is started from nothing, from the plan until the last service is ready, and
taken away again; refused where containers of it exist. Needs the stack's images and certificate
(`make images`).
"""

import argparse
import sys
import time
from collections.abc import Mapping
from functools import cache

from stacktest.adapters.engine.client import Engine
from stacktest.bootstrap.context import find_project, new_run_id
from stacktest.bootstrap.start import starter
from stacktest.core.plan import Plan, plan_services
from stacktest.core.progress import Progress

LIMIT = 1.10
"""Of the critical path, how much a bring-up may take."""


def main() -> int:
    """0 when the limit holds, 1 when it is missed, 2 when it cannot be measured here."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stack", default="fixtures/stacks/reference")
    project = find_project(parser.parse_args().stack)
    if project.engine.containers(project.stack.name):
        print(f"containers of {project.stack.name} exist: docker compose down", file=sys.stderr)
        return 2
    plan = plan_services(project.stack, project.stack.services)
    bring_up = starter(project, Progress(), run_id=new_run_id(), mode="auto", keep=False)
    starts = time_starts(project.engine)
    begun = time.perf_counter()
    up = bring_up(plan)
    whole = time.perf_counter() - begun
    up.stop()
    if up.failures:
        print(f"not up: {', '.join(sorted(up.failures))}", file=sys.stderr)
        return 2
    started = {name: max(map(starts.__getitem__, ids)) for name, ids in up.started.items()}
    seconds = {name: started[name] + up.seconds.get(name, 0.0) for name in started}
    path = critical_path(plan, seconds)
    chain = " -> ".join(f"{name} {started[name]:.1f} + {up.seconds[name]:.1f}" for name in path)
    longest = sum(seconds[name] for name in path)
    print(f"     {len(seconds)} services; critical path {longest:.1f} s (start + ready): {chain}")
    return report(whole, longest)


def time_starts(engine: Engine) -> Mapping[str, float]:
    """Container → seconds of its start, filled while the engine is asked to start containers."""
    seconds: dict[str, float] = {}
    start = engine.start

    def timed(container: str) -> str:
        begun = time.perf_counter()
        refused = start(container)
        seconds[container] = time.perf_counter() - begun
        return refused

    engine.start = timed  # type: ignore[method-assign, assignment]
    return seconds


def critical_path(plan: Plan, seconds: Mapping[str, float]) -> tuple[str, ...]:
    """The services of the longest chain, in the order in which they start."""

    def length(chain: tuple[str, ...]) -> float:
        return sum(seconds.get(name, 0.0) for name in chain)

    @cache
    def chain_to(service: str) -> tuple[str, ...]:
        before = [chain_to(need.service) for need in plan.waits_of(service)]
        return (*max(before, key=length, default=()), service)

    return max(map(chain_to, plan.services), key=length)


def report(whole: float, longest: float) -> int:
    """Print the ratio; 1 when it is above the limit."""
    ratio = whole / longest
    verdict = "ok  " if ratio <= LIMIT else "MISS"
    print(f"{verdict} bring-up {whole:.1f} s, {ratio:.2f} of the critical path (<= {LIMIT:.2f})")
    return 0 if ratio <= LIMIT else 1


if __name__ == "__main__":
    raise SystemExit(main())
