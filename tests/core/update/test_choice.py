"""What is replaced together, whose data is saved, and what is refused."""

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stacktest.core.freshness.states import State
from stacktest.core.model import Dependency, Mount, Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.records.common import ContainerRef, FingerprintRecord, Run
from stacktest.core.records.documents import LastPass, LastRun, PassedTests
from stacktest.core.unknown import Unknown
from stacktest.core.update.choice import (
    data_sources,
    differences,
    edited_files,
    lacks_baseline,
    platform_refusal,
    whose_data,
    with_tenants,
)

NOW = datetime(2026, 11, 29, 14, tzinfo=UTC)
REF = ContainerRef(container="c1", image="sha256:1", started_at="2026-11-29T13:00:00Z")
RUN = Run(id="r1", seq=1, started=NOW, finished=NOW, stack="shop@1")
STACK = Stack(
    name="shop",
    root=Path("/srv/shop"),
    services={
        "app": Service(
            name="app", depends_on=(Dependency(service="store"),), uses=("cache",), definition={}
        ),
        "store": Service(name="store", depends_on=(Dependency(service="disk"),), definition={}),
        "disk": Service(name="disk", definition={}),
        "cache": Service(name="cache", definition={}),
        "vpn": Service(name="vpn", definition={}),
        "torrent": Service(name="torrent", definition={"network_mode": "service:vpn"}),
        "backup": Service(name="backup", definition={"volumes_from": ["torrent:ro"]}),
        "debug": Service(name="debug", definition={"pid": "service:app"}),
    },
)


@pytest.mark.parametrize(
    ("drift", "differing"),
    [
        (("image:newer behind the tag", "env:TOKEN"), ("image:newer behind the tag", "env:TOKEN")),
        (
            ("stale:Caddyfile", "unbuilt:app/Dockerfile"),
            ("stale:Caddyfile", "unbuilt:app/Dockerfile"),
        ),
        (("container:unhealthy",), ()),
        (("network:shop_default", "volume:data"), ()),
        ((), ()),
    ],
)
def test_what_recreating_mends(drift: tuple[str, ...], differing: tuple[str, ...]) -> None:
    assert differences(drift) == differing


def test_edited_files_are_those_that_the_container_read_otherwise() -> None:
    assert edited_files(("image:newer behind the tag", "stale:conf/a", "mount:/a")) == ("conf/a",)


def test_services_that_share_a_network_or_volumes_or_processes_are_replaced_together() -> None:
    assert with_tenants(STACK, ["vpn"]) == {"vpn", "torrent", "backup"}
    assert with_tenants(STACK, ["app"]) == {"app", "debug"}
    assert with_tenants(STACK, ["disk"]) == {"disk"}


def test_the_data_of_all_that_a_candidate_needs_is_saved() -> None:
    # A migration of `app` runs in the volume of `store`.
    assert whose_data(STACK, {"app"}) == {"app", "store", "disk", "cache"}
    assert whose_data(STACK, {"disk"}) == {"disk"}


def container(service: str, *mounts: Mount) -> Container:
    return Container(
        id=f"{service}-id",
        name=f"shop-{service}-1",
        service=service,
        project="shop",
        image_id="sha256:1",
        image_ref="i",
        state="running",
        mounts=mounts,
    )


def test_only_what_can_be_written_and_is_no_part_of_the_host_is_saved() -> None:
    containers = [
        container(
            "app",
            Mount(kind="volume", source="shop_data", target="/data"),
            Mount(kind="volume", source="shop_read", target="/read", read_only=True),
            Mount(kind="bind", source="/srv/shop/files", target="/files"),
            Mount(kind="bind", source="/var/run/docker.sock", target="/docker.sock"),
            Mount(kind="bind", source="/dev/dri", target="/dev/dri"),
            Mount(kind="tmpfs", source="", target="/tmp"),
        ),
        container("store", Mount(kind="volume", source="shop_data", target="/data")),
        container("stranger", Mount(kind="volume", source="shop_other", target="/data")),
    ]
    outcome = data_sources(containers, {"app", "store"})
    assert outcome.sources == {"/srv/shop/files": ("app",), "shop_data": ("app", "store")}
    assert set(outcome.left_out) == {"/var/run/docker.sock", "/dev/dri"}


def last_pass(*live: ContainerRef) -> LastPass:
    return LastPass(
        timestamp=NOW,
        service="app",
        quality="clean",
        fingerprint=FingerprintRecord.unknown(),
        tests=PassedTests(digest="d", required=1, passed=1),
        dependencies={},
        live=live,
        run=RUN,
    )


def last_run(*, finished: bool = True) -> LastRun:
    run = RUN if finished else Run(id="r2", seq=2, started=NOW, finished=None, stack="shop@1")
    return LastRun(service="app", run=run, fingerprint=FingerprintRecord.unknown())


@pytest.mark.parametrize(
    ("record", "run", "containers", "state", "why"),
    [
        (last_pass(REF), last_run(), (REF,), State.FUNCTIONAL, ""),
        # The files have changed already: that is what the update is for.
        (last_pass(REF), last_run(), (REF,), State.DRIFTED, ""),
        (None, last_run(), (REF,), State.NEVER_RUN, "it has no pass"),
        (Unknown("not JSON"), last_run(), (REF,), State.ERROR, "it has no pass"),
        (last_pass(REF), last_run(), (REF,), State.FAILING, "its tests fail"),
        (
            last_pass(REF),
            last_run(finished=False),
            (REF,),
            State.DRIFTED,
            "its last run never came to its end",
        ),
        (
            last_pass(ContainerRef(container="c0", image="sha256:1", started_at="")),
            last_run(),
            (REF,),
            State.DRIFTED,
            "its pass is of another container",
        ),
        (last_pass(REF), last_run(), Unknown("no engine"), State.DRIFTED, "no engine"),
    ],
)
def test_what_runs_has_to_be_what_passed(
    record: LastPass | Unknown | None,
    run: LastRun,
    containers: tuple[ContainerRef, ...] | Unknown,
    state: State,
    why: str,
) -> None:
    assert lacks_baseline(record, run, containers, state) == why


def test_a_restart_since_the_pass_is_no_other_container() -> None:
    restarted = ContainerRef(container="c1", image="sha256:1", started_at="later")
    assert lacks_baseline(last_pass(REF), last_run(), (restarted,), State.DRIFTED) == ""


@pytest.mark.parametrize(
    ("restored", "why"),
    [
        ({"c1", "of another service"}, ""),
        ({"c0"}, "its pass is of another container"),
        ((), "its pass is of another container"),
    ],
)
def test_what_an_update_put_back_and_tested_is_known_to_work(
    restored: Collection[str], why: str
) -> None:
    record = last_pass(ContainerRef(container="c0", image="sha256:1", started_at=""))
    seen = lacks_baseline(record, last_run(), (REF,), State.DRIFTED, restored=restored)
    assert seen == why


def test_an_image_of_another_platform_is_refused() -> None:
    here = {"Os": "linux", "Architecture": "amd64"}
    arm = {"Os": "linux", "Architecture": "arm64", "Variant": "v8"}
    assert platform_refusal(here, here) == ""
    assert platform_refusal(here, arm) == "its image is for linux/arm64/v8, and linux/amd64 runs"
