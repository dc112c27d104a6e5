"""A volume that was removed and made anew: the pass stands, and it is told that data are other ones.

| volume created                   | containers        |                                     |
|----------------------------------|-------------------|-------------------------------------|
| before those of the pass started | any               | nothing is told                     |
| after that                       | made anew, too    | `volume:data:younger` is unverified |
| not known, or not a time         | any               | nothing is told                     |
"""

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.freshness.states import State
from stacktest.core.records.common import ContainerRef
from stacktest.reports.terminal.why import why_document, why_lines
from tests.support.stack_simulator import Service, StackSimulator

STARTED = "2026-01-06T01:00:00.5Z"
LINE = "volume    the volume data was created after the pass: other data was tested"


@pytest.fixture
def app(world: StackSimulator) -> Service:
    app = world.add("app")
    app.containers = (ContainerRef(container="c1", image="sha256:a", started_at=STARTED),)
    app.volumes = {"data": "2026-01-06T00:59:59Z"}
    assert world.run().credited() == {"app"}
    return app


@pytest.mark.parametrize(
    ("created", "is_told"),
    [
        ("2026-01-06T00:59:59Z", False),
        ("2026-01-06T01:00:00Z", False),
        ("2026-01-06T02:00:00+01:00", False),
        ("2026-01-06T01:00:01Z", True),
        ("2026-01-06T02:00:01+01:00", True),
        ("0001-01-01T00:00:00Z", False),
        ("yesterday", False),
        (None, False),
    ],
)
def test_a_volume_that_is_younger_than_the_pass_is_told(
    world: StackSimulator, app: Service, created: str | None, *, is_told: bool
) -> None:
    app.recreate()
    app.volumes = {} if created is None else {"data": created}
    judgement = world.index()["app"]
    assert judgement.state is State.FUNCTIONAL
    assert judgement.entry.unverified == (("volume:data:younger",) if is_told else ())
    subject = (judgement, world.ledger.read("app"), app.fingerprint, ())
    assert (LINE in why_lines(*subject)) is is_told
    assert ("volume:data:younger" in why_document(*subject)["unverified"]) is is_told
    # A new pass is about the data that are there.
    assert isinstance(app.containers, tuple)
    app.containers = tuple(
        replace(ref, started_at="2026-01-06T03:00:00Z") for ref in app.containers
    )
    assert world.run().credited() == {"app"}
    assert world.index()["app"].entry.unverified == ()


def test_a_start_that_is_not_a_time_is_no_error(world: StackSimulator, app: Service) -> None:
    app.recreate()
    assert world.run().credited() == {"app"}
    app.volumes = {"data": "2027-01-06T00:00:00Z"}
    assert world.index()["app"].entry.unverified == ()
