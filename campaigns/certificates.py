"""Certificates as servers may show them, with what every client has to make of each."""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from campaigns.pki import (
    ADDRESS,
    AUTHORITY,
    DAY,
    GOOD,
    HOST,
    NOT_A_CA,
    Certificate,
    Pki,
    Wish,
    curve_key,
    dns,
    name_of,
    rsa_key,
    sign_version_1,
    sign_with,
)
from stacktest.core.changed_copy import replace


@dataclass(frozen=True, kw_only=True)
class Case:
    """One server's certificate: how it is made, where it is visited, and the verdict."""

    name: str
    make: Callable[["Pki"], Certificate]
    accepted: bool
    host: str = HOST
    """An address is visited at the port that the service itself publishes."""
    differs: frozenset[str] = frozenset()
    """Clients that refuse what the others accept, as the documentation says."""


def cases() -> list[Case]:
    """The whole table."""
    return [*_accepted(), *_refused()]


# Private


def _accept(name: str, make: Callable[[Pki], Certificate], **options: Any) -> Case:
    return Case(name=name, make=make, accepted=True, **options)


def _refuse(name: str, make: Callable[[Pki], Certificate], **options: Any) -> Case:
    return Case(name=name, make=make, accepted=False, **options)


def _constrained(pki: Pki, *, permitted: str | None = None, excluded: str | None = None) -> Any:
    constraints = x509.NameConstraints(
        permitted_subtrees=dns(permitted) if permitted else None,
        excluded_subtrees=dns(excluded) if excluded else None,
    )
    return pki.between(replace(AUTHORITY, name_constraints=constraints))


def _accepted() -> list[Case]:
    ip = (x509.IPAddress(ipaddress.ip_address(ADDRESS)),)
    both = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
    unknown = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")
    far = [f"n{number}.stack.local" for number in range(60)]
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    return [
        _accept("good", lambda pki: pki.leaf()),
        _accept("RSA 2048", lambda pki: pki.leaf(key=rsa_key(2048))),
        _accept("RSA 3072", lambda pki: pki.leaf(key=rsa_key(3072))),
        _accept("P-384", lambda pki: pki.leaf(key=curve_key(ec.SECP384R1()))),
        _accept("signed by RSA", lambda pki: pki.leaf(pki.rsa_root)),
        _accept("signed by RSA-PSS", lambda pki: pki.leaf(pki.rsa_root, padding=pss)),
        _accept("signed with SHA-384", lambda pki: pki.leaf(hash=hashes.SHA384())),
        _accept("by the second CA of the file", lambda pki: pki.leaf(pki.second)),
        _accept("wildcard", lambda pki: pki.leaf(names=dns("*.stack.local"))),
        _accept("last of 61 names", lambda pki: pki.leaf(names=dns(*far, HOST))),
        _accept("name in capitals", lambda pki: pki.leaf(names=dns(HOST.upper()))),
        _accept("another common name", lambda pki: pki.leaf(common_name="other.example")),
        _accept("without subject", lambda pki: pki.leaf(common_name="")),
        _accept("without key identifiers", lambda pki: pki.leaf(has_identifiers=False)),
        _accept("without extended key usage", lambda pki: pki.leaf(usages=None)),
        _accept("without key usage", lambda pki: pki.leaf(key_usage=None)),
        _accept("without basic constraints", lambda pki: pki.leaf(constraints=None)),
        _accept("for servers and clients", lambda pki: pki.leaf(usages=both)),
        _accept("valid for ten years", lambda pki: pki.leaf(not_after=3650 * DAY)),
        _accept("valid since a minute", lambda pki: pki.leaf(not_before=-DAY / 1440)),
        _accept("unknown extension", lambda pki: pki.leaf(others=[(unknown, False)])),
        _accept("one intermediate", lambda pki: pki.leaf(pki.between())),
        _accept("two intermediates", lambda pki: pki.leaf(pki.between(issuer=pki.between()))),
        _accept("permitted name", lambda pki: pki.leaf(_constrained(pki, permitted="stack.local"))),
        _accept(
            "address",
            lambda pki: pki.leaf(names=ip),
            host=ADDRESS,
            differs=frozenset({"page.request"}),
        ),
        _accept(
            "Ed25519",
            lambda pki: pki.leaf(key=ed25519.Ed25519PrivateKey.generate),
            differs=frozenset({"page"}),
        ),
    ]


def _refused() -> list[Case]:
    return [
        *_wrong_issuers(),
        *_wrong_dates(),
        *_wrong_names(),
        *_wrong_purposes(),
        *_wrong_intermediates(),
        *_weak(),
    ]


def _wrong_issuers() -> list[Case]:
    return [
        _refuse("by an unknown CA", lambda pki: pki.leaf(pki.stranger)),
        _refuse("by an impostor of the CA", lambda pki: pki.leaf(pki.impostor)),
        _refuse("self-signed", lambda pki: pki.sign(GOOD)),
        _refuse("self-signed as the CA", lambda pki: pki.sign(_named("Campaign CA"))),
        _refuse("a CA's own, unknown", lambda pki: pki.sign(_authority_for_host())),
        _refuse("by an expired CA", lambda pki: pki.leaf(pki.old_root)),
        _refuse("missing intermediate", _without_chain),
        _refuse("intermediate of another", _with_foreign_chain),
        _refuse("changed after signing", _tampered),
    ]


def _named(common_name: str) -> Wish:
    return replace(GOOD, common_name=common_name)


def _authority_for_host() -> Wish:
    return replace(AUTHORITY, names=dns(HOST), key_usage=("digital_signature", "key_cert_sign"))


def _without_chain(pki: Pki) -> Certificate:
    return replace(pki.leaf(pki.between()), chain=())


def _with_foreign_chain(pki: Pki) -> Certificate:
    return replace(pki.leaf(pki.between()), chain=(pki.between().certificate,))


def _tampered(pki: Pki) -> Certificate:
    """The signature is one of a certificate for another name."""
    leaf = pki.leaf()
    der = leaf.certificate.public_bytes(serialization.Encoding.DER)
    changed = der.replace(b"a leaf", b"a Leaf")
    return replace(leaf, certificate=x509.load_der_x509_certificate(changed))


def _wrong_dates() -> list[Case]:
    minute = DAY / 1440
    return [
        _refuse("expired", lambda pki: pki.leaf(not_before=-90 * DAY, not_after=-DAY)),
        _refuse("expired a minute ago", lambda pki: pki.leaf(not_after=-minute)),
        _refuse("not yet valid", lambda pki: pki.leaf(not_before=DAY)),
        _refuse("valid in two minutes", lambda pki: pki.leaf(not_before=2 * minute)),
    ]


def _wrong_names() -> list[Case]:
    address = x509.IPAddress(ipaddress.ip_address(ADDRESS))
    other_address = x509.IPAddress(ipaddress.ip_address("192.0.2.1"))
    names = {
        "another name": dns("other.example"),
        "the parent domain": dns("stack.local"),
        "a name below": dns(f"x.{HOST}"),
        "wildcard below": dns(f"*.{HOST}"),
        "wildcard two levels up": dns("*.local"),
        "two wildcards": dns("*.*.local"),
        "wildcard alone": dns("*"),
        "wildcard of a part": dns("a*.stack.local"),
        "wildcard at the end of a part": dns("*p.stack.local"),
        "wildcard in the middle": dns("app.*.local"),
        "name with a NUL": dns(f"{HOST}\0.other.example"),
        "name with a blank": dns(f" {HOST}"),
        "name with a line break": dns(f"{HOST}\n"),
        "name as a URL": dns(f"https://{HOST}"),
        "name in a list": dns(f"other.example,{HOST}"),
        "address for a name": (address,),
        "mail address": (x509.RFC822Name(f"root@{HOST}"),),
        "URI": (x509.UniformResourceIdentifier(f"https://{HOST}/"),),
        "directory name": (x509.DirectoryName(name_of(HOST)),),
    }
    by_address = {
        "address as a DNS name": dns(ADDRESS),
        "address of another": (other_address,),
        "wildcard for an address": dns("127.0.0.*"),
        "name for an address": dns(HOST),
        "localhost for an address": dns("localhost"),
    }
    return [
        _refuse("common name only", lambda pki: pki.leaf(names=None, common_name=HOST)),
        _refuse(
            "common name beside another name",
            lambda pki: pki.leaf(names=dns("other.example"), common_name=HOST),
        ),
        _refuse(
            "common name beside a mail address",
            lambda pki: pki.leaf(names=(x509.RFC822Name("a@b.example"),), common_name=HOST),
        ),
        _refuse(
            "common name of an address",
            lambda pki: pki.leaf(names=None, common_name=ADDRESS),
            host=ADDRESS,
        ),
        *(_refuse(name, _with_names(value)) for name, value in names.items()),
        *(_refuse(name, _with_names(value), host=ADDRESS) for name, value in by_address.items()),
    ]


def _with_names(names: Sequence[x509.GeneralName]) -> Callable[[Pki], Certificate]:
    return lambda pki: pki.leaf(names=names)


def _wrong_purposes() -> list[Case]:
    purposes = {
        "for clients": ExtendedKeyUsageOID.CLIENT_AUTH,
        "for code": ExtendedKeyUsageOID.CODE_SIGNING,
        "for mail": ExtendedKeyUsageOID.EMAIL_PROTECTION,
        "for time stamps": ExtendedKeyUsageOID.TIME_STAMPING,
        "for OCSP": ExtendedKeyUsageOID.OCSP_SIGNING,
    }
    unknown = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.55555.1"), b"\x05\x00")
    return [
        *(_refuse(name, _with_usages(usage)) for name, usage in purposes.items()),
        _refuse(
            "a key for signing certificates", lambda pki: pki.leaf(key_usage=["key_cert_sign"])
        ),
        _refuse(
            "a key for encipherment",
            lambda pki: pki.leaf(key=rsa_key(2048), key_usage=["key_encipherment"]),
        ),
        _refuse("unknown critical extension", lambda pki: pki.leaf(others=[(unknown, True)])),
    ]


def _with_usages(usage: ObjectIdentifier) -> Callable[[Pki], Certificate]:
    return lambda pki: pki.leaf(usages=[usage])


def _wrong_intermediates() -> list[Case]:
    last = x509.BasicConstraints(ca=True, path_length=0)
    wishes = {
        "by a leaf": replace(AUTHORITY, constraints=NOT_A_CA, key_usage=("digital_signature",)),
        "by a leaf that may sign": replace(AUTHORITY, constraints=NOT_A_CA),
        "by one without constraints": replace(AUTHORITY, constraints=None),
        "by a key that may not sign": replace(AUTHORITY, key_usage=("crl_sign",)),
        "expired intermediate": replace(AUTHORITY, not_after=-DAY / 1440),
        "intermediate not yet valid": replace(AUTHORITY, not_before=DAY),
        "intermediate for clients": replace(AUTHORITY, usages=[ExtendedKeyUsageOID.CLIENT_AUTH]),
    }
    return [
        *(_refuse(name, _below(wish)) for name, wish in wishes.items()),
        _refuse("chain too long", lambda pki: pki.leaf(_below_last(pki, last))),
        _refuse(
            "name that is not permitted",
            lambda pki: pki.leaf(_constrained(pki, permitted="other.example")),
        ),
        _refuse(
            "name that is excluded", lambda pki: pki.leaf(_constrained(pki, excluded="stack.local"))
        ),
    ]


def _below(wish: Wish) -> Callable[[Pki], Certificate]:
    return lambda pki: pki.leaf(pki.between(wish))


def _below_last(pki: Pki, last: x509.BasicConstraints) -> Certificate:
    return pki.between(issuer=pki.between(replace(AUTHORITY, constraints=last)))


def _weak() -> list[Case]:
    return [
        _refuse("RSA 1024", lambda pki: pki.leaf(key=rsa_key(1024))),
        _refuse("RSA 1536", lambda pki: pki.leaf(key=rsa_key(1536))),
        _refuse("RSA 1024 by an RSA CA", lambda pki: pki.leaf(pki.rsa_root, key=rsa_key(1024))),
        _refuse("signed with SHA-1", lambda pki: sign_with(hashes.SHA1(), pki.leaf, pki)),
        _refuse("signed with MD5", lambda pki: sign_with(hashes.MD5(), pki.leaf, pki)),
        _refuse("intermediate with RSA 1024", _below(replace(AUTHORITY, key=rsa_key(1024)))),
        _refuse("intermediate by SHA-1", _signed_by_sha1),
        _refuse("version 1", sign_version_1),
    ]


def _signed_by_sha1(pki: Pki) -> Certificate:
    between = sign_with(hashes.SHA1(), pki.between, pki, AUTHORITY)
    return replace(pki.leaf(between), chain=(between.certificate,))
