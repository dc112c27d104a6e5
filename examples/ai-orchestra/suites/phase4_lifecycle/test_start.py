"""The stack starts in order, becomes healthy, and keeps to its limits."""

from itertools import pairwise

import pytest

GIB = 2**30
ORDER = ["ollama", "ai-orchestra", "dashboard", "nginx", "prometheus", "grafana"]
CHECKED = [*ORDER, "postgres", "redis"]
LIMITS = {
    "nginx": (1, GIB),
    "ai-orchestra": (2, 4 * GIB),
    "dashboard": (1, 2 * GIB),
    "ollama": (4, 8 * GIB),
    "postgres": (2, 2 * GIB),
    "redis": (1, GIB // 2),
    "grafana": (1, GIB),
}


def each(names):
    """One test for each service, which names it."""
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=pytest.mark.service(name)) for name in names]
    )


@pytest.mark.service(*ORDER)
@pytest.mark.claim("A23")
def test_it_starts_in_order(container):
    for before, after in pairwise(ORDER):
        assert container(after).started >= container(before).healthy_since, f"{after} did not wait"


@pytest.mark.claim("A24")
@each(CHECKED)
def test_it_becomes_healthy(container, within, name):
    for attempt in within(10):
        with attempt:
            assert container(name).health == "healthy"


@pytest.mark.claim("A26")
@each(LIMITS)
def test_it_has_its_limits(container, name):
    limits = container(name).limits
    assert (limits.cpus, limits.memory) == LIMITS[name]


@pytest.mark.claim("A29")
@each([*CHECKED, "certbot"])
def test_it_does_not_run_as_root(inside, name):
    answer = inside(name).run("id", "-u")
    assert answer.code == 0
    assert answer.out.strip() != "0"
