"""The front door works when every host name of the stack is served over TLS that verifies.

Each answer carries the promised headers, the applications are told apart by name, and neither the
administration nor any unknown name is reachable. Headers prove the door only, never what is behind.
"""

import datetime as dt
import json

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from fixtures.identity import known_identities
from fixtures.tls import Door
from fixtures.typed import Answered, Api, Inside, ReachFrom
from fixtures.versions import verify_version
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("caddy")

HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains; preload",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "1; mode=block",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
        "connect-src 'self' wss:; frame-ancestors 'self'"
    ),
}


@pytest.fixture
def door(stack: RunningStack, answered: Answered) -> Door:
    return Door(stack, answered)


def test_the_root_says_which_stack_this_is(api: Api) -> None:
    response = api("stack.local").get("/")
    assert response.status_code == 200
    assert response.text == "Reference Stack - all phases"


def test_the_program_has_the_pinned_version(inside: Inside, stack: RunningStack) -> None:
    said = inside("caddy").run("caddy", "version")
    assert said.code == 0
    verify_version(said.out, stack, "caddy")


@pytest.mark.claim("P6.4")
@pytest.mark.parametrize("name", HEADERS)
def test_the_header_has_its_exact_value(api: Api, name: str) -> None:
    response = api("stack.local").get("/")
    assert response.headers.get_list(name) == [HEADERS[name]]


def test_the_server_does_not_name_itself(api: Api) -> None:
    response = api("stack.local").get("/")
    assert "Server" not in response.headers


@pytest.mark.claim("P6.4")
def test_every_host_carries_the_headers(api: Api, stack: RunningStack) -> None:
    for host in sorted({route.host for route in stack.model.routes}):
        said = api(host).get("/").headers
        assert {name: said.get(name) for name in HEADERS} == HEADERS, host


@pytest.mark.claim("P0.5")
def test_every_host_shows_a_certificate_that_verifies(door: Door, stack: RunningStack) -> None:
    hosts = {route.host for route in stack.model.routes}
    shown = {door.certificate(host).serial_number for host in hosts}
    assert len(shown) == 1


def test_who_trusts_public_authorities_only_turns_away(door: Door) -> None:
    reason = door.distrust("stack.local").verify_message
    assert reason == "unable to get local issuer certificate"


@pytest.mark.claim("P0.4")
def test_the_certificate_is_for_the_domain_and_its_subdomains(
    door: Door, stack: RunningStack
) -> None:
    leaf = door.certificate("stack.local")
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    domain = stack.model.domain
    assert sorted(names.get_values_for_type(x509.DNSName)) == [f"*.{domain}", domain]


@pytest.mark.claim("P0.4")
def test_the_certificate_is_signed_by_the_stacks_own_authority(
    door: Door, stack: RunningStack
) -> None:
    leaf = door.certificate("stack.local")
    assert stack.ca is not None
    authority = x509.load_pem_x509_certificate(stack.ca.read_bytes())
    assert leaf.issuer == authority.subject
    assert leaf.issuer != leaf.subject


def test_the_certificate_is_for_servers_and_signs_no_others(door: Door) -> None:
    extensions = door.certificate("stack.local").extensions
    usage = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


def test_the_certificate_lasts_for_another_fortnight(door: Door) -> None:
    leaf = door.certificate("stack.local")
    left = leaf.not_valid_after_utc - dt.datetime.now(dt.UTC)
    assert left > dt.timedelta(days=14)


def test_a_current_client_gets_the_current_protocol(door: Door) -> None:
    assert door.protocol("stack.local") == "TLSv1.3"


def test_an_unknown_name_of_the_domain_gets_no_application(api: Api) -> None:
    response = api("no-such-app.stack.local").get("/")
    assert response.status_code == 421
    assert response.text == "no such host"


def test_the_port_speaks_nothing_but_tls(door: Door) -> None:
    assert door.plain_http("stack.local").startswith(b"HTTP/1.0 400 Bad Request\r\n")


def test_nobody_listens_for_plain_http(reach_from: ReachFrom) -> None:
    assert reach_from("frontend", "caddy", 443) == "open"
    assert reach_from("frontend", "caddy", 80) == "refused"


def test_the_administration_refuses_other_containers(reach_from: ReachFrom) -> None:
    assert reach_from("frontend", "caddy", 443) == "open"
    assert reach_from("frontend", "caddy", 2019) == "refused"
    assert reach_from("backend", "caddy", 2019) == "refused"


def test_the_administration_answers_inside_its_own_container(inside: Inside) -> None:
    said = inside("caddy").run("curl", "-fsS", "http://127.0.0.1:2019/config/")
    assert said.code == 0, said.err
    configuration = json.loads(said.out)
    assert configuration["admin"]["listen"] == "127.0.0.1:2019"
    assert set(configuration["apps"]) == {"http", "tls"}


def test_the_door_measures_itself_for_prometheus(api: Api, inside: Inside) -> None:
    assert api("stack.local").get("/").status_code == 200
    with inside("caddy").http(2020) as client:
        response = client.get("/metrics", headers={"Host": "caddy"})
    assert response.status_code == 200
    assert "\ncaddy_http_requests_total{" in response.text


@pytest.mark.claim("P0.1")
def test_every_route_has_a_suite_that_tells_its_application_apart(
    api: Api, stack: RunningStack
) -> None:
    assert api("stack.local").get("/").status_code == 200
    hosts = {route.host for route in stack.model.routes if route.host != stack.model.domain}
    assert hosts - set(known_identities()) == set()
