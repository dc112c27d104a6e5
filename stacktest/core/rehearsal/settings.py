"""What a person asks of a rehearsal: which data, which images, and which services stay out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from stacktest.core.model import Json
from stacktest.errors import UsageError

Data = Literal["copy", "empty"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CopySettings:
    """One rehearsal: plain data that may be handed to another process."""

    id: str
    """Names the copy beside others of the same stack."""
    data: Data = "copy"
    """`copy`: volumes begin with what the running stack has in them; `empty`: with nothing."""
    images: Mapping[str, str] = field(default_factory=dict)
    """Service → the image that it gets in place of its own."""
    left_out: tuple[str, ...] = ()
    """Services that the copy has not."""

    def to_dict(self) -> dict[str, Json]:
        """As JSON."""
        return {
            "id": self.id,
            "data": self.data,
            "images": dict(self.images),
            "left_out": list(self.left_out),
        }

    @classmethod
    def from_dict(cls, document: Json) -> "CopySettings":
        """The reverse of `to_dict`."""
        return cls(
            id=document["id"],
            data=document["data"],
            images=dict(document["images"]),
            left_out=tuple(document["left_out"]),
        )


def parse_images(texts: Iterable[str], *, where: str) -> dict[str, str]:
    """Service → image, of texts such as `grafana=grafana/grafana:12`; else a UsageError."""
    images: dict[str, str] = {}
    for text in texts:
        service, equals, image = text.partition("=")
        if not (service and equals and image):
            raise UsageError(
                f"{text!r} names no service with its image", where=where, hint="write SERVICE=IMAGE"
            )
        images[service] = image
    return images
