"""Hostile campaigns against stacktest: seeded, replayable and bounded; not part of the package."""
