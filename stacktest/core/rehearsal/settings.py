"""The settings of a rehearsal: its data, its images, and the services that are left out."""

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct, field

from stacktest.errors import UsageError

Data = Literal["copy", "empty"]


class CopySettings(Struct, frozen=True, kw_only=True):
    """Settings of one rehearsal: plain data that can be sent to another process."""

    id: str
    """Distinguishes the copy from others of the same stack."""
    data: Data = "copy"
    """`copy`: volumes begin with the running stack's data; `empty`: they begin empty."""
    images: Mapping[str, str] = field(default_factory=dict)
    """Service → the image that replaces its own."""
    left_out: tuple[str, ...] = ()
    """Services that are not in the copy."""
    drilled: tuple[str, ...] = ()
    """Services whose data comes from their backup."""
    verb: str = ""
    """The verb of `stacktest` that a person typed; empty: pytest itself."""

    def without(self, *services: str) -> str:
        """The options that leave these services out; empty if the verb has none."""
        option = _OPTIONS.get(self.verb, _OPTIONS["rehearse"])[0]
        return " ".join(f"{option} {service}" for service in services) if option else ""

    @property
    def begin_empty(self) -> str:
        """The option that copies no data; empty if the verb has none."""
        return _OPTIONS.get(self.verb, _OPTIONS["rehearse"])[1]


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


# Private

_OPTIONS = {
    "": ("--stack-copy-without", "--stack-copy-data empty"),
    "rehearse": ("--without", "--data empty"),
    "drill": ("--without", ""),
    "update": ("", ""),
}
"""Verb → its options to leave a service out, and to begin with empty volumes."""
