"""What a bring-up says, line by line and as a wall, compared as whole text."""

from typing import Any

import pytest

from stacktest.core.model import Dependency
from stacktest.core.plan import Plan, Step
from stacktest.reports.terminal.progress_display import ProgressLines, is_lively
from stacktest.reports.terminal.startup import (
    SHAPES,
    BootState,
    display_lines,
    failed_line,
    names,
    planned_line,
    waiting_line,
)

SERVICES = [
    "alertmanager", "authelia", "browserless", "caddy", "grafana", "jellyfin", "kopia",
    "librechat", "loki", "mariadb", "mongodb", "nextcloud", "outline", "paperless", "redis",
]  # fmt: skip


def boots() -> list[BootState]:
    found = [BootState(service=name, word="ready", seconds=1) for name in SERVICES[5:]]
    return [
        *found,
        BootState(service="caddy", word="ran already"),
        BootState(service="authelia", word="starting", seconds=3),
        BootState(service="grafana", word="waiting", why="for loki"),
        BootState(
            service="alertmanager", word="starting", seconds=41, usual=12, why="health_status starting"
        ),
        BootState(service="browserless", word="failed", why="exited 1"),
    ]  # fmt: skip


def wall(width: int, height: int = 24, seconds: int = 101) -> str:
    return "\n".join(display_lines(boots(), width=width, height=height, seconds=seconds))


def test_the_wall_shows_every_service_and_the_worst_first() -> None:
    assert (
        wall(80)
        == """\
1:41  ✖ 1 failed  ◐ 2 starting  ○ 1 waiting  ✔ 10 ready  · 1 ran already
✖ browserless   ◐ alertmanager  ◐ authelia      ○ grafana       ✔ jellyfin
✔ kopia         ✔ librechat     ✔ loki          ✔ mariadb       ✔ mongodb
✔ nextcloud     ✔ outline       ✔ paperless     ✔ redis         · caddy
✖ browserless   failed    exited 1
◐ alertmanager  starting  41 s, usually 12.0 s; health_status starting
◐ authelia      starting  3 s
○ grafana       waiting   for loki"""
    )


def test_the_wall_is_wider_where_there_is_room() -> None:
    assert (
        wall(140)
        == """\
1:41  ✖ 1 failed  ◐ 2 starting  ○ 1 waiting  ✔ 10 ready  · 1 ran already
✖ browserless   ◐ alertmanager  ◐ authelia      ○ grafana       ✔ jellyfin      ✔ kopia         ✔ librechat     ✔ loki
✔ mariadb       ✔ mongodb       ✔ nextcloud     ✔ outline       ✔ paperless     ✔ redis         · caddy
✖ browserless   failed    exited 1
◐ alertmanager  starting  41 s, usually 12.0 s; health_status starting
◐ authelia      starting  3 s
○ grafana       waiting   for loki"""
    )


def test_on_a_small_terminal_the_best_are_counted_and_the_worst_are_seen() -> None:
    shown = wall(40, height=9)
    assert (
        shown
        == """\
1:41  ✖ 1 failed  ◐ 2 starting  ○ 1 wai…
✖ browserless   ◐ alertmanager
◐ authelia      ○ grafana
✔ jellyfin      ✔ kopia
✔ librechat     … and 8 more
✖ browserless   failed    exited 1
◐ alertmanager  starting  41 s, usually…
◐ authelia      starting  3 s"""
    )


@pytest.mark.parametrize("height", [4, 10, 24, 60])
@pytest.mark.parametrize("width", [20, 40, 80, 140])
def test_the_wall_never_outgrows_its_terminal(width: int, height: int) -> None:
    lines = wall(width, height).splitlines()
    assert len(lines) < height
    assert max(map(len, lines)) <= width


def test_every_word_has_a_shape_of_its_own() -> None:
    assert len(set(SHAPES.values())) == len(SHAPES)


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (80, "alpha, beta, gamma, delta"),
        (25, "alpha, beta, gamma, delta"),
        (24, "alpha, beta and 2 others"),
        (5, "alpha and 3 others"),
    ],
)
def test_names_as_far_as_there_is_room(room: int, said: str) -> None:
    assert names(["alpha", "beta", "gamma", "delta"], room) == said


@pytest.mark.parametrize(
    ("missing", "running", "said"),
    [
        (["caddy", "redis"], 0, "  starting 2: caddy, redis"),
        (["caddy"], 3, "  starting 1: caddy · 3 run already, used as they are"),
        ([], 3, "  3 run already, used as they are"),
    ],
)
def test_the_plan_in_one_line(missing: list[str], running: int, said: str) -> None:
    assert planned_line(missing, running, 80) == said


def test_what_is_waited_for_tells_a_reason_once() -> None:
    waiting = dict.fromkeys(SERVICES[:7], "being pulled, built or created")
    assert (
        waiting_line(30, {**waiting, "redis": "health is starting"}, {"redis": 1.25})
        == "  waiting  30 s for alertmanager, authelia, browserless, caddy, grafana and 2 others"
        " (being pulled, built or created); redis (health is starting, usually ready after 1.2 s)"
    )


def test_who_failed_is_named_once() -> None:
    assert failed_line("redis", "redis exited 1", removed=True).count("redis") == 1
    said = failed_line("redis", "out of memory", removed=False)
    assert said == "  failed   redis: out of memory; nothing is removed"
    assert failed_line("", "KeyboardInterrupt", removed=True).startswith("  failed   Keyboard")


# The plain lines


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def plan(**waits: Any) -> Plan:
    steps = tuple(Step(service=name, phase="", reasons=()) for name in waits)
    needs = {name: tuple(Dependency(service=one) for one in need) for name, need in waits.items()}
    return Plan(steps=steps, waits=needs)


def test_lines_of_a_bring_up_that_fails() -> None:
    said: list[str] = []
    clock = Clock()
    lines = ProgressLines(said.append, clock=clock)
    lines.planned(plan(caddy=(), redis=(), grafana=("redis",)), ["redis", "grafana"], lambda _: 2.0)
    lines.starting("redis")
    clock.now += 1
    lines.ready("redis", 1.0, "healthy")
    lines.starting("grafana")
    lines.heartbeat(30, {"grafana": "health is starting"})
    lines.failed("grafana", "grafana exited 1", removed=True)
    assert said == [
        "  starting 2: redis, grafana · 1 run already, used as they are",
        "  ready    redis      1.0 s  healthy",
        "  waiting  30 s for grafana (health is starting, usually ready after 2.0 s)",
        "  failed   grafana exited 1; what it created is removed",
    ]
    assert [(span.name, span.offset, span.word) for span in lines.boots] == [
        ("caddy", 0, "already running"),
        ("redis", 0.0, "healthy"),
    ]


def test_a_cause_that_others_have_too_is_said_once() -> None:
    lines_said: list[str] = []
    lines = ProgressLines(lines_said.append, clock=Clock())
    lines.planned(plan(a=(), blog=(), wiki=()), ["a", "blog", "wiki"], lambda _: None)
    cause = "the certificate of *.home.lan ended yesterday"
    for name in ("blog", "wiki", "a"):
        lines.not_started(name, cause, ["app"] if name == "wiki" else [])
    lines.not_started("db", "db exited 1", [])
    assert lines_said[1:] == [
        f"  failed   blog: {cause}; the others go on",
        "  failed   wiki: as blog; not up either: app",
        "  failed   a: as blog; the others go on",
        "  failed   db exited 1; the others go on",
    ]


def test_the_picture_says_for_whom_a_service_waits() -> None:
    clock = Clock()
    lines = ProgressLines(lambda _: None, clock=clock)
    lines.planned(plan(redis=(), grafana=("redis",)), ["redis", "grafana"], lambda _: None)
    assert list(lines._picture(80, 24))[2:] == [
        "○ grafana  waiting   for redis",
        "○ redis    waiting   to be created",
    ]
    lines.starting("redis")
    lines.changed("redis", "die (exit 3)")
    clock.now += 5
    assert list(lines._picture(80, 24))[2:] == [
        "◐ redis    starting  5 s; die (exit 3)",
        "○ grafana  waiting   for redis",
    ]
    lines.ready("redis", 5.0, "healthy")
    assert list(lines._picture(80, 24))[2:] == ["○ grafana  waiting   to be created"]


class Stream:
    def __init__(self, encoding: str = "UTF-8", *, tty: bool = True) -> None:
        self.encoding, self.tty = encoding, tty

    def isatty(self) -> bool:
        return self.tty


@pytest.mark.parametrize(
    ("stream", "environ", "lively"),
    [
        (Stream(), {}, True),
        (Stream(), {"NO_COLOR": ""}, True),
        (Stream(), {"NO_COLOR": "1"}, False),
        (Stream(), {"CI": "true"}, False),
        (Stream(), {"TERM": "dumb"}, False),
        (Stream(tty=False), {"FORCE_COLOR": "1"}, False),
        (Stream("ascii"), {}, False),
    ],
)
def test_who_is_drawn_to(stream: Stream, environ: dict[str, str], lively: bool) -> None:
    assert is_lively(stream, environ) is lively
