"""Other people's formats say the same as the records, and nothing else."""

import datetime as dt
import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.freshness.gate import Blocker, Gate
from stacktest.core.freshness.states import State
from stacktest.core.phase import Phase
from stacktest.core.records.common import ContainerRef
from stacktest.core.runs.verdict import Outcome, Result
from stacktest.core.unknown import Unknown
from stacktest.reports.export import allure, ctrf, docs_data, in_toto, junit, markdown, metrics
from stacktest.reports.export.badge import badge, badge_json, badge_svg
from stacktest.reports.recorded_outcomes import recorded_outcomes
from stacktest.reports.report_data import Board
from tests.support.known import known

# Badges


def test_the_badge_counts_what_is_proved(board: Board) -> None:
    assert badge_json(badge(board)) == {
        "schemaVersion": 1,
        "label": "reference",
        "message": "28 of 36 proved",
        "color": "#b8322a",
        "isError": False,
    }


@pytest.mark.parametrize(
    ("service", "message", "color"),
    [("caddy", "functional", "#1a7a48"), ("grafana", "changed", "#8f5b00"), ("loki", "failing", "#b8322a")],
)  # fmt: skip
def test_a_service_has_a_badge_of_its_own(
    board: Board, service: str, message: str, color: str
) -> None:
    said = badge(board, service)
    assert (said.message, said.color, said.is_error) == (message, color, False)


def test_a_service_that_nobody_judged_is_not_green(board: Board) -> None:
    said = badge(board, "nobody")
    assert (said.message, said.is_error) == ("not judged", True)


def test_an_old_judgement_is_not_green(board: Board) -> None:
    said = badge(replace(board, now=board.now + dt.timedelta(days=3)), "caddy")
    assert (said.message, said.is_error) == ("not judged since 2026-11-20", True)


def test_the_svg_is_well_formed_whatever_the_name(board: Board) -> None:
    said = replace(badge(board), label='<a & "b">')
    root = ET.fromstring(badge_svg(said))
    assert root.attrib["aria-label"] == '<a & "b">: 28 of 36 proved'
    assert "href" not in badge_svg(said)


# Metrics


def test_exactly_one_state_of_a_service_is_one(board: Board) -> None:
    lines = metrics.metrics(board).splitlines()
    loki = [line for line in lines if line.startswith('stacktest_service_state{service="loki"')]
    assert len(loki) == len(State)
    assert [line for line in loki if line.endswith(" 1.0")] == [
        'stacktest_service_state{service="loki",state="failing"} 1.0'
    ]


@pytest.mark.parametrize(
    "line",
    [
        'stacktest_service_functional{service="planka"} 1.0',
        'stacktest_service_functional{service="loki"} 0.0',
        'stacktest_service_reason{kind="config",service="grafana"} 1.0',
        'stacktest_service_reason{kind="other",service="loki"} 1.0',
        'stacktest_tests{phase="phase7",result="failed",service="outline"} 1.0',
        "stacktest_gate_open 0.0",
        "stacktest_gate_blockers 8.0",
        "stacktest_run_duration_seconds 240.0",
    ],
)
def test_the_metrics_hold(board: Board, line: str) -> None:
    assert line in metrics.metrics(board).splitlines()


def test_no_test_becomes_a_label(board: Board) -> None:
    assert "test_it_is_what_it_says" not in metrics.metrics(board)


def test_a_service_that_never_passed_has_no_time_of_a_pass(board: Board) -> None:
    text = metrics.metrics(board)
    assert 'last_pass_timestamp_seconds{service="watchtower"}' not in text
    assert 'last_pass_timestamp_seconds{service="caddy"}' in text


def test_the_dashboard_asks_only_for_metrics_that_exist(board: Board) -> None:
    dashboard = json.loads(metrics.companions()["grafana-dashboard.json"])
    rules = metrics.companions()["alert-rules.yml"]
    asked = set(re.findall(r"stacktest_\w+", json.dumps(dashboard["panels"]) + rules))
    assert asked <= set(re.findall(r"^(stacktest_\w+)", metrics.metrics(board), re.MULTILINE))
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


# CTRF


def outcomes() -> list[Outcome]:
    began = dt.datetime(2026, 11, 20, 9, 10, tzinfo=dt.UTC)
    words: tuple[Result, ...] = (
        "passed",
        "failed",
        "error",
        "skipped",
        "xfailed",
        "xpassed",
        "crashed",
        "unfinished",
    )
    return [
        Outcome(
            nodeid=f"suites/phase2_x/test_a.py::test_{word}", services=("loki",), result=word,
            flaky=word in ("passed", "failed"), reason="" if word == "passed" else "because",
            started=began, seconds=1.5,
        )
        for word in words
    ]  # fmt: skip


def test_ctrf_keeps_pytests_own_word_beside_its_five(board: Board) -> None:
    report = ctrf.ctrf(board, known(board.latest_run), outcomes())
    said = {test["rawStatus"]: test["status"] for test in report["results"]["tests"]}
    assert said == {
        "passed": "passed",
        "failed": "failed",
        "error": "failed",
        "crashed": "failed",
        "skipped": "skipped",
        "xfailed": "other",
        "xpassed": "other",
        "unfinished": "other",
    }


def test_ctrf_counts_add_up_and_only_a_pass_is_flaky(board: Board) -> None:
    found = ctrf.ctrf(board, known(board.latest_run), outcomes())["results"]["summary"]
    words = ("passed", "failed", "skipped", "pending", "other")
    assert sum(found[word] for word in words) == found["tests"] == 8
    assert found["flaky"] == 1


def test_ctrf_of_a_run_that_is_over_comes_from_the_records(board: Board) -> None:
    remembered = recorded_outcomes(board)
    failed = [one.nodeid for one in remembered if one.result == "failed"]
    assert failed == [
        "suites/phase2_x/test_loki.py::test_it_is_what_it_says",
        "suites/phase7_x/test_outline.py::test_it_is_what_it_says",
    ]
    reasons = {one.reason for one in remembered if one.result == "failed"}
    assert reasons == {"AssertionError: status (502) == 200"}


def test_a_clone_lists_the_same_tests_of_the_run_without_their_times(board: Board) -> None:
    here = recorded_outcomes(board)
    assert any(outcome.seconds for outcome in here)
    other = replace(known(board.timeline), run="r0001")
    for timeline in (None, other):
        there = recorded_outcomes(replace(board, timeline=timeline))
        assert there == tuple(replace(outcome, seconds=0.0) for outcome in here)


# Summary and annotations


def test_the_summary_starts_with_the_verdict(board: Board) -> None:
    lines = markdown.summary(board).splitlines()
    assert lines[0] == "## 28 of 36 services are proved."
    assert "**The gate is closed by 8 blockers.**" in lines


def test_the_summary_never_grows_too_large(board: Board) -> None:
    many = tuple(
        Blocker(service=f"s{n}", state=State.FAILING, reasons=("x" * 300,), command="pytest")
        for n in range(1000)
    )
    text = markdown.summary(replace(board, gate=Gate(open=False, exit_code=1, blockers=many)))
    assert len(text.encode()) <= 60_000
    assert "Cut here;" in text.splitlines()[-1]


@pytest.mark.parametrize(("number", "lines"), [(0, 0), (9, 9), (10, 9), (40, 9)])
def test_there_are_at_most_nine_annotations(board: Board, number: int, lines: int) -> None:
    many = tuple(
        Blocker(service=f"s{n}", state=State.FAILING, reasons=(), command="pytest")
        for n in range(number)
    )
    gate = Gate(open=not many, exit_code=1 if many else 0, blockers=many)
    found = markdown.annotations(replace(board, gate=gate))
    assert len(found) == lines
    if number > lines:
        assert f"and {number - 8} more blockers" in found[-1].replace(
            "blockers more", "more blockers"
        )


def test_an_annotation_cannot_smuggle_in_another_command(board: Board) -> None:
    evil = Blocker(
        service="a", state=State.FAILING, reasons=("x\n::error::y",), command="pytest a,b"
    )
    (line,) = markdown.annotations(
        replace(board, gate=Gate(open=False, exit_code=1, blockers=(evil,)))
    )
    assert line == "::error title=a%3A failing::x%0A::error::y; run: pytest a,b"


def test_a_reason_stays_in_its_cell(board: Board) -> None:
    evil = Blocker(service="a", state=State.FAILING, reasons=("a|b <img>\n# c",), command="`x`")
    text = markdown.summary(replace(board, gate=Gate(open=False, exit_code=1, blockers=(evil,))))
    assert "| a | failing | a\\|b &lt;img&gt; # c | `'x'` |" in text.splitlines()


@pytest.mark.case("hard/E4-markdown-in-summary")
@pytest.mark.parametrize(
    ("reason", "cell"),
    [
        (
            "config:![x](https://evil.example/p.png)",
            "config:!\\[x\\](https://&#8203;evil.example/p.png)",
        ),
        ("config:conf/@octocat", "config:conf/@&#8203;octocat"),
        ("test:t[#12]", "test:t\\[#&#8203;12\\]"),
        ("config:**a** ~~b~~ `c`", "config:\\*\\*a\\*\\* \\~\\~b\\~\\~ 'c'"),
        ("config:www.evil.example", "config:www.&#8203;evil.example"),
    ],
)
def test_a_reason_is_neither_markup_nor_a_mention(board: Board, reason: str, cell: str) -> None:
    blocker = Blocker(service="a", state=State.CHANGED, reasons=(reason,), command="pytest t[x]")
    text = markdown.summary(replace(board, gate=Gate(open=False, exit_code=1, blockers=(blocker,))))
    assert f"| a | changed | {cell} | `pytest t[x]` |" in text.splitlines()


# Documentation sites


def test_everything_for_the_docs_is_below_one_key(board: Board) -> None:
    data = docs_data.docs_data(board)
    assert list(data) == ["stacktest"]
    grafana = data["stacktest"]["services"]["grafana"]
    assert (grafana["state"], grafana["url"]) == ("changed", "https://grafana.stack.local:8443/")
    json.dumps(data)


# in-toto


def attested(board: Board, image: str) -> dict[str, Any] | Unknown:
    live = (ContainerRef(container="c", image=image, started_at="2026-11-20T09:00:00Z"),)
    record = replace(board.passes["caddy"], live=live)
    record = replace(record, run=replace(record.run, id="r0030"))
    return in_toto.statement(record, board.histories["caddy"], "caddy:2")


def test_a_statement_is_about_the_image_that_ran(board: Board) -> None:
    made = attested(board, "sha256:" + "ab" * 32)
    assert known(made)["subject"] == [{"name": "caddy:2", "digest": {"sha256": "ab" * 32}}]
    assert known(made)["predicate"]["passedTests"] == sorted(board.histories["caddy"][-1].tests)
    assert known(made)["predicate"]["result"] == "PASSED"


@pytest.mark.parametrize("image", ["", "caddy:2", "sha256:short", "sha256:" + "XY" * 32])
def test_without_a_digest_nothing_is_stated(board: Board, image: str) -> None:
    assert isinstance(attested(board, image), Unknown)


def test_the_statement_is_what_in_toto_reads(board: Board) -> None:
    from google.protobuf import json_format
    from in_toto_attestation.predicates.test_result.v0 import test_result_pb2
    from in_toto_attestation.v1.statement import Statement
    from in_toto_attestation.v1.statement_pb2 import Statement as Message

    made = attested(board, "sha256:" + "ab" * 32)
    Statement.copy_from_pb(json_format.ParseDict(made, Message())).validate()
    predicate = json_format.ParseDict(known(made)["predicate"], test_result_pb2.TestResult())
    assert list(predicate.passed_tests) == known(made)["predicate"]["passedTests"]


# JUnit and Allure


def test_a_test_says_its_services_its_phase_and_its_contacts() -> None:
    found = junit.properties(services=("b", "a"), phase="phase1", contacts=("a",))
    assert found == (
        ("stacktest.service", "a"),
        ("stacktest.service", "b"),
        ("stacktest.phase", "phase1"),
        ("stacktest.contact", "a"),
    )


def test_allure_sorts_by_phase_and_service() -> None:
    phase = Phase(name="phase2", title="Observability")
    assert allure.labels(services=("loki", "grafana"), phase=phase) == (
        ("epic", "Observability"),
        ("feature", "grafana"),
        ("feature", "loki"),
    )


# All of them


def test_no_output_holds_a_value_of_the_environment(board: Board) -> None:
    outputs = [
        json.dumps(badge_json(badge(board))), badge_svg(badge(board)), metrics.metrics(board),
        json.dumps(ctrf.ctrf(board, known(board.latest_run), recorded_outcomes(board))),
        markdown.summary(board), "\n".join(markdown.annotations(board)),
        json.dumps(docs_data.docs_data(board)),
    ]  # fmt: skip
    assert [text for text in outputs if "canary-in-the-environment" in text] == []
