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
from typing import Self

from msgspec import Struct, field

from stacktest.core.json_data import Json

Digests = Mapping[str, str]
"""Path, or key of the definition → its digest."""


class ContainerOrigin(Struct, frozen=True, kw_only=True):
    """One start of one container."""

    started_at: str
    key_id: str
    files: Digests | None = None
    """Digests of the mounted files; None: stacktest saw the container only after a change."""
    definition: Digests | None = None

    def to_dict(self) -> dict[str, Json]:
        """The JSON object."""
        return {
            "started_at": self.started_at,
            "key_id": self.key_id,
            "files": None if self.files is None else dict(self.files),
            "definition": None if self.definition is None else dict(self.definition),
        }

    @classmethod
    def from_dict(cls, value: Json) -> Self:
        """The reverse of `to_dict`."""
        return cls(
            started_at=str(value["started_at"]),
            key_id=str(value["key_id"]),
            files=_digests(value["files"]),
            definition=_digests(value["definition"]),
        )


class ImageOrigin(Struct, frozen=True, kw_only=True):
    """The inputs that one image was built from."""

    key_id: str
    inputs: Digests

    def to_dict(self) -> dict[str, Json]:
        """The JSON object."""
        return {"key_id": self.key_id, "inputs": dict(self.inputs)}

    @classmethod
    def from_dict(cls, value: Json) -> Self:
        """The reverse of `to_dict`."""
        return cls(key_id=str(value["key_id"]), inputs=_digests(value["inputs"]) or {})


class Origins(Struct, frozen=True, kw_only=True):
    """All recorded origins, by container id and by `service image-id`."""

    containers: Mapping[str, ContainerOrigin] = field(default_factory=dict)
    images: Mapping[str, ImageOrigin] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Json]:
        """The JSON document."""
        return {
            "containers": {id_: item.to_dict() for id_, item in self.containers.items()},
            "images": {id_: item.to_dict() for id_, item in self.images.items()},
        }

    @classmethod
    def from_dict(cls, value: Json) -> Self:
        """The reverse of `to_dict`; raises KeyError, TypeError or ValueError for another form."""
        return cls(
            containers={
                id_: ContainerOrigin.from_dict(item) for id_, item in value["containers"].items()
            },
            images={id_: ImageOrigin.from_dict(item) for id_, item in value["images"].items()},
        )


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


# Private


def _digests(value: Json) -> dict[str, str] | None:
    if value is None:
        return None
    return {str(name): str(digest) for name, digest in value.items()}
