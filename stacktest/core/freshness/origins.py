"""What containers and images were made of when they were new, as far as this machine saw it.

    of          remembered                                      to tell
    ---------   ---------------------------------------------   -----------------------------------
    container   digests of the files that it mounts, at its     `touch`, a checkout of the same
                start; its definition, key by key               bytes and a rewrite from an edit
    image       digests of what it was built from               an edit that nobody built

Only digests are kept, signed where a secret is behind them, and only on this machine. Losing them
costs comfort, never a verdict: then times decide, and a file that is newer than the container is
taken for an edit.
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
    """None: the container was not seen before something changed."""
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
    """What one image was built from."""

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
    """All that is remembered, by container id and by `service image-id`."""

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
    """Names whose digest is another one, that are new, or that are absent now."""
    names = before.keys() | now.keys()
    return tuple(sorted(name for name in names if before.get(name) != now.get(name)))


def carried(before: Digests, now: Digests, older: Digests) -> Digests:
    """What is remembered, in this version's form where an older one saw what is there `now`."""
    return {
        name: now.get(name, digest) if older.get(name) == digest else digest
        for name, digest in before.items()
    }


# Private


def _digests(value: Json) -> dict[str, str] | None:
    if value is None:
        return None
    return {str(name): str(digest) for name, digest in value.items()}
