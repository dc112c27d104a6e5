"""Faults of phase 0.5: the documentation and the indexer."""

from tests.faults.model import Fault

FAULTS: tuple[Fault, ...] = ()
