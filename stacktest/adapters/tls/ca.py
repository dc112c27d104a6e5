"""The private CA as Python's and Node's clients trust it."""

import datetime as dt
import functools
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from stacktest.errors import UsageError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

HINT = "name the CA's certificate (PEM) as `ca` under [stack]"
WHERE = "stacktest.toml:stack.ca"


def client_context(ca: Path | None) -> ssl.SSLContext:
    """A context that trusts this CA and no other, for names that match, TLS 1.2 and later.

    Shared: the same file with the same content gives the same object, since reading certificates is
    what makes an HTTP client slow to create. Without a CA, the system's own trust.
    """
    return _shared(ca, wide=False)


def wide_context(ca: Path | None) -> ssl.SSLContext:
    """A context that trusts what the system trusts, and this CA besides; shared likewise."""
    return _shared(ca, wide=True)


def check_ca(ca: Path, *, now: dt.datetime) -> None:
    """Raise a `UsageError` when the file cannot serve as a CA: absent, no certificate, expired.

    Of several certificates, an old one beside its successor may have expired.
    """
    from cryptography import x509

    try:
        certificates = x509.load_pem_x509_certificates(_pem(ca).encode())
    except ValueError as error:
        raise _unusable(ca, f"is not a certificate ({error})") from None
    for certificate in certificates:
        if not _may_sign(certificate):
            subject = certificate.subject.rfc4514_string()
            raise _unusable(ca, f"holds the certificate of a server, not of a CA ({subject})")
    problems = [_out_of_date(ca, certificate, now) for certificate in certificates]
    if problems and all(problems):
        raise problems[0] or _unusable(ca, "is out of date")


def pem_certificates(ca: Path) -> tuple[bytes, ...]:
    """Each certificate of the file as PEM, for programs that take one at a time."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        certificates = x509.load_pem_x509_certificates(_pem(ca).encode())
    except ValueError as error:
        raise _unusable(ca, f"is not a certificate ({error})") from None
    return tuple(certificate.public_bytes(Encoding.PEM) for certificate in certificates)


def node_environment(ca: Path | None) -> dict[str, str]:
    """What Playwright's driver must find in its environment *before* it starts."""
    return {} if ca is None else {"NODE_EXTRA_CA_CERTS": str(ca.resolve())}


# Private


def _shared(ca: Path | None, *, wide: bool) -> ssl.SSLContext:
    try:
        return _context("" if ca is None else _pem(ca), wide)
    except ssl.SSLError:
        raise _unusable(ca, "is not a certificate") from None


@functools.lru_cache(maxsize=16)
def _context(pem: str, wide: bool) -> ssl.SSLContext:  # noqa: FBT001 - part of a cache's key
    # Certificates that are given here take the place of the system's.
    context = ssl.create_default_context(cadata=None if wide else pem or None)
    if wide and pem:
        context.load_verify_locations(cadata=pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 sets other defaults than those before it: what verifies must not depend on that.
    # Browsers and Node accept certificates without key identifiers; `doctor` names what is missing.
    flags = context.verify_flags & ~ssl.VERIFY_X509_STRICT
    context.verify_flags = flags | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _pem(ca: Path) -> str:
    try:
        text = ca.read_text(encoding="ascii")
    except UnicodeDecodeError:
        raise _unusable(ca, "is not PEM text", f"openssl x509 -inform der -in {ca.name}") from None
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise _unusable(ca, f"cannot be read: {reason}") from None
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise _unusable(ca, "holds no certificate")
    return text


def _out_of_date(ca: Path, certificate: "Certificate", now: dt.datetime) -> UsageError | None:
    subject = certificate.subject.rfc4514_string()
    if certificate.not_valid_after_utc <= now:
        day = certificate.not_valid_after_utc.date().isoformat()
        return _unusable(ca, f"expired on {day} ({subject})", "make a new CA and new leaves")
    if certificate.not_valid_before_utc > now:
        day = certificate.not_valid_before_utc.date().isoformat()
        return _unusable(ca, f"is not valid before {day} ({subject})", "check the clock")
    return None


def _may_sign(certificate: "Certificate") -> bool:
    from cryptography import x509

    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        # Version 1 certificates know no extensions; old roots are such.
        return certificate.version is x509.Version.v1
    return constraints.value.ca


def _unusable(ca: Path | None, what: str, hint: str = HINT) -> UsageError:
    return UsageError(f"the CA {ca} {what}", where=WHERE, hint=hint, code="SK-CA")
