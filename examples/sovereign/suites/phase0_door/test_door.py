"""The door works when it passes requests on by their path, and refuses all others."""

import pytest

pytestmark = pytest.mark.service("caddy")


@pytest.mark.claim("X9")
def test_security_headers(door):
    headers = door.get("/").headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-XSS-Protection"] == "1; mode=block"
    assert headers["Referrer-Policy"] == "strict-origin-when-cross-origin"


@pytest.mark.claim("X10")
def test_an_unknown_path(door):
    response = door.get("/no-such-path")
    assert (response.status_code, response.text) == (404, "Not Found")


@pytest.mark.claim("X7")
def test_documentation_and_description(door):
    assert door.get("/docs").status_code == 302
    assert door.get("/openapi.json").status_code == 200


@pytest.mark.claim("X11")
def test_no_metrics(door):
    assert door.get("/metrics").status_code == 404


@pytest.mark.service("vikunja")
@pytest.mark.claim("X8")
def test_vikunja(api, container):
    response = api("vikunja").get("api/v1/info")
    assert response.status_code == 200
    assert response.json()["version"] == "0.24.1"
    assert container("vikunja").env["VIKUNJA_REDIS_ENABLED"] == "false"
