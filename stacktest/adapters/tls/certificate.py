"""Reads facts about the certificate that a server presents, and verifies it with the CA."""

import datetime as dt
import socket
import ssl
from pathlib import Path

from msgspec import Struct

from stacktest.adapters.tls.ca import client_context, new_context

SMALLEST_RSA_KEY = 2048


class CertificateFacts(Struct, frozen=True, kw_only=True):
    """The result of one handshake; `verified`: chain, name and dates, by the private CA only."""

    subject: str
    """Common name, or empty."""
    names: tuple[str, ...]
    """DNS names of the subject alternative name, in their order."""
    issuer: str
    """Common name of the issuer, or empty."""
    not_before: dt.datetime
    not_after: dt.datetime
    extended_key_usage: tuple[str, ...]
    """Names such as `serverAuth`, sorted."""
    key_usage: tuple[str, ...]
    """Names such as `digital_signature`, sorted."""
    is_ca: bool
    verified: bool
    why: str
    """OpenSSL's message why it is not verified; empty if it is."""
    tls: str
    """The negotiated version: `TLSv1.3`."""
    strict_why: str = ""
    """OpenSSL's message why strict verifiers (Python 3.13's default) refuse it; else empty."""

    def days_left(self, now: dt.datetime) -> float:
        """Days until it expires; negative once it has."""
        return (self.not_after - now).total_seconds() / 86400


def certificate_facts(
    host: str, address: tuple[str, int], ca: Path | None, *, timeout: float = 10.0
) -> CertificateFacts:
    """The certificate that `address` presents for `host`; OSError if it does not answer."""
    why = ""
    try:
        der, version = _shake_hands(client_context(ca), host, address, timeout)
        why = leaf_objection(der)
    except ssl.SSLCertVerificationError as error:
        why = error.verify_message or str(error.reason)
        der, version = _shake_hands(_reader(), host, address, timeout)
    strict_why = why or _strict_why(host, address, ca, timeout)
    return _facts(der, version, why, strict_why)


def leaf_objection(der: bytes) -> str:
    """Why browsers refuse a server's certificate that OpenSSL accepts; empty if they do not."""
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import rsa

    certificate = x509.load_der_x509_certificate(der)
    if certificate.version is not x509.Version.v3:
        return "a version 1 certificate holds no host names"
    extensions = {type(item.value): item.value for item in certificate.extensions}
    usage = extensions.get(x509.KeyUsage)
    if isinstance(usage, x509.KeyUsage) and not usage.digital_signature:
        return "its key usage does not include digital signatures"
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < SMALLEST_RSA_KEY:
        return f"its RSA key has {key.key_size} bits, fewer than {SMALLEST_RSA_KEY}"
    return ""


# Private

_KEY_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)


def _reader() -> ssl.SSLContext:
    """A context that verifies nothing, to describe a certificate that was refused."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _strict_why(host: str, address: tuple[str, int], ca: Path | None, timeout: float) -> str:
    context = new_context(ca)
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        _shake_hands(context, host, address, timeout)
    except ssl.SSLCertVerificationError as error:
        return error.verify_message or str(error.reason)
    return ""


def _shake_hands(
    context: ssl.SSLContext, host: str, address: tuple[str, int], timeout: float
) -> tuple[bytes, str]:
    with (
        socket.create_connection(address, timeout=timeout) as plain,
        context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        return secured.getpeercert(binary_form=True) or b"", secured.version() or ""


def _facts(der: bytes, version: str, why: str, strict_why: str) -> CertificateFacts:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    certificate = x509.load_der_x509_certificate(der)

    def common_name(name: x509.Name) -> str:
        return next(
            (str(item.value) for item in name.get_attributes_for_oid(NameOID.COMMON_NAME)), ""
        )

    extensions = {type(item.value): item.value for item in certificate.extensions}
    alternative = extensions.get(x509.SubjectAlternativeName)
    extended = extensions.get(x509.ExtendedKeyUsage, ())
    usage = extensions.get(x509.KeyUsage)
    constraints = extensions.get(x509.BasicConstraints)
    return CertificateFacts(
        subject=common_name(certificate.subject),
        names=tuple(alternative.get_values_for_type(x509.DNSName)) if alternative else (),
        issuer=common_name(certificate.issuer),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        extended_key_usage=tuple(sorted(item._name for item in extended)),  # noqa: SLF001
        key_usage=tuple(sorted(name for name in _KEY_USAGES if usage and getattr(usage, name))),
        is_ca=bool(constraints and constraints.ca),
        verified=not why,
        why=why,
        tls=version,
        strict_why=strict_why,
    )
