"""A value that could not be determined, with the reason: neither equal to another nor changed.

    match part:
        case Unknown(why=why): ...   # say why; compare nothing
        case digest: ...             # a real value

An `Unknown` is never replaced by an empty string, an empty hash or "no": the code that reads it has
to decide what a missing value means there.
"""

from msgspec import Struct


class Unknown(Struct, frozen=True):
    """The value is not known; `why` is a sentence for people that names what was missing."""

    why: str

    def __post_init__(self) -> None:
        """Refuse an empty reason: without one nobody could act on it."""
        if not self.why.strip():
            raise ValueError("Unknown needs a reason")

    def __str__(self) -> str:
        return f"unknown: {self.why}"
