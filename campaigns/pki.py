"""Certificates as a campaign wishes them: `Wish` says what one holds, `Pki` signs it."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from stacktest.core.changed_copy import replace

HOST = "app.stack.local"
ADDRESS = "127.0.0.1"
DAY = dt.timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A signed certificate, its key, and what a server sends after it."""

    certificate: x509.Certificate
    key: Key
    chain: tuple[x509.Certificate, ...] = ()


NOT_A_CA = x509.BasicConstraints(ca=False, path_length=None)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a certificate is to say; the defaults are those of a good one for `HOST`."""

    names: Sequence[x509.GeneralName] | None = (x509.DNSName(HOST),)
    common_name: str = "a leaf"
    not_before: dt.timedelta = -DAY
    not_after: dt.timedelta = 90 * DAY
    key: Callable[[], Key] = field(default=lambda: ec.generate_private_key(ec.SECP256R1()))
    usages: Sequence[ObjectIdentifier] | None = (ExtendedKeyUsageOID.SERVER_AUTH,)
    key_usage: Sequence[str] | None = ("digital_signature",)
    constraints: x509.BasicConstraints | None = NOT_A_CA
    name_constraints: x509.NameConstraints | None = None
    others: Sequence[tuple[x509.ExtensionType, bool]] = ()
    hash: hashes.SHA256 | hashes.SHA384 = field(default_factory=hashes.SHA256)
    padding: Any = None
    has_identifiers: bool = True


GOOD = Wish()
AUTHORITY = Wish(
    names=None,
    common_name="an authority",
    not_after=400 * DAY,
    usages=None,
    key_usage=("key_cert_sign", "crl_sign"),
    constraints=x509.BasicConstraints(ca=True, path_length=None),
)
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def rsa_key(size: int) -> Callable[[], Key]:
    """Makes RSA keys of a size."""
    return lambda: rsa.generate_private_key(public_exponent=65537, key_size=size)


def curve_key(curve: ec.EllipticCurve) -> Callable[[], Key]:
    """Makes keys on a curve."""
    return lambda: ec.generate_private_key(curve)


def dns(*names: str) -> tuple[x509.GeneralName, ...]:
    """DNS names, unchecked: hostile ones are the point."""
    return tuple(x509.DNSName(name) for name in names)


class Pki:
    """The CAs of one campaign; `trusted` are those that clients are told of."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now
        self.root = self.sign(replace(AUTHORITY, common_name="Campaign CA"))
        self.second = self.sign(replace(AUTHORITY, common_name="Campaign CA"))
        self.rsa_root = self.sign(replace(AUTHORITY, common_name="RSA CA", key=rsa_key(2048)))
        self.old_root = self.sign(
            replace(AUTHORITY, common_name="Old CA", not_before=-900 * DAY, not_after=-DAY)
        )
        self.stranger = self.sign(replace(AUTHORITY, common_name="A stranger's CA"))
        self.impostor = self.sign(replace(AUTHORITY, common_name="Campaign CA"))
        self.trusted = (self.root, self.second, self.rsa_root, self.old_root)

    def write_trusted(self, path: Path) -> None:
        """The file of CAs for `ca` under [stack]."""
        path.write_bytes(b"".join(_pem(authority.certificate) for authority in self.trusted))

    def sign(self, wish: Wish, issuer: Certificate | None = None) -> Certificate:
        """A certificate of this issuer, or a self-signed one; its chain leads to the issuer."""
        key = wish.key()
        subject = name_of(wish.common_name)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.certificate.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now + wish.not_before)
            .not_valid_after(self.now + wish.not_after)
        )
        signing = issuer.key if issuer else key
        for extension, is_critical in _extensions(wish, key, signing):
            builder = builder.add_extension(extension, critical=is_critical)
        algorithm = None if isinstance(signing, ed25519.Ed25519PrivateKey) else wish.hash
        certificate = builder.sign(signing, algorithm, rsa_padding=wish.padding)
        chain = (issuer.certificate, *issuer.chain) if issuer and issuer.chain else ()
        return Certificate(certificate=certificate, key=key, chain=chain)

    def between(self, wish: Wish = AUTHORITY, issuer: Certificate | None = None) -> Certificate:
        """An intermediate authority, which servers send along."""
        issuer = issuer or self.root
        # A name of its own: a CA below another of the same name would not lengthen the chain.
        common_name = f"below {issuer.certificate.serial_number:x}"
        signed = self.sign(replace(wish, common_name=common_name), issuer)
        return replace(signed, chain=(issuer.certificate, *issuer.chain))

    def leaf(self, issuer: Certificate | None = None, **changes: Any) -> Certificate:
        """A leaf that differs from a good one in this."""
        return self.sign(replace(GOOD, **changes), issuer or self.root)


def write_server_files(certificate: Certificate, folder: Path) -> Path:
    """Key and chain in one file, as a server loads them."""
    path = folder / f"{x509.random_serial_number():x}.pem"
    key = certificate.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    chain = (certificate.certificate, *certificate.chain)
    path.write_bytes(key + b"".join(map(_pem, chain)))
    return path


def name_of(common_name: str) -> x509.Name:
    """A subject of this common name; an empty one without."""
    if not common_name:
        return x509.Name([])
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


# Signed by hand, what the library signs no more

_SHA256_ECDSA = bytes.fromhex("300a06082a8648ce3d040302")
_SHA256_RSA = bytes.fromhex("06092a864886f70d01010b")
_OUTDATED = {
    "sha1": bytes.fromhex("06092a864886f70d010105"),
    "md5": bytes.fromhex("06092a864886f70d010104"),
}


def sign_with(
    algorithm: hashes.HashAlgorithm, make: Callable[..., Certificate], pki: Pki, *arguments: Any
) -> Certificate:
    """Signed by hand, since the library signs no certificate with an outdated hash."""
    signed = make(*arguments, issuer=pki.rsa_root)
    named = _OUTDATED[algorithm.name]
    tbs = signed.certificate.tbs_certificate_bytes.replace(_SHA256_RSA, named)
    assert isinstance(pki.rsa_root.key, rsa.RSAPrivateKey)
    signature = pki.rsa_root.key.sign(tbs, padding.PKCS1v15(), algorithm)
    return replace(signed, certificate=_assembled(tbs, _der(0x30, named + b"\x05\x00"), signature))


def _assembled(tbs: bytes, algorithm: bytes, signature: bytes) -> x509.Certificate:
    body = tbs + algorithm + _der(0x03, b"\0" + signature)
    return x509.load_der_x509_certificate(_der(0x30, body))


def sign_version_1(pki: Pki) -> Certificate:
    """Signed by hand, since the library writes version 3 only: no extensions, so no host names."""
    leaf = pki.leaf(
        names=None,
        common_name=HOST,
        usages=None,
        key_usage=None,
        constraints=None,
        has_identifiers=False,
    )
    tbs = leaf.certificate.tbs_certificate_bytes
    # [0] { INTEGER 2 } is the version; without it, a certificate is of version 1.
    version = b"\xa0\x03\x02\x01\x02"
    body = tbs[tbs.index(version) + len(version) :]
    tbs = _der(0x30, body)
    assert isinstance(pki.root.key, ec.EllipticCurvePrivateKey)
    signature = pki.root.key.sign(tbs, ec.ECDSA(hashes.SHA256()))
    return replace(leaf, certificate=_assembled(tbs, _SHA256_ECDSA, signature))


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([tag, 0x80 | len(length)]) + length + content


# Private


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _extensions(wish: Wish, key: Key, signing: Key) -> Iterator[tuple[x509.ExtensionType, bool]]:
    if wish.names is not None:
        yield x509.SubjectAlternativeName(wish.names), not wish.common_name
    if wish.constraints is not None:
        yield wish.constraints, wish.constraints.ca
    if wish.usages is not None:
        yield x509.ExtendedKeyUsage(wish.usages), False
    if wish.key_usage is not None:
        yield x509.KeyUsage(**{usage: usage in wish.key_usage for usage in USAGES}), True
    if wish.name_constraints is not None:
        yield wish.name_constraints, True
    if wish.has_identifiers:
        yield x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False
        yield x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), False
    yield from wish.others
