"""Digests that are the same on every machine, and the key that makes them safe to publish.

A digest is the first 16 hex digits of a sha256 over *canonical JSON*: keys sorted, no spaces, ASCII
only, so that neither the order of a mapping nor a locale nor a file named `a:<hash>` plus a newline
can make two different things look alike.

A digest of a value that may be a secret is signed (HMAC-SHA256) instead of hashed: from 16 hex
digits of a plain hash a six-digit password can be found in a fraction of a second.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from stacktest.core.json_data import Json

DIGEST_LENGTH = 16


def canonical(value: Json) -> bytes:
    """The canonical JSON of `value`; a type that JSON lacks (a date in YAML) becomes its text."""
    return _ENCODER.encode(value).encode("ascii")


def digest(value: Json) -> str:
    """The digest of `value`, 16 hex digits; it can be recomputed without the key."""
    return hashlib.sha256(canonical(value)).hexdigest()[:DIGEST_LENGTH]


def content_digest(content: bytes | str) -> str:
    """All 64 hex digits of a file's content or a text, as `sha256sum` prints them.

    A text may contain a file name that is not UTF-8, which Python stores as lone surrogates.
    """
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    return content_stream(content).hexdigest()


def content_stream(start: bytes = b"") -> "hashlib._Hash":
    """Like `content_digest`, fed piece by piece: for files that do not fit into memory."""
    return hashlib.sha256(start)


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """The stack's key: 32 bytes that never leave the machine, and a public id of them."""

    secret: bytes = field(repr=False)

    @property
    def key_id(self) -> str:
        """A public identifier that differs between keys and does not reveal the key."""
        return self.sign("key id", None)

    def sign(self, purpose: str, value: Json) -> str:
        """The signed digest of `value`, 16 hex digits; it can only be recomputed with the key.

        Equal values with different `purpose` have different digests.
        """
        text = _start(purpose) + canonical(value)
        return hmac.digest(self.secret, text, "sha256").hex()[:DIGEST_LENGTH]

    def stream(self, purpose: str, start: bytes = b"") -> hmac.HMAC:
        """An HMAC to feed piece by piece: for files that do not fit into memory."""
        return hmac.new(self.secret, _start(purpose) + start, hashlib.sha256)


class RowDigests(Mapping[str, str]):
    """Name → signed digest of one row, computed on access: most rows are only compared in bulk."""

    def __init__(self, purpose: str, rows: Mapping[str, Json], key: Key) -> None:
        self._purpose, self._rows, self._key = purpose, rows, key
        self._digests: dict[str, str] = {}

    def __getitem__(self, name: str) -> str:
        if name not in self._digests:
            self._digests[name] = self._key.sign(self._purpose, [name, self._rows[name]])
        return self._digests[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._rows))

    def __len__(self) -> int:
        return len(self._rows)


# Private

_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)


def _start(purpose: str) -> bytes:
    return f"stacktest/1/{purpose}\0".encode()
