"""Makes Python's and Node's clients trust the private CA, and checks the CA's file."""

import datetime as dt
import functools
import re
import ssl
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from stacktest.errors import UsageError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

HINT = "name the CA's certificate (PEM) as `ca` under [stack]"
WHERE = "stacktest.toml:stack.ca"


def client_context(ca: Path | None) -> ssl.SSLContext:
    """A context that trusts only this CA and checks host names, for TLS 1.2 and later.

    Cached: the same content gives the same object, since reading certificates makes an HTTP client
    slow to create. Without a CA, it trusts the system's CAs.
    """
    return _shared("" if ca is None else _pem(ca), False)  # noqa: FBT003 - a cache's key


def wide_context(ca: Path | None) -> ssl.SSLContext:
    """A context that trusts the system's CAs and this CA; cached like `client_context`."""
    return _shared("" if ca is None else _pem(ca), True)  # noqa: FBT003 - a cache's key


def new_context(ca: Path | None) -> ssl.SSLContext:
    """The same as `client_context`, but not cached: other users cannot change it."""
    return _context("" if ca is None else _pem(ca), wide=False)


def check_ca(ca: Path, *, now: dt.datetime) -> None:
    """Raise a `UsageError` if the file cannot be used as a CA: absent, no certificate, expired.

    Of several certificates, some may have expired, such as an old one beside its successor.
    """
    certificates = _certificates(ca)
    for certificate in certificates:
        subject = certificate.subject.rfc4514_string()
        if not _is_ca(certificate):
            raise _unusable(ca, f"holds the certificate of a server, not of a CA ({subject})")
        if not _may_sign(certificate):
            raise _unusable(ca, f"holds a certificate whose key may not sign others ({subject})")
    problems = [_out_of_date(ca, certificate, now) for certificate in certificates]
    if problems and all(problems):
        raise problems[0] or _unusable(ca, "is out of date")


def pem_certificates(ca: Path) -> tuple[bytes, ...]:
    """The certificates of the file as PEM, without duplicates, for programs that read only one."""
    from cryptography.hazmat.primitives.serialization import Encoding

    certificates = [certificate.public_bytes(Encoding.PEM) for certificate in _certificates(ca)]
    return tuple(dict.fromkeys(certificates))


def node_environment(ca: Path | None) -> dict[str, str]:
    """Environment variables that Playwright's driver needs *before* it starts to trust the CA.

    They override the shell's settings of Node's trust.
    """
    verifying = {"NODE_TLS_REJECT_UNAUTHORIZED": "1"}
    if ca is None:
        return verifying
    return verifying | {"NODE_OPTIONS": "", "NODE_EXTRA_CA_CERTS": str(ca.resolve())}


# Private

_LARGEST = 10_000_000
"""Largest size of a CA file in bytes; the bundle of a whole system has 200 000."""
_BEGIN = b"-----BEGIN CERTIFICATE-----"
_PRIVATE_KEY = re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----")


@functools.lru_cache(maxsize=16)
def _shared(pem: str, wide: bool) -> ssl.SSLContext:  # noqa: FBT001 - part of a cache's key
    return _context(pem, wide=wide)


def _context(pem: str, *, wide: bool) -> ssl.SSLContext:
    # With `cadata`, the system's certificates are not loaded.
    context = ssl.create_default_context(cadata=None if wide else pem or None)
    if wide and pem:
        context.load_verify_locations(cadata=pem)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Browsers ignore names in the subject; OpenSSL uses them if there are no alternative names.
    context.hostname_checks_common_name = False
    # The default flags changed in Python 3.13: set them, so that the result does not depend on it.
    # Browsers and Node accept certificates without key identifiers; `doctor` reports these.
    flags = context.verify_flags & ~ssl.VERIFY_X509_STRICT
    context.verify_flags = flags | ssl.VERIFY_X509_PARTIAL_CHAIN
    return context


def _pem(ca: Path) -> str:
    """The file's certificates without comments, which may hold any characters."""
    return b"".join(pem_certificates(ca)).decode("ascii")


def _certificates(ca: Path) -> "list[Certificate]":
    from cryptography import x509

    content = _read(ca)
    _check_form(ca, content)
    try:
        certificates = x509.load_pem_x509_certificates(content)
    except ValueError as error:
        raise _unusable(ca, f"is not a certificate ({error})") from None
    if len(certificates) != content.count(_BEGIN):
        raise _unusable(
            ca,
            f"is cut off or damaged: {content.count(_BEGIN)} certificates begin in it, "
            f"{len(certificates)} can be read",
        )
    return certificates


def _read(ca: Path) -> bytes:
    try:
        status = ca.stat()
        if not stat.S_ISREG(status.st_mode):
            kind = "a folder" if stat.S_ISDIR(status.st_mode) else "a device or a pipe"
            raise _unusable(ca, f"cannot be read: it is {kind}, not a file")
        if status.st_size > _LARGEST:
            raise _unusable(ca, f"is too large for certificates: {status.st_size} bytes")
        return ca.read_bytes()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise _unusable(ca, f"cannot be read: {reason}") from None


def _check_form(ca: Path, content: bytes) -> None:
    """Raise a `UsageError` that says what the file is, if it does not hold only certificates."""
    if not content.strip():
        raise _unusable(ca, "is empty")
    if content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        hint = "save it as plain text without such a mark; other programs stumble over it, too"
        raise _unusable(ca, "begins with a byte order mark", hint)
    if _PRIVATE_KEY.search(content):
        what = "holds a private key beside" if _BEGIN in content else "holds a private key, not"
        hint = f"openssl x509 -in {ca.name} -out ca-only.crt" if _BEGIN in content else HINT
        raise _unusable(ca, f"{what} a certificate", hint)
    if _BEGIN in content:
        return
    if b"-----BEGIN CERTIFICATE REQUEST-----" in content:
        raise _unusable(ca, "holds a request for a certificate, not the certificate")
    if _is_der(content):
        hint = f"openssl x509 -inform der -in {ca.name} -out {ca.stem}.pem"
        raise _unusable(ca, "is not PEM text but a certificate in DER form", hint)
    if not content.isascii():
        raise _unusable(ca, "is not PEM text")
    raise _unusable(ca, "holds no certificate")


def _is_der(content: bytes) -> bool:
    from cryptography import x509

    try:
        x509.load_der_x509_certificate(content)
    except ValueError:
        return False
    return True


def _out_of_date(ca: Path, certificate: "Certificate", now: dt.datetime) -> UsageError | None:
    subject = certificate.subject.rfc4514_string()
    if certificate.not_valid_after_utc <= now:
        day = certificate.not_valid_after_utc.date().isoformat()
        return _unusable(ca, f"expired on {day} ({subject})", "make a new CA and new leaves")
    if certificate.not_valid_before_utc > now:
        day = certificate.not_valid_before_utc.date().isoformat()
        return _unusable(ca, f"is not valid before {day} ({subject})", "check the clock")
    return None


def _is_ca(certificate: "Certificate") -> bool:
    from cryptography import x509

    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except x509.ExtensionNotFound:
        # Version 1 certificates have no extensions; some old roots have this version.
        return certificate.version is x509.Version.v1
    return constraints.value.ca


def _may_sign(certificate: "Certificate") -> bool:
    from cryptography import x509

    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    except x509.ExtensionNotFound:
        return True
    return usage.value.key_cert_sign


def _unusable(ca: Path | None, what: str, hint: str = HINT) -> UsageError:
    return UsageError(f"the CA {ca} {what}", where=WHERE, hint=hint, code="SK-CA")
