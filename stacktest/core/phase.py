"""A stage of the stack, as `[phases]` declares it."""

from msgspec import Struct


class Phase(Struct, frozen=True, kw_only=True):
    """An ordered stage of the stack; `name` is the pytest marker (`phase0_5`)."""

    name: str
    title: str = ""
    profiles: tuple[str, ...] = ()
