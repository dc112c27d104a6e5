"""nginx works when it serves the dashboard and the API by TLS, and nothing without it."""

import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

DOMAIN = "orchestra.local"
HEADERS = {
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains; preload",
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "X-XSS-Protection": "1; mode=block",
}

pytestmark = pytest.mark.service("nginx")


@pytest.mark.claim("A17")
def test_its_certificate_verifies(tls):
    server = tls("nginx")
    assert server.verified
    assert DOMAIN in server.names
    assert server.not_after > dt.datetime.now(dt.UTC) + dt.timedelta(days=7)


@pytest.mark.claim("A17")
@pytest.mark.parametrize(
    ("version", "is_accepted"),
    [("TLSv1", False), ("TLSv1.1", False), ("TLSv1.2", True), ("TLSv1.3", True)],
)
def test_it_speaks_this_version_or_not(tls, version, is_accepted):
    assert tls("nginx").accepts(version) is is_accepted


@pytest.mark.claim("A16")
@pytest.mark.parametrize("path", ["/", "/health", "/api/status?verbose=1"])
def test_plain_http_is_sent_to_https(api, tls, path):
    response = api(DOMAIN, port=80).get(path)
    assert response.status_code == 301
    assert response.headers["Location"] == f"https://{DOMAIN}{path}"
    assert tls("nginx").version == "TLSv1.3"


@pytest.mark.claim("A18")
@pytest.mark.service("dashboard", "ai-orchestra")
@pytest.mark.parametrize("path", ["/", "/api/status", "/assets/dashboard.css"])
def test_each_header_is_there_once(api, tls, path):
    client = api(DOMAIN)
    for asked in ("/", "/api/status", path):
        response = client.get(asked)
    assert {name: response.headers.get_list(name) for name in HEADERS} == {
        name: [value] for name, value in HEADERS.items()
    }
    assert tls("nginx").verified


@pytest.fixture
def renewed(stack, inside):
    """Puts another certificate in the place of the one that is served, until the test ends."""
    certbot = inside("certbot")
    path = certbot.run("find", "/etc/letsencrypt", "-name", "fullchain.pem").out.strip()
    before = certbot.run("cat", path).out

    def put(text):
        assert certbot.run("tee", path, input=text).code == 0

    yield lambda: put(_signed_again(stack.model.root / "certs", before))
    put(before)


@pytest.mark.service("certbot")
@pytest.mark.claim("A22")
def test_a_renewed_certificate_is_served(renewed, tls, within):
    before = tls("nginx").not_after
    renewed()
    for attempt in within(5):
        with attempt:
            assert tls("nginx").not_after == before - dt.timedelta(days=1)


def _signed_again(folder, text):
    """The same certificate, a day shorter, signed by the stack's own authority."""
    old = x509.load_pem_x509_certificate(text.encode())
    authority = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
    key = serialization.load_pem_private_key((folder / "ca.key").read_bytes(), password=None)
    builder = (
        x509.CertificateBuilder()
        .subject_name(old.subject)
        .issuer_name(authority.subject)
        .public_key(old.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(old.not_valid_before_utc)
        .not_valid_after(old.not_valid_after_utc - dt.timedelta(days=1))
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
