"""certbot works when it knows a certificate, and renews it again and again."""

import pytest

pytestmark = [pytest.mark.service("certbot"), pytest.mark.claim("A21")]


def test_it_tries_every_12_hours(container):
    command = " ".join(container("certbot").raw["Config"]["Entrypoint"])
    assert "certbot renew" in command
    assert "sleep 12h" in command


def test_it_knows_the_certificate(inside):
    certificates = inside("certbot").run("certbot", "certificates")
    assert certificates.out == "Certificate Name: orchestra.local\n"


def test_the_certificate_can_be_renewed(inside):
    renewal = inside("certbot").run("certbot", "renew", "--dry-run")
    assert renewal.out == "/etc/letsencrypt/live/orchestra.local/fullchain.pem (success)\n"
