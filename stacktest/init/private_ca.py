"""Finds the certificate of a private CA in the stack's folder: the one that signed a certificate.

    certificates of servers there, and a root that signed one   that root, whatever its name
    certificates of servers there, and no root signed one       none, and who signed them
    no certificate of a server there                            a root with a usual name

A root signs itself and may sign others (`CA:TRUE`). An intermediate CA alone is none: public CAs
have such files beside every certificate.
"""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from stacktest.core.bound_volumes import as_bind
from stacktest.core.model import Stack

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def find_ca(stack: Stack) -> tuple[str, str]:
    """The root's file, relative to the stack's folder, and who signed if no such file is there."""
    files = {path: _certificates(path) for path in _files(stack)}
    pool = [certificate for held in files.values() for certificate in held]
    leaves = [held[0] for held in files.values() if held and not _is_ca(held[0])]
    roots = {path: held[0] for path, held in files.items() if len(held) == 1 and _is_root(held[0])}
    signers = [_signer(leaf, pool) for leaf in leaves]
    for path, root in roots.items():
        if root in signers:
            return path.relative_to(stack.root).as_posix(), ""
    if leaves:
        return "", leaves[0].issuer.rfc4514_string()
    named = (path for path in roots if path.name in _NAMES)
    return next((path.relative_to(stack.root).as_posix() for path in named), ""), ""


# Private

_NAMES = ("ca.crt", "ca.pem", "rootCA.pem", "root.crt", "root_ca.crt", "ca-cert.pem")
_FOLDERS = (".", "certs", "cert", "ssl", "tls", "pki", "caddy/pki/authorities/local")
_ENDINGS = (".crt", ".pem", ".cer", ".cert")
_DEEPEST, _MOST, _LARGEST = 6, 400, 1_000_000
"""Levels below a folder, files, and bytes of a file that are looked at."""


def _files(stack: Stack) -> list[Path]:
    """Files that may hold certificates: in the usual folders, and in mounts of any service."""
    mounts = (as_bind(stack, mount) for s in stack.services.values() for mount in s.mounts)
    sources = sorted({Path(mount.source) for mount in mounts if mount.kind == "bind"})
    inside = [path for path in sources if path.is_relative_to(stack.root) and path != stack.root]
    beside = [*(stack.root / name for name in _FOLDERS), *(path.parent for path in inside)]
    near = (path for folder in beside for path in _in_folder(folder))
    return list(dict.fromkeys((*near, *(file for path in inside for file in _below(path)))))[:_MOST]


def _in_folder(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(_ENDINGS))
    except OSError:
        return []


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        if len(Path(place).relative_to(folder).parts) >= _DEEPEST:
            folders.clear()
        folders.sort()
        yield from (Path(place, name) for name in sorted(names) if name.endswith(_ENDINGS))


def _certificates(path: Path) -> "list[Certificate]":
    """The certificates of a file; none if it is not a readable file of certificates."""
    from cryptography import x509

    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return []
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return []


def _is_ca(certificate: "Certificate") -> bool:
    from cryptography import x509

    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    except (ValueError, x509.ExtensionNotFound):
        return False
    return constraints.value.ca


def _is_root(certificate: "Certificate") -> bool:
    return _is_ca(certificate) and _has_signed(certificate, certificate)


def _has_signed(issuer: "Certificate", certificate: "Certificate") -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _signer(leaf: "Certificate", pool: "Iterable[Certificate]") -> "Certificate | None":
    """The root above a certificate, by way of the CAs of the pool; None if it is not there."""
    known, certificate = [item for item in pool if _is_ca(item)], leaf
    for _ in range(len(known)):
        above = next((ca for ca in known if _has_signed(ca, certificate)), None)
        if above is None or _is_root(above):
            return above
        certificate = above
    return None
