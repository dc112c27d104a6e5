"""What the gate overlooks for a while, as `[[exempt]]` declares it."""

from dataclasses import dataclass
from datetime import date

from stacktest.core.records.plain import PlainRecord


@dataclass(frozen=True, kw_only=True, slots=True)
class Exemption(PlainRecord):
    """States of one service that do not close the gate, with a reason and a last day."""

    service: str
    states: tuple[str, ...]
    reason: str
    until: date
