"""Credit follows a container only along declared moves without a gap."""

from pathlib import Path

import pytest
from msgspec import convert, to_builtins

from stacktest.core.model import Dependency, Service, Stack
from stacktest.core.records.common import ContainerRef
from stacktest.core.runs.moves import Containers, Move, dependants_of, explains, longest_moves
from tests.support.stack_simulator import StackSimulator


def at(number: int) -> Containers:
    return (ContainerRef(container="c", image="i", started_at=f"t{number}"),)


def move(
    before: int, after: int, service: str = "redis", moved: str = "redis", kind: str = "restart"
) -> Move:
    return Move(service=moved, kind=kind, before={service: at(before)}, after={service: at(after)})


def test_of_each_kind_the_longest_move_of_the_service_counts() -> None:
    moves = [
        Move(service=service, kind=kind, seconds=seconds)
        for service, kind, seconds in [
            ("redis", "stop", 0.5),
            ("redis", "stop", 2.0),
            ("redis", "start", None),
            ("app", "stop", 9.0),
        ]
    ]
    assert longest_moves(moves, "redis") == {"stop": 2000}
    assert longest_moves(moves, "caddy") == {}


def test_without_a_move_nothing_may_change() -> None:
    assert explains((), "redis", at(1), at(1))
    assert not explains((), "redis", at(1), at(2))


def test_moves_lead_from_the_first_to_the_last_without_a_gap() -> None:
    assert explains((move(1, 2), move(2, 3)), "redis", at(1), at(3))
    assert not explains((move(1, 2), move(3, 4)), "redis", at(1), at(4)), "a gap between"
    assert not explains((move(2, 3),), "redis", at(1), at(3)), "a gap before"
    assert not explains((move(1, 2),), "redis", at(1), at(3)), "a gap after"
    assert not explains((move(2, 3), move(1, 2)), "redis", at(1), at(3)), "another order"


def test_a_move_explains_the_service_and_its_dependants_and_nobody_else() -> None:
    along = move(1, 2, service="app", moved="redis")
    assert explains((along,), "app", at(1), at(2))
    assert not explains((along,), "redis", at(1), at(2))
    assert not explains((along,), "other", at(1), at(2))


@pytest.mark.parametrize("service", ["redis", "app"])
@pytest.mark.parametrize(
    ("kinds", "is_explained"),
    [
        (["variant", "variant_end"], True),
        (["variant", "restart", "variant_end"], True),
        (["variant_end"], True),
        (["variant", "recreate"], False),
        (["variant", "variant", "variant_end"], False),
        (["variant"], False),
    ],
)
def test_a_variant_that_nobody_ended_is_a_gap(
    service: str, kinds: list[str], is_explained: bool
) -> None:
    moves = [move(n, n + 1, service=service, kind=kind) for n, kind in enumerate(kinds)]
    assert explains(moves, service, at(0), at(len(kinds))) is is_explained


def test_a_move_is_read_back_as_it_was_written() -> None:
    assert convert(to_builtins(move(1, 2)), Move) == move(1, 2)


def test_dependants_are_found_at_any_distance() -> None:
    def needing(name: str, *needs: str) -> Service:
        return Service(name=name, depends_on=tuple(Dependency(service=need) for need in needs))

    services = [needing("db"), needing("app", "db"), needing("web", "app"), needing("other")]
    stack = Stack(name="t", root=Path(), services={item.name: item for item in services})
    assert dependants_of(stack, "db") == ("app", "web")
    assert dependants_of(stack, "web") == ()


class Moving:
    """A simulated stack whose container is replaced while its tests run."""

    def __init__(self, root: Path) -> None:
        self.simulator = StackSimulator(root)
        self.redis = self.simulator.add("redis")
        self.app = self.simulator.add("app", depends_on=("redis",))
        self.declared: list[Move] = []

    def recreate(self, *services: str, declared: bool = True) -> None:
        names = services or ("redis",)
        before = {name: self.simulator.services[name].containers for name in names}
        for name in names:
            self.simulator.services[name].recreate()
        after = {name: self.simulator.services[name].containers for name in names}
        if declared:
            self.declared.append(
                Move(service=names[0], kind="recreate", before=before, after=after)  # type: ignore[arg-type]
            )

    def run(self, *steps: tuple[tuple[str, ...], bool]) -> tuple[set[str], dict[str, str]]:
        def meanwhile() -> None:
            for services, declared in steps:
                self.recreate(*services, declared=declared)

        ran = self.simulator.run(meanwhile=meanwhile, moves=lambda: tuple(self.declared))
        return ran.credited(), dict(ran.refused)


BOTH = {"redis", "app"}
REDIS, ALONG = ("redis",), ("redis", "app")


@pytest.mark.parametrize(
    ("steps", "credited"),
    [
        ([], BOTH),
        ([(REDIS, True)], BOTH),
        ([(REDIS, True), (REDIS, True)], BOTH),
        ([(ALONG, True)], BOTH),
        ([(REDIS, False)], {"app"}),
        ([(REDIS, True), (REDIS, False)], {"app"}),
        ([(REDIS, False), (REDIS, True)], {"app"}),
        ([(REDIS, True), (REDIS, False), (REDIS, True)], {"app"}),
        ([(REDIS, True), (("app",), False)], {"redis"}),
    ],
)
def test_one_undeclared_restart_costs_that_service_its_pass_and_nobody_elses(
    tmp_path: Path, steps: list[tuple[tuple[str, ...], bool]], credited: set[str]
) -> None:
    moving = Moving(tmp_path)
    passed, refused = moving.run(*steps)
    assert passed == credited
    for name in BOTH - credited:
        assert refused[name] == "its container was replaced or restarted during its tests"


def test_a_pass_names_the_containers_that_were_there_last(tmp_path: Path) -> None:
    moving = Moving(tmp_path)
    moving.run((REDIS, True))
    last_pass = moving.simulator.ledger.read("redis").last_pass
    assert last_pass.live == moving.redis.containers  # type: ignore[union-attr]


def test_a_move_excuses_no_other_change(tmp_path: Path) -> None:
    moving = Moving(tmp_path)

    def meanwhile() -> None:
        moving.recreate()
        moving.redis.edit("image", "another")

    ran = moving.simulator.run(meanwhile=meanwhile, moves=lambda: tuple(moving.declared))
    assert "redis" not in ran.credited()
    assert ran.refused["redis"].startswith("it changed while its tests ran")
