import datetime as dt
import json
import os
import shutil
import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stacktest.adapters.browser.chromium_trust import browser_home
from stacktest.adapters.browser.other_browsers_trust import firefox_environment, with_system_trust
from stacktest.adapters.process import run
from stacktest.adapters.tls import (
    certificate_facts,
    check_ca,
    client_context,
    new_context,
    node_environment,
    pem_certificates,
    wide_context,
)
from stacktest.errors import ToolMissingError, UsageError
from tests.support.tls_servers import HOST, Pki

NOW = dt.datetime.now(dt.UTC)  # noqa: TID251 - certificates are judged by the real clock
BEGIN = b"-----BEGIN CERTIFICATE-----\n"
_CA = trustme.CA()
GOOD = _CA.cert_pem.bytes()
KEY = _CA.private_key_pem.bytes()
DER = x509.load_pem_x509_certificate(GOOD).public_bytes(serialization.Encoding.DER)


def test_the_context_is_shared_and_strict(pki: Pki) -> None:
    context = client_context(pki.ca)
    assert client_context(pki.ca) is context
    assert client_context(pki.other_ca) is not context
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname is True
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert len(context.get_ca_certs()) == 1


def test_a_changed_ca_gives_another_context(pki: Pki, tmp_path: Path) -> None:
    ca = tmp_path / "ca.crt"
    ca.write_bytes(pki.ca.read_bytes())
    first = client_context(ca)
    ca.write_bytes(pki.other_ca.read_bytes())
    assert client_context(ca) is not first


def test_a_good_ca_passes(pki: Pki) -> None:
    check_ca(pki.ca, now=NOW)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "cannot be read: no such file"),
        (b"", "is empty"),
        (b" \r\n\n", "is empty"),
        (b"any text\n", "holds no certificate"),
        (b"\xff\x00", "is not PEM text"),
        (os.urandom(5000), "is not PEM text"),
        (b"\xef\xbb\xbf" + GOOD, "begins with a byte order mark"),
        (GOOD.decode().encode("utf-16"), "begins with a byte order mark"),
        (GOOD[: len(GOOD) // 2], "is not a certificate"),
        (GOOD + GOOD[: len(GOOD) // 2], "is cut off or damaged: 2 certificates begin in it, 1 can"),
        (GOOD + KEY, "holds a private key beside a certificate"),
        (KEY, "holds a private key, not a certificate"),
        (b"-----BEGIN CERTIFICATE REQUEST-----\n", "holds a request for a certificate"),
        (DER, "is not PEM text but a certificate in DER form"),
        (BEGIN + b"AAAA\n-----END CERTIFICATE-----\n", "is not a certificate"),
        (BEGIN + b"%%%%\n-----END CERTIFICATE-----\n", "is not a certificate"),
    ],
)
def test_a_file_that_is_no_ca(content: bytes | None, what: str, tmp_path: Path) -> None:
    ca = tmp_path / "ca.crt"
    if content is not None:
        ca.write_bytes(content)
    assert_refused(ca, what)


def assert_refused(ca: Path, what: str) -> None:
    """By every client, in the same words."""
    uses = (
        client_context,
        new_context,
        wide_context,
        pem_certificates,
        lambda path: check_ca(path, now=NOW),
        lambda path: browser_home(path, path.parent / "home"),
        lambda path: firefox_environment(path, path.parent),
        lambda path: with_system_trust("/bin/true", path, path.parent),
    )
    for use in uses:
        with pytest.raises(UsageError) as caught:
            use(ca)
        assert what in caught.value.what
        assert (caught.value.where, caught.value.code) == ("stacktest.toml:stack.ca", "SK-CA")


def test_what_is_not_a_file_is_not_a_ca(tmp_path: Path) -> None:
    assert_refused(tmp_path, "cannot be read: it is a folder, not a file")
    os.mkfifo(tmp_path / "pipe")
    assert_refused(tmp_path / "pipe", "cannot be read: it is a device or a pipe, not a file")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    assert_refused(tmp_path / "circle", "cannot be read: too many levels of symbolic links")
    with (tmp_path / "large.crt").open("wb") as file:
        file.truncate(11_000_000)
    assert_refused(tmp_path / "large.crt", "is too large for certificates: 11000000 bytes")


def test_a_file_that_nobody_may_read(
    pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path == pki.ca:
            raise PermissionError(13, "Permission denied")
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert_refused(pki.ca, "cannot be read: permission denied")


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace(b"\n", b"\r\n"),
        "# Bücher-CA, seit 2024 ✓\n".encode() + GOOD,
        "# Bücher-CA\n".encode("latin-1") + GOOD,
        b"Subject: CN = a CA\n" + GOOD + b"\n\n" + GOOD,
        GOOD.rstrip(),
    ],
    ids=["CRLF", "comment in UTF-8", "comment in Latin-1", "twice", "no line break at the end"],
)
def test_what_is_around_a_certificate_does_not_matter(content: bytes, tmp_path: Path) -> None:
    ca = tmp_path / "ca.crt"
    ca.write_bytes(content)
    check_ca(ca, now=NOW)
    assert pem_certificates(ca) == (GOOD,)
    assert len(client_context(ca).get_ca_certs()) == 1


def test_an_expired_ca_is_named(pki: Pki) -> None:
    with pytest.raises(UsageError, match="expired on"):
        check_ca(pki.ca, now=NOW + dt.timedelta(days=365 * 1500))
    with pytest.raises(UsageError, match="is not valid before"):
        check_ca(pki.ca, now=NOW - dt.timedelta(days=365 * 200))


def test_a_leaf_is_no_ca(pki: Pki, tmp_path: Path) -> None:
    leaf = tmp_path / "leaf.crt"
    pki.leaf.cert_chain_pems[0].write_to_path(str(leaf))
    with pytest.raises(UsageError, match="of a server, not of a CA"):
        check_ca(leaf, now=NOW)


def test_node_is_told_by_an_absolute_path(pki: Pki, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pki.ca.parent)
    variables = node_environment(Path("ca.crt"))
    assert variables["NODE_EXTRA_CA_CERTS"] == str(pki.ca)


def test_the_shell_cannot_weaken_nodes_trust(pki: Pki) -> None:
    """Node heeds these: off with verification, another CA by `--use-openssl-ca`, older TLS."""
    assert node_environment(pki.ca)["NODE_TLS_REJECT_UNAUTHORIZED"] == "1"
    assert node_environment(pki.ca)["NODE_OPTIONS"] == ""
    assert node_environment(None) == {"NODE_TLS_REJECT_UNAUTHORIZED": "1"}


def test_facts_of_a_good_certificate(pki: Pki) -> None:
    facts = certificate_facts(HOST, ("127.0.0.1", pki.ports["good"]), pki.ca)
    assert facts.verified
    assert facts.why == ""
    assert facts.subject == "*.stack.local"
    assert facts.names == (HOST, "*.stack.local", "stack.local")
    assert facts.issuer.startswith("trustme") or facts.issuer == ""
    assert facts.not_before < NOW < facts.not_after
    assert facts.days_left(NOW) > 0
    assert "serverAuth" in facts.extended_key_usage
    assert "digital_signature" in facts.key_usage
    assert facts.is_ca is False
    assert facts.tls == "TLSv1.3"


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("unknown_ca", "unable to get local issuer certificate"),
        ("wrong_name", "Hostname mismatch"),
        ("expired", "certificate has expired"),
        ("not_yet_valid", "certificate is not yet valid"),
        ("self_signed", "self-signed certificate"),
    ],
)
def test_facts_of_a_bad_certificate_say_why(kind: str, why: str, pki: Pki) -> None:
    facts = certificate_facts(HOST, ("127.0.0.1", pki.ports[kind]), pki.ca)
    assert not facts.verified
    assert why in facts.why
    assert facts.names


def certutil(folder: Path) -> Path:
    """A stand-in that writes the database's three files and notes how it was called."""
    folder.mkdir()
    script = folder / "certutil"
    script.write_text(
        "#!/bin/sh\n"
        f'echo "$*" >> {folder}/calls\n'
        'for word; do case "$word" in sql:*) db=${word#sql:};; esac; done\n'
        'for f in cert9.db key4.db pkcs11.txt; do echo x > "$db/$f"; done\n'
    )
    script.chmod(stat.S_IRWXU)
    return folder


def test_the_browser_gets_its_own_home(
    pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = certutil(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    cache = tmp_path / "cache"
    env = browser_home(pki.ca, tmp_path / "home", cache=cache)
    assert env["HOME"] == str(tmp_path / "home")
    assert all(value.startswith(env["HOME"]) for value in env.values())
    assert (tmp_path / "home/.pki/nssdb/cert9.db").is_file()
    browser_home(pki.ca, tmp_path / "home2", cache=cache)
    assert len((tools / "calls").read_text().splitlines()) == 2, "once per CA, not per home"
    browser_home(pki.other_ca, tmp_path / "home3", cache=cache)
    assert len((tools / "calls").read_text().splitlines()) == 4
    assert len(list(cache.iterdir())) == 2, "nothing half-made is left"


def test_without_a_ca_the_browser_has_an_empty_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert browser_home(None, tmp_path / "home")["HOME"] == str(tmp_path / "home")


def test_certutil_absent_says_what_to_install(
    pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ToolMissingError) as caught:
        browser_home(pki.ca, tmp_path / "home")
    assert "libnss3-tools" in caught.value.hint


def test_a_missing_ca_names_the_key(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"stack\.ca"):
        browser_home(tmp_path / "gone.crt", tmp_path / "home")


def test_firefox_is_told_by_a_policy(pki: Pki, tmp_path: Path) -> None:
    variables = firefox_environment(pki.ca, tmp_path)
    told = json.loads(Path(variables["PLAYWRIGHT_FIREFOX_POLICIES_JSON"]).read_text())
    (installed,) = told["policies"]["Certificates"]["Install"]
    assert _certificates(Path(installed)) == _certificates(pki.ca)


@pytest.mark.case("hard/C6-second-ca-of-bundle")
def test_each_ca_of_a_bundle_is_given_to_browsers_on_its_own(
    pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.crt"
    bundle.write_bytes(pki.other_ca.read_bytes() + pki.ca.read_bytes())
    every = _certificates(pki.other_ca) + _certificates(pki.ca)
    policies = Path(firefox_environment(bundle, tmp_path)["PLAYWRIGHT_FIREFOX_POLICIES_JSON"])
    files = json.loads(policies.read_text())["policies"]["Certificates"]["Install"]
    assert [_certificates(Path(path)) for path in files] == [[one] for one in every]
    tools = certutil(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    browser_home(bundle, tmp_path / "home")
    calls = (tools / "calls").read_text()
    assert "-n stacktest-0 " in calls
    assert "-n stacktest-1 " in calls
    check_ca(bundle, now=NOW)
    assert len(client_context(bundle).get_ca_certs()) == 2


def _certificates(path: Path) -> list[bytes]:
    found = x509.load_pem_x509_certificates(path.read_bytes())
    return [certificate.fingerprint(hashes.SHA256()) for certificate in found]


def _issue(tmp_path: Path, *, days: int, name: str) -> Path:
    """A CA that ends after so many days."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1 + days % 1000)
    builder = builder.not_valid_before(NOW - dt.timedelta(days=400))
    builder = builder.not_valid_after(NOW + dt.timedelta(days=days))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    path = tmp_path / f"{name}.crt"
    path.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


def test_an_old_ca_beside_its_successor_may_have_expired(tmp_path: Path) -> None:
    old, new = _issue(tmp_path, days=-1, name="old"), _issue(tmp_path, days=90, name="new")
    bundle = tmp_path / "bundle.crt"
    bundle.write_bytes(old.read_bytes() + new.read_bytes())
    check_ca(bundle, now=NOW)
    bundle.write_bytes(old.read_bytes() * 2)
    with pytest.raises(UsageError, match="expired on"):
        check_ca(bundle, now=NOW)


@pytest.mark.case("field/b32")
def test_a_leaf_without_key_identifiers_is_accepted_on_every_python(
    tmp_path: Path, serve: Any
) -> None:
    """As a home-made CA signs it: no subject and no authority key identifier."""
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Home CA")])
    builder = x509.CertificateBuilder(issuer, issuer, ca_key.public_key(), 1)
    builder = builder.not_valid_before(NOW - dt.timedelta(days=1))
    builder = builder.not_valid_after(NOW + dt.timedelta(days=9))
    ca = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    (tmp_path / "ca.crt").write_bytes(
        ca.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    certificate = x509.CertificateBuilder(issuer, subject, key.public_key(), 2)
    certificate = certificate.not_valid_before(NOW - dt.timedelta(days=1))
    certificate = certificate.not_valid_after(NOW + dt.timedelta(days=9))
    certificate = certificate.add_extension(
        x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False
    )
    both = tmp_path / "leaf.pem"
    both.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(both)
    facts = certificate_facts(HOST, ("127.0.0.1", serve(server)), tmp_path / "ca.crt")
    assert facts.verified
    assert "Key Identifier" in facts.strict_why
    context = client_context(tmp_path / "ca.crt")
    assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    assert firefox_environment(None, tmp_path) == {}


def ask_with(program: str, port: int) -> int:
    """The exit code of curl, which trusts the system's bundle, just as WebKit does."""
    pin = ["--resolve", f"{HOST}:{port}:127.0.0.1", f"https://{HOST}:{port}/"]
    return run([program, "--silent", "--max-time", "10", *pin]).code


@pytest.mark.processes
def test_a_program_sees_the_systems_trust_with_the_ca_in_it(pki: Pki, tmp_path: Path) -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("curl is not installed; it stands for a browser that trusts the system's CAs")
    refused = 60
    assert ask_with(curl, pki.ports["good"]) == refused, "the system itself must not trust the CA"
    trusting = with_system_trust(curl, pki.ca, tmp_path)
    assert ask_with(trusting, pki.ports["good"]) == 0
    assert ask_with(trusting, pki.ports["expired"]) == refused
    assert ask_with(trusting, pki.ports["unknown_ca"]) == refused
    assert ask_with(curl, pki.ports["good"]) == refused, "and nobody else sees it"


def test_where_no_namespace_can_be_made_webkit_says_so(
    pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "unshare").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "unshare").chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(ToolMissingError, match="no mount namespace can be made here"):
        with_system_trust("/bin/true", pki.ca, tmp_path)


def test_without_a_ca_the_program_is_run_as_it_is(tmp_path: Path) -> None:
    assert with_system_trust("/bin/true", None, tmp_path) == "/bin/true"
