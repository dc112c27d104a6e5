"""A stage of the stack, as `[phases]` declares it."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Phase:
    """An ordered stage of the stack; `name` is the pytest marker (`phase0_5`)."""

    name: str
    title: str = ""
    profiles: tuple[str, ...] = ()
