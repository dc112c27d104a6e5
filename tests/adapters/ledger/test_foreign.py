"""Evidence of another stack or of a newer version is never replaced without a word."""

import pytest

from stacktest.core.fingerprint.fingerprint import FINGERPRINT_VERSION
from stacktest.core.freshness.states import State
from stacktest.core.records.strict_json import NEWER
from stacktest.errors import EvidenceError
from stacktest.reports.terminal.run import summary_lines
from tests.support.stack_simulator import StackSimulator


def test_records_of_another_stack_are_named_where_they_are_replaced(world: StackSimulator) -> None:
    world.add("app")
    world.run()
    identity, world.stack = str(world.stack), "app@another-engine"
    assert world.state("app") is State.ERROR
    ran = world.run()
    assert ran.credited() == {"app"}
    assert ran.summary is not None
    assert ran.summary.foreign == {"app": identity}
    shown = " ".join("\n".join(summary_lines(ran.summary, world.model())).split())
    assert f"app: the records came from another stack, {identity}" in shown
    again = world.run()
    assert again.summary is not None
    assert again.summary.foreign == {}


@pytest.mark.parametrize("name", ["last_pass.json", "last_run.json"])
def test_a_fingerprint_of_a_newer_version_is_kept(world: StackSimulator, name: str) -> None:
    world.add("app")
    world.run()
    world.rewrite("app", name, v=FINGERPRINT_VERSION + 1)
    before = world.record("app", name).read_bytes()
    (world.root / ".stacktest/last_runs.json").unlink()
    judgement = world.index()["app"]
    assert judgement.state is State.ERROR
    assert NEWER in judgement.reasons[0]
    assert world.gate().blockers[0].command == "pip install --upgrade stacktest"
    ran = world.run()
    assert ran.credited() == set()
    assert "update stacktest" in ran.refused["app"]
    assert world.record("app", name).read_bytes() == before


def test_a_status_of_a_newer_version_is_kept(world: StackSimulator) -> None:
    world.add("app")
    world.run()
    world.index()
    path = world.ledger.meta_path
    text = path.read_text()
    newer = text.replace(
        f'"fingerprint_version": {FINGERPRINT_VERSION}',
        f'"fingerprint_version": {FINGERPRINT_VERSION + 1}',
    )
    assert newer != text
    path.write_text(newer)
    with pytest.raises(EvidenceError, match=NEWER) as caught:
        world.index()
    assert "pip install --upgrade" in caught.value.hint
    assert path.read_text() == newer
