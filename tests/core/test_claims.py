import datetime as dt
from pathlib import Path

from stacktest.core.claims import Claim, ClaimTest, JudgedClaim, ListedClaim, judge_claims
from stacktest.core.records.documents import HistoryLine
from tests.support.stack_simulator import START, StackSimulator


def line(simulator: StackSimulator, seq: int, **tests: str) -> HistoryLine:
    from stacktest.core.records.common import FingerprintRecord

    service = simulator.services["redis"]
    return HistoryLine(
        service="redis",
        run=f"run-{seq}",
        seq=seq,
        started=START,
        git_commit=None,
        fingerprint=FingerprintRecord.attest(service.fingerprint),
        verdict="passed",
        credited=True,
        flaky=False,
        tests=tests,
    )


def judged(
    tmp_path: Path, letters: str, *, holds: bool = True, services: tuple[str, ...] = ("redis",)
) -> JudgedClaim:
    """A claim with a test per letter; a blank is a test that has not run."""
    simulator = StackSimulator(tmp_path)
    simulator.add("redis")
    results = {f"t{place}": letter for place, letter in enumerate(letters) if letter != " "}
    tests = [
        ClaimTest(nodeid=f"t{place}", services=services, claim=Claim(id="A1", holds=holds))
        for place, _ in enumerate(letters)
    ]
    (claim,) = judge_claims((), tests, {"redis": [line(simulator, 1, **results)]})
    return claim


def test_what_the_newest_results_say(tmp_path: Path) -> None:
    assert judged(tmp_path, ".").word == "true"
    assert judged(tmp_path, ".~").word == "true"
    assert judged(tmp_path, ".k", holds=False).word == "false"
    assert judged(tmp_path, "F").word == "false"
    assert judged(tmp_path, "K", holds=False).word == "true"
    assert judged(tmp_path, ".E").word == "not judged"
    assert judged(tmp_path, "E").note == "t0 failed outside of its assertions"
    assert judged(tmp_path, "s").note == "t0 was skipped"
    assert judged(tmp_path, " ").note == "t0 has not run"
    assert judged(tmp_path, "?").note == "t0 did not end"
    assert judged(tmp_path, ".", services=()).note.startswith("t0 names no service")


def test_the_newest_run_counts_and_the_oldest_of_several_is_named(tmp_path: Path) -> None:
    simulator = StackSimulator(tmp_path)
    simulator.add("redis")
    history = [line(simulator, 1, a="F", b="."), line(simulator, 2, a=".")]
    tests = [ClaimTest(nodeid=name, services=("redis",), claim=Claim(id="A1")) for name in "ab"]
    (claim,) = judge_claims((), tests, {"redis": history})
    assert (claim.word, claim.run) == ("true", "run-1")
    assert claim.fingerprints == {"redis": history[0].fingerprint.digest}


def test_claims_of_the_list_come_first_and_without_a_test_they_are_named(tmp_path: Path) -> None:
    listed = (
        ListedClaim(claim=Claim(id="B2", text="renewed", source="R.md"), why="needs the internet"),
        ListedClaim(claim=Claim(id="B1", text="as listed", source="R.md")),
    )
    tests = [
        ClaimTest(nodeid=f"t{id_}", services=("redis",), claim=Claim(id=id_, text=text))
        for id_, text in (("A10", ""), ("A2", ""), ("B1", "as tested"))
    ]
    claims = judge_claims(listed, tests, {})
    assert [claim.claim.id for claim in claims] == ["B2", "B1", "A2", "A10"]
    assert (claims[0].word, claims[0].note) == ("no test", "needs the internet")
    assert claims[1].claim.text == "as tested"
    assert claims[1].claim.source == "R.md"


def test_a_last_day_is_still_allowed() -> None:
    claim = Claim(id="A1", until="2027-03-31")
    assert not claim.is_overdue(dt.date(2027, 3, 31))
    assert claim.is_overdue(dt.date(2027, 4, 1))
    assert not Claim(id="A1").is_overdue(dt.date(2027, 4, 1))
