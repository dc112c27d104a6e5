"""Digests of the files that containers and images were made from, as this machine recorded them.

    of          recorded                                        used to distinguish
    ---------   ---------------------------------------------   -----------------------------------
    container   digests of the files that it mounts, at its     an edit from `touch`, a checkout of
                start; its definition, key by key               the same bytes or a rewrite
    image       digests of the files that it was built from     edits with and without a build

Only digests are stored, signed if a secret is behind them, and only on this machine. Losing them
never makes a wrong pass possible: then times decide, and a file that is newer than the container
counts as edited.
"""

from collections.abc import Mapping

from msgspec import Struct, field

Digests = Mapping[str, str]
"""Path, or key of the definition → its digest."""


class ContainerOrigin(Struct, frozen=True, kw_only=True):
    """One start of one container."""

    started_at: str
    key_id: str
    files: Digests | None = None
    """Digests of the mounted files; None: stacktest saw the container only after a change."""
    definition: Digests | None = None


class ImageOrigin(Struct, frozen=True, kw_only=True):
    """The inputs that one image was built from."""

    key_id: str
    inputs: Digests
    time: float = 0.0
    """When it was last built or tagged, as far as was known; 0: an older version wrote it."""


class Origins(Struct, frozen=True, kw_only=True):
    """All recorded origins."""

    containers: Mapping[str, ContainerOrigin] = field(default_factory=dict)
    """By container id."""
    images: Mapping[str, ImageOrigin] = field(default_factory=dict)
    """By `service image-id`."""


def differing(before: Digests, now: Digests) -> tuple[str, ...]:
    """Names whose digest changed, that are new, or that are missing now."""
    names = before.keys() | now.keys()
    return tuple(sorted(name for name in names if before.get(name) != now.get(name)))


def carried(before: Digests, now: Digests, older: Digests) -> Digests:
    """The recorded digests, replaced by those of `now` where an older version's digest matches."""
    return {
        name: now.get(name, digest) if older.get(name) == digest else digest
        for name, digest in before.items()
    }
