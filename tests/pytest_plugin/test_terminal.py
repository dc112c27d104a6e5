"""What a person reads in the terminal of a run, whole, at two widths; nothing real is started."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.ledger.run_texts import read_texts
from stacktest.reports.terminal.run import failure_lines
from stacktest.reports.terminal.startup import BootState, display_lines
from tests.support.diagnosed import facts, find, refused, running
from tests.support.known import known
from tests.support.terminal import Terminal

pytestmark = pytest.mark.processes

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = {
    "caddy": {},
    "redis": {"boot": 2.5},
    "grafana": {"needs": ["redis"], "boot": 12},
    "loki": {},
}
PHASES = {"phase0": "Front door", "phase4": "Datastores"}


@pytest.fixture
def small(shop: Any) -> Any:
    """Four services, one of which runs already; the test of redis fails."""
    shop.story(
        services=SERVICES,
        running=["caddy"],
        phases=PHASES,
        heartbeat=[30, {"grafana": "health is starting"}],
    )
    shop.about("phase0_door", "caddy")
    shop.about("phase4_data", "redis", body="assert 6 * 7 == 54")
    shop.about("phase4_data", "grafana")
    shop.about("phase5_logs", "loki")
    return shop


def said(done: pytest.RunResult) -> str:
    """The output without what differs between machines and runs."""
    text = done.stdout.str().partition("\ncollected ")[2] or done.stdout.str()
    return re.sub(r"in \d+\.\d+s( \([\d:]+\))?", "in TIME", text)


NARROW = """\
4 items / 1 deselected / 3 selected
stacktest: shop · 3 tests · 3 services planned
  starting 2: redis, grafana · 1 run already, used as they are
  waiting  30 s for grafana (health is starting)
  ready    redis      2.5 s  healthy
  ready    grafana   12.0 s  healthy

suites/phase0_door/test_caddy.py .                                       [ 33%]
suites/phase4_data/test_grafana.py .                                     [ 66%]
suites/phase4_data/test_redis.py F
FAILED suites/phase4_data/test_redis.py::test_it_answers
  assert (6 * 7) == 54
  evidence: reports/evidence/20260106T000000-fake00/suites-phase4_data-test_redis.py-test_it_answers-174cb74d/index.html
  Reproduce: pytest suites/phase4_data/test_redis.py::test_it_answers
                                                                         [100%]
=================================== FAILURES ===================================
_______________________________ test_it_answers ________________________________

touch = <function>

    @pytest.mark.service("redis")
    def test_it_answers(touch):
        touch("redis")
>       assert 6 * 7 == 54
E       assert (6 * 7) == 54

suites/phase4_data/test_redis.py:8: AssertionError
----------------------------------- Evidence -----------------------------------
reports/evidence/20260106T000000-fake00/suites-phase4_data-test_redis.py-test_it_answers-174cb74d/index.html
Reproduce: pytest suites/phase4_data/test_redis.py::test_it_answers
================================== stacktest ===================================
phase0    Front door  1 passed
phase4    Datastores  1 failed, 1 passed
partial   3 of 4 tests, selected by -m 'phase0 or phase4'; services with other
          tests keep what they had
credited  caddy
failing   redis: suites/phase4_data/test_redis.py::test_it_answers failed:
          assert (6 * 7) == 54
never_run grafana: its dependency redis fails its own tests
never_run loki
status    1 functional, 2 never_run, 1 failing
next      stacktest why redis
=========================== short test summary info ============================
FAILED suites/phase4_data/test_redis.py::test_it_answers - assert (6 * 7) == 54
================== 1 failed, 2 passed, 1 deselected in TIME ==================="""

WIDE = """\
4 items / 1 deselected / 3 selected
stacktest: shop · 3 tests · 3 services planned
  starting 2: redis, grafana · 1 run already, used as they are
  waiting  30 s for grafana (health is starting)
  ready    redis      2.5 s  healthy
  ready    grafana   12.0 s  healthy

suites/phase0_door/test_caddy.py .                                                                                                   [ 33%]
suites/phase4_data/test_grafana.py .                                                                                                 [ 66%]
suites/phase4_data/test_redis.py F
FAILED suites/phase4_data/test_redis.py::test_it_answers
  assert (6 * 7) == 54
  evidence: reports/evidence/20260106T000000-fake00/suites-phase4_data-test_redis.py-test_it_answers-174cb74d/index.html
  Reproduce: pytest suites/phase4_data/test_redis.py::test_it_answers
                                                                                                                                     [100%]
================================================================= FAILURES =================================================================
_____________________________________________________________ test_it_answers ______________________________________________________________

touch = <function>

    @pytest.mark.service("redis")
    def test_it_answers(touch):
        touch("redis")
>       assert 6 * 7 == 54
E       assert (6 * 7) == 54

suites/phase4_data/test_redis.py:8: AssertionError
----------------------------------------------------------------- Evidence -----------------------------------------------------------------
reports/evidence/20260106T000000-fake00/suites-phase4_data-test_redis.py-test_it_answers-174cb74d/index.html
Reproduce: pytest suites/phase4_data/test_redis.py::test_it_answers
================================================================ stacktest =================================================================
phase0    Front door  1 passed
phase4    Datastores  1 failed, 1 passed
partial   3 of 4 tests, selected by -m 'phase0 or phase4'; services with other tests keep what they had
credited  caddy
failing   redis: suites/phase4_data/test_redis.py::test_it_answers failed: assert (6 * 7) == 54
never_run grafana: its dependency redis fails its own tests
never_run loki
status    1 functional, 2 never_run, 1 failing
next      stacktest why redis
========================================================= short test summary info ==========================================================
FAILED suites/phase4_data/test_redis.py::test_it_answers - assert (6 * 7) == 54
================================================ 1 failed, 2 passed, 1 deselected in TIME ================================================="""


def test_the_guide_shows_what_a_run_says() -> None:
    page = (ROOT / "docs/how-to/read-the-output-of-a-run.md").read_text()
    blocks = re.findall(r"^```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (drawn,) = (block for block in blocks if "✖" in block)
    (diagnosed,) = (block for block in blocks if "→" in block)
    assert all(block in NARROW + "\n" for block in blocks if block not in {drawn, diagnosed})
    diagnosis = known(find(facts(wiki=running("wiki", open_ports=frozenset({8080}))), refused()))
    assert diagnosed.splitlines() == [
        *failure_lines(
            "suites/phase1_apps/test_wiki.py::test_it_answers",
            "assert 502 == 200",
            evidence="reports/evidence/…/index.html",
            again="pytest suites/phase1_apps/test_wiki.py::test_it_answers",
            diagnosis=diagnosis.sentence,
            command=diagnosis.hint,
        )
    ]
    boots = [
        BootState(service=name, word="ready") for name in ("caddy", "loki", "mariadb", "redis")
    ]
    boots += [
        BootState(service="prometheus", word="ran already"),
        BootState(service="outline", word="waiting", why="for redis"),
        BootState(service="grafana", word="starting", seconds=41, usual=12),
        BootState(service="browserless", word="failed", why="exited 1"),
    ]
    assert drawn.splitlines() == list(display_lines(boots, width=80, height=24, seconds=41))


@pytest.mark.parametrize(("columns", "expected"), [(80, NARROW), (140, WIDE)])
def test_a_run_from_its_header_to_its_next_command(small: Any, columns: int, expected: str) -> None:
    done = small.run("-m", "phase0 or phase4", columns=columns)
    assert done.ret == 1
    text = re.sub(r"<function touch.*>", "<function>", said(done))
    assert text == expected


def test_a_service_that_does_not_become_ready_is_told_with_its_usual_time(shop: Any) -> None:
    shop.story(services={"redis": {"boot": 2.5}})
    shop.about("phase4_data", "redis")
    for boot in (2.5, 3.5, 30):
        shop.story(services={"redis": {"boot": boot}})
        assert shop.run().ret == 0
    shop.story(
        services={"redis": {"fails": "was not ready within 120 s: health is starting"}},
        heartbeat=[30, {"redis": "health is starting"}],
    )
    done = shop.run()
    assert done.ret == 10
    assert (
        said(done)
        == """\
1 item
stacktest: shop · 1 test · 1 service planned
  starting 1: redis
  waiting  30 s for redis (health is starting, usually ready after 3.5 s)
  failed   redis was not ready within 120 s: health is starting; what it created is removed
error: redis was not ready within 120 s: health is starting
  at: service redis
  hint: stacktest up redis; docker compose logs redis
  code: SK-NOT-READY

============================ no tests ran in TIME =============================
!!!!!!!!!!!! _pytest.outcomes.Exit: the stack did not become ready !!!!!!!!!!!!!"""
    )


PARTIAL = {
    "by a keyword": (
        ["-k", "caddy or redis"],
        "partial   2 of 4 tests, selected by -k 'caddy or redis'; services with other",
    ),
    "by the first failure": (
        ["-x"],
        "partial   ended early after 3 of 4 tests: stopping after 1 failures",
    ),
    "by a file that cannot be read": (
        ["--continue-on-collection-errors"],
        "partial   suites/phase6_x/test_broken.py:5 cannot be collected:",
    ),
}


@pytest.mark.parametrize("case", PARTIAL)
def test_a_partial_run_is_told_in_a_sentence(small: Any, case: str) -> None:
    arguments, expected = PARTIAL[case]
    if "collection" in arguments[0]:
        small.suite(
            "phase6_x/test_broken.py",
            """
            import nothing_of_that_name
            pytestmark = pytest.mark.service("redis")
            """,
        )
    assert expected in small.run(*arguments).outlines


def test_an_interrupted_run_says_that_nobody_earns_credit(small: Any) -> None:
    small.about("phase4_data", "redis", body="raise KeyboardInterrupt")
    done = small.run()
    assert done.ret == 2
    assert "partial   interrupted after 2 of 4 tests: no service is credited" in done.outlines
    assert small.document("caddy", "last_pass.json") is None


def test_what_was_proved_before_and_keeps_it(small: Any) -> None:
    small.suite(
        "phase0_door/test_more.py",
        """
        @pytest.mark.service("caddy")
        def test_more(touch):
            touch("caddy")
            assert callable(touch)
        """,
    )
    small.run()
    done = small.run("-k", "test_it_answers and caddy", columns=140)
    assert (
        "no credit caddy: 1 of 2 tests that name caddy did not run: deselected by -k "
        "'test_it_answers and caddy'; the earlier pass counts"
    ) in done.outlines


# pytest's own options, and other plugins


def test_quiet_is_quiet(small: Any) -> None:
    done = small.run("-q")
    assert done.outlines[0] == "..F.".ljust(72) + " [100%]"
    assert "Reproduce: pytest suites/phase4_data/test_redis.py::test_it_answers" in done.outlines


def test_without_a_header(small: Any) -> None:
    text = said(small.run("--no-header"))
    assert "services planned" not in text
    assert "\n  starting 3: redis, grafana, loki" in text


def test_verbose_names_each_test_once(small: Any) -> None:
    lines = small.run("-v").outlines
    place = lines.index(
        "suites/phase4_data/test_redis.py::test_it_answers FAILED                 [ 75%]"
    )
    assert lines[place + 1] == "  assert (6 * 7) == 54"


def test_two_workers_say_it_once_and_in_one_place(small: Any) -> None:
    done = small.run("-n", "2")
    assert done.ret == 1
    lines = done.outlines
    assert lines.count("stacktest: shop · 4 tests · 4 services planned") == 1
    again = "Reproduce: pytest suites/phase4_data/test_redis.py::test_it_answers"
    assert lines.count(f"  {again}") == 1
    assert lines.count(again) == 1
    assert "status    2 functional, 1 never_run, 1 failing" in lines


def test_a_retry_is_told_as_flaky_and_its_first_failure_is_no_failure(shop: Any) -> None:
    shop.story(services={"redis": {}})
    shop.suite(
        "phase4_data/test_redis.py",
        """
        import pathlib

        @pytest.mark.service("redis")
        def test_at_last(touch):
            touch("redis")
            first = pathlib.Path("tried")
            there = first.exists()
            first.touch()
            assert there
        """,
    )
    done = shop.run("--reruns", "1")
    assert done.ret == 0
    assert "Reproduce:" not in done.stdout.str()
    assert done.outlines[-4:-1] == [
        "never_run redis: it passed only on a retry, and never cleanly as it is now",
        "status    1 never_run",
        "next      stacktest why redis",
    ]


def test_the_html_report_of_another_plugin_has_the_evidence(small: Any) -> None:
    done = small.run("--html=report.html", "--self-contained-html")
    assert done.ret == 1
    page = (small.path / "report.html").read_text()
    assert "reports/evidence/20260106T000000-fake00/" in page
    assert "Reproduce: pytest suites/phase4_data/test_redis.py::test_it_answers" in page


def test_without_a_terminal_reporter(small: Any) -> None:
    done = small.run("-p", "no:terminal")
    assert done.ret == 1
    assert done.outlines == []
    assert small.document("caddy", "last_pass.json")


# A real terminal

PYTEST = [sys.executable, "-m", "pytest"]


def test_on_a_terminal_every_service_is_drawn_and_one_line_stays(small: Any) -> None:
    wait = small.hold()
    with Terminal(PYTEST, cwd=small.path) as terminal:
        drawn = terminal.until("◐ redis    starting").splitlines()
        place = next(i for i, line in enumerate(drawn) if "3 starting" in line)
        assert drawn[place].endswith("  ◐ 3 starting  · 1 ran already")
        assert drawn[place + 1] == "◐ redis    ◐ grafana  ◐ loki     · caddy"
        wait.unlink()
        assert terminal.finish() == 1
    assert "\n  ready    3 in " in terminal.seen
    assert "s, slowest: grafana 12.0 s, redis 2.5 s, loki 1.0 s\n\nsuites/" in terminal.seen
    assert "◐" not in terminal.seen
    assert "waiting" not in terminal.seen


def test_on_a_terminal_who_fails_is_named_when_the_wall_is_gone(small: Any) -> None:
    services = {**SERVICES, "grafana": {"fails": "exited 3"}}
    small.story(services=services, running=["caddy"], phases=PHASES)
    with Terminal(PYTEST, cwd=small.path) as terminal:
        # It costs grafana alone: what does not need it is tested, and redis fails its own test.
        assert terminal.finish() == 1
    lines = terminal.seen.splitlines()
    place = lines.index("  starting 3: grafana, redis, loki · 1 run already, used as they are")
    assert lines[place + 2] == "  failed   grafana exited 3; the others go on"
    error = lines.index("error: grafana exited 3")
    assert lines[error + 1 : error + 4] == [
        "  at: service grafana",
        "  hint: stacktest up grafana; docker compose logs grafana",
        "  code: SK-NOT-READY",
    ]
    assert "◐" not in terminal.seen


def test_on_a_terminal_with_workers(small: Any) -> None:
    with Terminal([*PYTEST, "-n", "2"], cwd=small.path) as terminal:
        assert terminal.finish() == 1
    lines = terminal.seen.splitlines()
    assert "stacktest: shop · 4 tests · 4 services planned" in lines
    assert any(line.startswith("  ready    3 in ") for line in lines)
    assert "◐" not in terminal.seen


PLAIN: dict[str, tuple[list[str], dict[str, str]]] = {
    "CI": ([], {"CI": "true"}),
    "NO_COLOR": ([], {"NO_COLOR": "1"}),
    "TERM=dumb": ([], {"TERM": "dumb"}),
    "--color=no": (["--color=no"], {}),
    "-q": (["-q"], {}),
}


@pytest.mark.parametrize("case", PLAIN)
def test_plain_text_where_nobody_can_or_wants_to_be_drawn_to(small: Any, case: str) -> None:
    arguments, environ = PLAIN[case]
    with Terminal([*PYTEST, *arguments], cwd=small.path, environ=environ) as terminal:
        assert terminal.finish() == 1
    # pytest itself uses colours under CI and with -q.
    assert terminal.controls <= ({"m"} if case in ("CI", "-q") else set())
    assert ("  ready    grafana   12.0 s  healthy" in terminal.seen) == (case != "-q")


def test_piped_text_is_plain(small: Any) -> None:
    assert "\x1b" not in small.run().stdout.str()


@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_engine_that_removes_nothing_costs_nobody_the_records(shop: Any, workers: str) -> None:
    shop.story(services={"caddy": {}}, stuck=True)
    shop.about("phase0_door", "caddy")
    done = shop.run("-n", workers)
    done.stdout.fnmatch_lines(["credited  caddy", "error: the container engine does not answer"])
    done.stdout.no_fnmatch_line("*INTERNALERROR*")
    assert done.ret == 0
    assert shop.document("caddy", "last_run.json")["credited"] is True


CAUSE = {
    "service": "redis",
    "sentence": "redis has 6380",
    "command": "sed -i x",
    "before": "do this",
}


def test_a_diagnosis_stands_first_here_and_in_why(small: Any) -> None:
    small.story(services=SERVICES, running=["caddy"], phases=PHASES, diagnosis=CAUSE)
    done = small.run("-m", "phase4", "--junitxml=junit.xml")
    lines = done.stdout.lines
    first = lines.index("FAILED suites/phase4_data/test_redis.py::test_it_answers")
    page = lines[first + 4].strip().removeprefix("evidence: ")
    assert lines[first + 1 : first + 4] == [
        "  redis has 6380",
        "  assert (6 * 7) == 54",
        "  hint: do this, then: sed -i x",
    ]
    assert "redis has 6380" in (small.path / page).read_text()
    assert (
        f'<property name="stacktest.evidence" value="{page}"'
        in (small.path / "junit.xml").read_text()
    )
    assert any(line.startswith("failing   redis: redis has 6380") for line in lines)
    (texts,) = read_texts(small.path)["redis"]
    assert (texts.diagnosis, texts.command) == ("redis has 6380", "do this, then: sed -i x")
    assert list(texts.evidence.values()) == [str(small.path / page)]
