"""A set of files as a value: path → kind and content, and one digest of all of them.

    counts                                     does not
    ----------------------------------------   ----------------------------------------------
    path, relative, with `/`                   location of the project
    kind: file, link, socket, fifo, device     owner, group, times, inode
    whether the owner may execute it           other permission bits (umask)
    content (of secrets: signed by the key)    empty directories (git cannot carry them)
    text and target of a link                  editor swap files, `.DS_Store`, `__pycache__`, `.git`

`.gitignore` is never a filter: ignored files, above all mounted secrets, matter most. Content is
compared byte by byte: a checkout with CRLF is another tree (set `eol=lf` in `.gitattributes`).
"""

import fnmatch
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from stacktest.core.fingerprint.digest import DIGEST_LENGTH, digest

IGNORED_NAMES = (
    # Files that editors and desktops create beside a file while it is open.
    *(".*.sw[a-z]", ".sw[a-z]", "*~", ".#*", "#*#", "4913", ".DS_Store", "Thumbs.db"),
    # Files that test runs or git write into a folder that a service may have mounted.
    *("__pycache__", "*.pyc", ".pytest_cache", ".git", ".stacktest"),
)

STATE_NAMES = (
    *("acme.json", "*.db", "*.db-*", "*.sqlite", "*.sqlite3", "*.sqlite-*", "*.sqlite3-*"),
    *("*.log", "*.pid", "*.sock", "*.lock"),
)
"""Files that the program in a container writes itself, if the mount is writable."""

AMBIGUOUS_NAMES = ("*.db", "*.lock")
"""State names that hand-written files have, too: zones of a name server, lock files of packages."""

SECRET_NAMES = (
    *(".env", ".env.*", "*.env", "*.key", "*.pem", "*.p12", "*.pfx", "*.jks", "*.kdbx", "*.age"),
    *("*.gpg", "*.keytab", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".netrc", ".pgpass"),
    *("*passwd*", "*password*", "*secret*", "*token", "*token.*", "*credential*"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One entry of a tree; `content` is the sha256 or HMAC of a file, or the text of a link."""

    path: str
    kind: str
    executable: bool = False
    content: str = ""
    secret: bool = False
    """Whether the content was signed, not hashed."""
    source: str = ""
    """The path of the file relative to the project, as git names it."""
    whole: str = field(default="", compare=False)
    """For a docs page: the digest of its whole text, which versions up to 4 used."""
    changed: float = field(default=0.0, compare=False)
    """The file's ctime in seconds; never part of a digest."""


def tree_digest(entries: Iterable[Entry]) -> str:
    """The digest of a tree, independent of the entries' order; `none` for an empty tree."""
    rows = [[e.path, e.kind, e.executable, e.content] for e in sorted(entries, key=_by_bytes)]
    return digest(rows) if rows else "none"


def tree_detail(entries: Iterable[Entry]) -> Mapping[str, str]:
    """Path → a digest of kind and content, to find out which entry changed."""
    return {entry.path: _row_digest(entry) for entry in sorted(entries, key=_by_bytes)}


def is_ignored_name(name: str) -> bool:
    """Whether files and folders of this name are never part of a fingerprint."""
    return _IGNORED.match(name) is not None


def is_state_name(name: str) -> bool:
    """Whether a file of this name usually holds what a program has written, not its settings."""
    return _STATE.match(name) is not None


def is_ambiguous_name(name: str) -> bool:
    """Whether a file with this state name may also be written by a person."""
    return _AMBIGUOUS.match(name) is not None


def is_secret_name(name: str) -> bool:
    """Whether a file of this name usually holds a secret, so that its content must be signed."""
    return _SECRET.match(name) is not None


# Private


def _any_of(patterns: Iterable[str], flags: int = 0) -> re.Pattern[str]:
    return re.compile("|".join(map(fnmatch.translate, patterns)), flags)


_IGNORED = _any_of(IGNORED_NAMES)
_STATE = _any_of(STATE_NAMES, re.IGNORECASE)
_AMBIGUOUS = _any_of(AMBIGUOUS_NAMES, re.IGNORECASE)
_SECRET = _any_of(SECRET_NAMES, re.IGNORECASE)


def _by_bytes(entry: Entry) -> bytes:
    # Python represents a name that is not UTF-8 with surrogates; this restores its bytes.
    return entry.path.encode("utf-8", "surrogateescape")


def _row_digest(entry: Entry) -> str:
    kind = "executable" if entry.executable else entry.kind
    content = digest(entry.content) if entry.kind == "link" else entry.content[:DIGEST_LENGTH]
    return f"{kind}:{content}" if content else kind
