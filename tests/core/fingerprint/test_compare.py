"""What a pass says about routes, against what the front door's configuration says now."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.compare import moved_parts
from stacktest.core.fingerprint.digest import Key
from stacktest.core.fingerprint.fingerprint import PARTS, Fingerprint, definition_part
from stacktest.core.freshness import inputs
from stacktest.core.freshness.inputs import Policy, Present
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.model import Service, Stack
from stacktest.core.records.common import FingerprintRecord
from stacktest.core.route import Route
from stacktest.core.routing import route_targets

KEY = Key(secret=b"k" * 32)
NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


def stack(*routes: Route, **definition: object) -> Stack:
    services = {
        name: Service(name=name, definition={"image": name, **definition})
        for name in ("cal", "watch")
    }
    return Stack(name="t", root=Path("/t"), services=services, routes=routes)


def route(host: str, service: str, basis: str = "encode gzip") -> Route:
    return Route(host=host, service=service, port=80, upstream=f"{service}:80", basis=basis)


def fingerprint(of: Stack, service: str = "cal", **door: str) -> Fingerprint:
    part = definition_part(of, of.services[service], KEY)
    return Fingerprint(
        parts={**dict.fromkeys(PARTS, "none"), "stanza": part.value},
        repo="none",
        key_id=KEY.key_id,
        detail={"stanza": part.detail, "routes": route_targets(of), "door": door},
    )


def reasons(
    before: Stack, now: Stack, *, detail: bool = True, files: Sequence[Mapping[str, str]] = ({}, {})
) -> tuple[str, ...]:
    old, new = fingerprint(before, **files[0]), fingerprint(now, **files[1])
    record = FingerprintRecord.attest(old)
    return moved_parts(record, present(new), Policy(), old.detail if detail else None)


def present(now: Fingerprint) -> Present:
    return Present(
        service="cal",
        now=NOW,
        observation=ServiceObservation(fingerprint=now),
        tests=inputs.Tests(digest="t", required=1),
        stack="t@e",
    )


BEFORE = stack(route("cal.lan", "cal"), route("watch.lan", "watch"))


@pytest.mark.case("field/c05")
def test_two_upstreams_that_were_swapped_change_both_services() -> None:
    swapped = stack(route("cal.lan", "watch"), route("watch.lan", "cal"))
    assert reasons(BEFORE, swapped) == (
        "route:cal.lan led to cal:80, now to watch:80",
        "route:watch.lan led to watch:80, now to cal:80",
    )


def test_without_the_names_behind_the_pass_the_definition_is_the_reason() -> None:
    assert reasons(BEFORE, stack(route("cal.lan", "watch")), detail=False) == ("stanza",)


def test_a_new_name_and_a_name_that_is_gone() -> None:
    assert reasons(BEFORE, stack(route("watch.lan", "watch"))) == (
        "route:cal.lan led to cal:80, now to nowhere",
    )
    more = stack(route("cal.lan", "cal"), route("new.lan", "cal"))
    assert reasons(BEFORE, more) == ("route:new.lan led to nowhere, now to cal:80",)


def test_what_applies_to_a_name_belongs_to_its_service_only() -> None:
    other = stack(route("cal.lan", "cal", basis="basic_auth"), route("watch.lan", "watch"))
    assert reasons(BEFORE, other) == ("route:what the front door says about cal.lan changed",)
    aside = stack(route("cal.lan", "cal"), route("watch.lan", "watch", basis="basic_auth"))
    assert reasons(BEFORE, aside) == ()


CERTIFICATE = {"certs/home.crt": "1", "Caddyfile": "1"}
RENEWED = {
    "one file": (CERTIFICATE | {"certs/home.crt": "2"}, ": certs/home.crt"),
    "two files": (
        CERTIFICATE | {"certs/home.crt": "2", "more.crt": "1"},
        ": certs/home.crt; more.crt",
    ),
    "no file that is known": (CERTIFICATE, ""),
}


@pytest.mark.parametrize("kind", RENEWED)
def test_the_file_that_changed_for_a_name_is_named(kind: str) -> None:
    files, names = RENEWED[kind]
    other = stack(route("cal.lan", "cal", basis="tls, renewed"), route("watch.lan", "watch"))
    expected = (f"route:what the front door says about cal.lan changed{names}",)
    assert reasons(BEFORE, other, files=(CERTIFICATE, files)) == expected
    # A record of an older version does not know the files.
    old = "route:what the front door says about cal.lan changed"
    without = {"stanza": fingerprint(BEFORE).detail["stanza"], "routes": route_targets(BEFORE)}
    assert moved_parts(
        FingerprintRecord.attest(fingerprint(BEFORE)),
        present(fingerprint(other, **files)),
        Policy(),
        without,
    ) == (old,)


def test_a_route_and_a_key_of_the_definition_are_two_reasons() -> None:
    both = stack(route("cal.lan", "watch"), init=True)
    assert reasons(BEFORE, both) == ("route:cal.lan led to cal:80, now to watch:80", "stanza")


def test_where_a_definition_stands_does_not_count() -> None:
    moved_down = stack(*(replace(r, where="Caddyfile:99") for r in BEFORE.routes))
    assert reasons(BEFORE, moved_down) == ()
