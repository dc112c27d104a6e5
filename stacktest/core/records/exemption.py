"""Exemptions: states that the gate ignores until a date, as `[[exempt]]` declares them."""

from datetime import date

from stacktest.core.records.plain import PlainRecord


class Exemption(PlainRecord, frozen=True, kw_only=True):
    """States of one service that do not close the gate, with a reason and a last day."""

    service: str
    states: tuple[str, ...]
    reason: str
    until: date
