"""How long tests take is kept beside the records, and is no evidence."""

import json

from stacktest.adapters.ledger.durations import FILE, keep_durations, read_durations
from stacktest.core.records.durations import KnownDurations
from stacktest.core.unknown import Unknown
from tests.support.stack_simulator import StackSimulator


def test_what_was_measured_is_there_for_the_next_run(world: StackSimulator) -> None:
    assert read_durations(world.ledger) == KnownDurations()
    keep_durations(world.ledger, {}, {"a::t"})
    assert not (world.ledger.records / FILE).exists()
    keep_durations(world.ledger, {"a::t": 1.0, "a::u": 2.0}, {"a::t", "a::u"})
    keep_durations(world.ledger, {"a::t": 1.1}, {"a::t", "a::u"})
    assert read_durations(world.ledger) == KnownDurations(ms={"a::t": 1000, "a::u": 2000})


def test_it_is_no_service(world: StackSimulator) -> None:
    keep_durations(world.ledger, {"a::t": 1.0}, {"a::t"})
    assert world.ledger.services() == ()


def test_what_cannot_be_read_is_measured_again_but_never_a_newer_form(
    world: StackSimulator,
) -> None:
    keep_durations(world.ledger, {"a::t": 1.0}, {"a::t"})
    path = world.ledger.records / FILE
    path.write_text("{")
    assert isinstance(read_durations(world.ledger), Unknown)
    keep_durations(world.ledger, {"a::t": 2.0}, {"a::t"})
    assert read_durations(world.ledger) == KnownDurations(ms={"a::t": 2000})
    newer = json.dumps({"schema": "stacktest.durations/2"})
    path.write_text(newer)
    keep_durations(world.ledger, {"a::t": 2.0}, {"a::t"})
    assert path.read_text() == newer
