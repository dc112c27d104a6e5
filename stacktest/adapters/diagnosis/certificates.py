"""Reads the front door's certificate for a host name, and finds its file among the mounts."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from stacktest.adapters.compose.command_line import typed_path
from stacktest.adapters.tls import CertificateFacts, certificate_facts
from stacktest.core.diagnosis.facts import Certificate
from stacktest.core.model import Stack

TIMEOUT = 3.0
"""Seconds for one handshake."""
LARGEST = 100_000
"""Largest size in bytes of a file that may be a certificate."""
MOST = 200
"""Largest number of files that are read below the mounts of the front door."""


def shown_certificates(
    stack: Stack,
    hosts: Iterable[str],
    address_of: Callable[[str], tuple[str, int] | None],
    ca: Path | None,
    folder: Path,
) -> Mapping[str, Certificate]:
    """Host name → its certificate, for hosts that present one."""
    certificates: dict[str, Certificate] = {}
    for host in hosts:
        address = address_of(host)
        if address is None:
            continue
        try:
            facts = certificate_facts(host, address, ca, timeout=TIMEOUT)
        except OSError:
            continue
        certificates[host] = _certificate(stack, host, facts, folder)
    return certificates


# Private


def _certificate(stack: Stack, host: str, facts: CertificateFacts, folder: Path) -> Certificate:
    file, file_end = _file_of(stack, facts)
    return Certificate(
        host=host,
        names=facts.names,
        not_before=facts.not_before,
        not_after=facts.not_after,
        issuer=facts.issuer,
        why=facts.why,
        file=typed_path(folder, file) if file else "",
        file_not_after=file_end,
    )


def _file_of(stack: Stack, facts: CertificateFacts) -> tuple[Path | None, dt.datetime | None]:
    """The only mounted file with a certificate for the same names, and its expiry date."""
    from cryptography import x509

    matches: list[tuple[Path, dt.datetime]] = []
    for path in _candidates(stack):
        try:
            leaf = x509.load_pem_x509_certificates(path.read_bytes())[0]
        except (OSError, ValueError):
            continue
        extensions = {type(item.value): item.value for item in leaf.extensions}
        names = extensions.get(x509.SubjectAlternativeName)
        if names and tuple(names.get_values_for_type(x509.DNSName)) == facts.names:
            matches.append((path, leaf.not_valid_after_utc))
    return matches[0] if len(matches) == 1 else (None, None)


def _candidates(stack: Stack) -> Iterator[Path]:
    door = stack.services.get(stack.front_door)
    sources = [Path(m.source) for m in (door.mounts if door else ()) if m.kind == "bind"]
    count = 0
    for source in sources:
        files = [source] if source.is_file() else sorted(source.rglob("*"))
        for path in files:
            if path.suffix in {".pem", ".crt", ".cer"} and path.stat().st_size <= LARGEST:
                count += 1
                if count > MOST:
                    return
                yield path
