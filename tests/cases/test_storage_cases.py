"""Storage, gate and robustness: one test per row B of the case table, by its id."""

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.ledger.ledger import Ledger
from stacktest.config import load
from stacktest.core.changed_copy import replace
from stacktest.core.freshness.states import State
from stacktest.core.records.exemption import Exemption
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError
from tests.support.known import known
from tests.support.stack_simulator import NO_ENGINE, START, StackSimulator

needs_jq = pytest.mark.skipif(
    shutil.which("jq") is None, reason="jq, the first readers' gate, is not installed"
)


def blocked(world: StackSimulator, **options: Any) -> list[tuple[str, str]]:
    gate = world.gate(**options)
    assert gate.open == (not gate.blockers)
    return [(blocker.service, blocker.state.value) for blocker in gate.blockers]


@pytest.mark.case("B1")
def test_a_fresh_clone(world: StackSimulator) -> None:
    world.add("caddy")
    world.run()
    world.index()
    world.ledger.status_path.unlink()
    world.ledger.meta_path.unlink()
    world.later(hours=1)
    judgement = world.index()["caddy"]
    assert judgement.state is State.FUNCTIONAL
    assert known(judgement.entry.last_test_pass) > known(judgement.entry.last_change)
    assert world.gate().open


@pytest.mark.case("B2")
def test_a_crash_while_writing_the_status(world: StackSimulator) -> None:
    world.add("caddy")
    world.run()
    world.index()
    before = world.ledger.status_path.read_bytes()
    world.later(hours=3)
    world.services["caddy"].edit("config", "new")

    def crash(handle: int) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", crash)
        with pytest.raises(KeyboardInterrupt):
            world.index()
    assert world.ledger.status_path.read_bytes() == before
    beside = [path.name for path in world.ledger.status_path.parent.iterdir()]
    assert sorted(beside) == ["status.json", "status.meta.json"]
    assert world.state("caddy") is State.CHANGED


@pytest.mark.case("B3")
def test_nothing_was_committed(world: StackSimulator) -> None:
    world.add("caddy")
    gate = world.gate("repo")
    assert (gate.open, gate.exit_code) == (False, 11)
    assert "status.json is missing" in gate.blockers[0].reasons


@pytest.mark.case("B4")
def test_a_hosted_runner(world: StackSimulator) -> None:
    caddy = world.add("caddy")
    world.run()
    world.index()
    here = Unknown("no key here")
    caddy.parts |= {"image": NO_ENGINE, "env": here, "stanza": here}
    caddy.containers, caddy.key_id = NO_ENGINE, ""
    world.stack = NO_ENGINE
    assert world.gate("repo").open
    judgement = world.judge("caddy", "repo")
    assert judgement.state is State.FUNCTIONAL
    assert "part:image: no container engine answers" in judgement.entry.unverified
    assert "scope:repo" in judgement.entry.unverified
    # What it can see, it judges: the repository moved.
    caddy.repo = "f" * 16
    assert blocked(world, scope="repo") == [("caddy", "changed")]
    # And it never raises what the host said.
    caddy.repo = world.status["caddy"]["repo_fingerprint"]
    status = world.status
    status["caddy"] |= {"state": "drifted", "status": "stale", "functional": False}
    world.ledger.status_path.write_text(json.dumps(status))
    assert ("caddy", "drifted") in blocked(world, scope="repo", look=False)
    assert not world.gate("repo").open


@pytest.mark.case("B5")
def test_the_evidence_is_deleted(world: StackSimulator) -> None:
    caddy = world.add("caddy")
    world.run()
    caddy.edit("config", "new")
    caddy.recreate()
    assert world.state("caddy") is State.CHANGED
    kept = world.record("caddy").read_text()
    world.record("caddy").unlink()
    for _ in range(3):
        assert world.state("caddy") is State.EVIDENCE_MISSING
        assert world.status["caddy"]["status"] == "stale"
        assert blocked(world) == [("caddy", "evidence_missing")]
    # Without the status, too: the runs are remembered elsewhere.
    world.ledger.status_path.unlink()
    assert world.state("caddy") is State.EVIDENCE_MISSING
    # And without the record of the run that earned the pass.
    world.record("caddy").write_text(kept)
    world.record("caddy", "last_run.json").unlink()
    assert world.state("caddy") is State.EVIDENCE_MISSING
    assert world.judge("caddy").reasons == ("last_run",)


@pytest.mark.case("B6")
def test_a_new_service(world: StackSimulator) -> None:
    world.add("new")
    world.index()
    assert blocked(world) == [("new", "never_run")]
    until = (START + timedelta(days=10)).date()
    world.exempt = [
        Exemption(
            service="new", states=("never_run",), reason="tests are on their way", until=until
        )
    ]
    gate = world.gate()
    assert gate.open
    assert gate.warnings == ("new: never_run, exempt: tests are on their way (until 2026-01-16)",)
    # On its last day it still holds, after it no longer.
    world.later(days=10)
    world.index()
    assert world.gate().open
    world.later(days=1)
    world.index()
    gate = world.gate()
    assert gate.blockers[0].reasons == ("exemption ended on 2026-01-16",)
    # It covers its own states only.
    world.exempt = [replace(world.exempt[0], until=world.now.date(), states=("no_tests",))]
    assert blocked(world) == [("new", "never_run")]


@pytest.mark.case("B7")
def test_functional_without_a_page(world: StackSimulator) -> None:
    from stacktest.core.freshness.docs_page import DocsPage

    world.add("caddy", page=DocsPage(state="missing"))
    world.run()
    assert world.state("caddy") is State.DOC_MISSING
    assert world.status["caddy"]["status"] == "undocumented"
    assert world.status["caddy"]["functional"] is True
    assert blocked(world) == [("caddy", "doc_missing")]
    assert world.gate().exit_code == 1


@pytest.mark.case("B8")
def test_changed_and_without_a_page(world: StackSimulator) -> None:
    from stacktest.core.freshness.docs_page import DocsPage

    caddy = world.add("caddy", page=DocsPage(state="missing"))
    world.run()
    caddy.edit("config", "new")
    caddy.recreate()
    assert world.state("caddy") is State.CHANGED
    assert world.status["caddy"]["status"] == "stale"


@pytest.mark.case("B9")
def test_a_namesake(world: StackSimulator) -> None:
    world.add("web")
    world.run()
    world.index()
    # `web` was removed; now `caddy` is renamed to `web`, and the old records still lie there.
    caddy = world.add("caddy")
    del world.services["caddy"]
    caddy.name = "web"
    world.services["web"] = caddy
    world.ledger.status_path.unlink()
    assert world.state("web") is State.CHANGED
    # A record that was moved with its folder says whose it is.
    world.add("db")
    shutil.copytree(world.record("web").parent, world.record("db").parent)
    judgement = world.index()["db"]
    assert judgement.state is State.ERROR
    assert "last_pass is about 'web'" in judgement.reasons[0]


@pytest.mark.case("freshness/c22-evidence-replaced")
@pytest.mark.parametrize("name", ["last_pass.json", "last_run.json"])
def test_a_record_about_another_service_is_never_replaced(world: StackSimulator, name: str) -> None:
    world.add("red")
    world.run()
    record = world.record("red", name)
    record.write_text(record.read_text().replace('"service": "red"', '"service": "blue"'))
    before = record.read_bytes()
    assert world.state("red") is State.ERROR
    world.run()
    assert record.read_bytes() == before
    judgement = world.judge("red")
    assert judgement.state is State.ERROR
    assert judgement.reasons == (f"evidence:{name.removesuffix('.json')} is about 'blue'",)
    assert not world.gate().open


@pytest.mark.case("B10")
def test_a_service_is_removed(world: StackSimulator) -> None:
    world.add("caddy")
    world.add("gone")
    world.run()
    world.index()
    del world.services["gone"]
    # Before the next look, the gate sees that the status and the model do not agree.
    assert ("", "error") in blocked(world)
    world.index()
    meta = world.ledger.read_meta()
    assert known(meta).warnings == ("gone: has records, but is not a service of the stack",)
    assert world.gate().open


@pytest.mark.case("B11")
def test_one_odd_entry(world: StackSimulator) -> None:
    world.add("caddy")
    world.add("odd", errors=("compose: services.odd is null",))
    world.run()
    states = {name: one.state for name, one in world.index().items()}
    assert states == {"caddy": State.FUNCTIONAL, "odd": State.ERROR}
    assert blocked(world) == [("odd", "error")]


@pytest.mark.case("B12")
def test_one_unreadable_file(world: StackSimulator) -> None:
    world.add("caddy")
    odd = world.add("odd")
    world.run()
    odd.parts["config"] = Unknown("configs/odd/key.pem cannot be read: Permission denied")
    states = world.index()
    assert states["caddy"].state is State.FUNCTIONAL
    assert states["odd"].state is State.ERROR
    assert states["odd"].reasons == (
        "part:config: configs/odd/key.pem cannot be read: Permission denied",
    )


@pytest.mark.case("B13")
def test_an_edited_last_change(world: StackSimulator) -> None:
    caddy = world.add("caddy")
    world.run()
    caddy.edit("config", "new")
    caddy.recreate()
    world.index()
    for moment in ("2020-01-01T00:00:00.000+00:00", "2099-01-01T00:00:00.000+00:00"):
        status = world.status
        status["caddy"]["last_change"] = moment
        world.ledger.status_path.write_text(json.dumps(status))
        assert world.state("caddy") is State.CHANGED
    # Nor does it harm a service that passed.
    world.run()
    status = world.status
    status["caddy"]["last_change"] = "2099-01-01T00:00:00.000+00:00"
    world.ledger.status_path.write_text(json.dumps(status))
    entry = world.index()["caddy"].entry
    assert entry.functional
    assert known(entry.last_change) < known(entry.last_test_pass)


@pytest.mark.case("B14")
def test_a_merge_of_status_files(world: StackSimulator) -> None:
    caddy = world.add("caddy")
    world.run()
    world.index()
    old = world.status["caddy"]["last_change"]
    caddy.edit("config", "theirs")
    caddy.recreate()
    status = world.status
    status["caddy"] |= {"fingerprint": caddy.fingerprint.digest, "last_change": old}
    world.ledger.status_path.write_text(json.dumps(status))
    judgement = world.index()["caddy"]
    assert judgement.state is State.CHANGED
    assert judgement.entry.pass_fingerprint != judgement.entry.fingerprint


@pytest.mark.case("B15")
def test_no_status_worth_the_name(world: StackSimulator) -> None:
    world.add("caddy")
    world.run()
    world.index()
    assert world.gate("repo").open
    whole = world.ledger.status_path.read_text()
    for text in (None, whole[:50], "", "{}", "[]", "null", '{"caddy": 1}', '{"caddy": null}'):
        if text is None:
            world.ledger.status_path.unlink()
        else:
            world.ledger.status_path.write_text(text)
        for scope in ("host", "repo"):
            gate = world.gate(scope, look=False)
            assert (gate.open, gate.exit_code) == (False, 11), text
        assert not world.gate("repo").open
    # What cannot be read is not covered, either.
    with pytest.raises(EvidenceError, match="is not replaced"):
        world.index()


@needs_jq
@pytest.mark.case("B16")
def test_words_that_the_first_gate_knows(world: StackSimulator) -> None:
    words = {state: state.status for state in State}
    assert set(words.values()) == {"functional", "stale", "untested", "undocumented"}
    world.add("caddy")
    world.run(caddy="failed")
    world.index()
    assert world.status["caddy"]["status"] == "stale"
    assert not world.original_gate_passes()
    world.run()
    world.index()
    assert world.original_gate_passes()
    # A word that nobody knows is not believed.
    status = world.status
    status["caddy"]["status"] = "fine"
    world.ledger.status_path.write_text(json.dumps(status))
    assert not world.gate("repo", look=False).open


@needs_jq
@pytest.mark.case("B17")
def test_nothing_beside_the_services(world: StackSimulator) -> None:
    world.add("caddy")
    world.run(caddy="failed")
    world.index()
    assert set(world.status) == {"caddy"}
    assert all(isinstance(entry, dict) for entry in world.status.values())
    assert not world.original_gate_passes()
    # What made the first gate pass is unreadable evidence to this one.
    for extra in ({"$schema": "x"}, {"_meta": 1}):
        world.ledger.status_path.write_text(json.dumps({**extra, **world.status}))
        gate = world.gate("repo", look=False)
        assert (gate.open, gate.exit_code) == (False, 11)


@pytest.mark.case("B18")
def test_nobody_has_looked(world: StackSimulator) -> None:
    world.add("caddy")
    world.run()
    world.index()
    assert world.gate("repo", look=False).open
    world.later(days=8)
    gate = world.gate("repo", look=False)
    assert not gate.open
    assert any("the last look was on" in reason for b in gate.blockers for reason in b.reasons)
    # A look that finds nothing new says that somebody looked.
    world.max_age = timedelta(days=30)
    world.index()
    world.max_age = timedelta(days=7)
    assert not any(
        "the last look" in reason
        for b in world.gate("repo", look=False).blockers
        for reason in b.reasons
    )


@pytest.mark.case("B19")
def test_what_was_promised(world: StackSimulator) -> None:
    world.add("caddy")
    world.run(caddy="failed")
    world.index()
    assert world.gate().exit_code == 1
    world.add("browserless", tests=0)
    world.run()
    world.index()
    assert world.gate().exit_code == 11
    (world.root / "stacktest.toml").write_text(
        '[[exempt]]\nservice = "browserless"\nstates = ["no_tests"]\n'
        'reason = "only used by other tests"\nuntil = 2027-01-31\n'
    )
    world.exempt = list(load(world.root).exempt)
    assert world.gate().exit_code == 0


@pytest.mark.case("B20")
def test_two_writers_at_once(world: StackSimulator) -> None:
    for name in ("a", "b", "c"):
        world.add(name)
    world.run()
    world.index()
    code = (
        "import sys; from pathlib import Path; from tests.support.stack_simulator import StackSimulator, START;"
        "from datetime import timedelta;"
        "world = StackSimulator(Path(sys.argv[1])); world.now = START + timedelta(minutes=5);"
        "[world.add(name) for name in ('a', 'b', 'c')];"
        "[(world.later(hours=2), world.services['a'].edit('config', sys.argv[2] + str(n)),"
        "  world.services['a'].recreate(), world.index()) for n in range(12)]"
    )
    argv = [sys.executable, "-c", code, str(world.root)]
    both = [subprocess.Popen([*argv, name], cwd=Path.cwd()) for name in ("x", "y")]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert set(world.status) == {"a", "b", "c"}
    assert world.ledger.read_meta() is not None
    assert world.status["b"]["state"] == "functional"
    left = [path.name for path in world.ledger.status_path.parent.iterdir()]
    assert sorted(left) == ["status.json", "status.meta.json"]


def test_a_second_look_changes_no_byte(world: StackSimulator) -> None:
    world.add("caddy")
    world.add("other", tests=0)
    world.run()
    world.index()
    paths = [
        world.ledger.status_path,
        world.ledger.meta_path,
        world.record("caddy", "last_run.json"),
    ]
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths]
    world.later(minutes=30)
    world.index()
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in paths] == before


def test_a_newer_record_is_named_and_kept(world: StackSimulator) -> None:
    world.add("caddy")
    world.run()
    world.rewrite("caddy", schema="stacktest.last_pass/2")
    before = world.record("caddy").read_bytes()
    judgement = world.index()["caddy"]
    assert judgement.state is State.ERROR
    assert (
        "a newer stacktest wrote it: schema 'stacktest.last_pass/2', this one reads stacktest.last_pass/1"
        in judgement.reasons[0]
    )
    world.run()
    assert world.record("caddy").read_bytes() == before


def test_the_original_s_record_is_no_evidence(world: StackSimulator) -> None:
    world.add("caddy")
    world.record("caddy").parent.mkdir(parents=True)
    world.record("caddy").write_text('{"timestamp": "2026-01-05T00:00:00Z"}')
    judgement = world.index()["caddy"]
    assert judgement.state is State.ERROR
    assert "another program wrote it" in judgement.reasons[0]


def test_the_original_s_status_is_read_and_replaced(world: StackSimulator) -> None:
    world.add("caddy")
    world.ledger.status_path.parent.mkdir(parents=True)
    entry = {
        "status": "functional",
        "fingerprint": "0" * 16,
        "last_change": "2026-01-01T00:00:00+00:00",
        "last_test_pass": "2026-01-02T00:00:00Z",
        "spoke_updated": None,
        "functional": True,
        "documented": False,
    }
    world.ledger.status_path.write_text(json.dumps({"caddy": entry}))
    assert not world.gate("repo", look=False).open
    # It says that there was a pass, and nothing here says so.
    assert world.state("caddy") is State.EVIDENCE_MISSING
    assert world.run().credited() == {"caddy"}
    assert world.state("caddy") is State.FUNCTIONAL


def test_two_locks(world: StackSimulator) -> None:
    from stacktest.errors import LockHeldError

    other = Ledger(
        world.root, records="data/tests", status="docs/_data/status.json", lock_timeout=0.05
    )
    refused = pytest.raises(LockHeldError, match="another process is writing the ledger")
    with world.ledger.locked(), world.ledger.locked(), refused, other.locked():
        pytest.fail("two writers at once")
    with other.locked():
        pass
