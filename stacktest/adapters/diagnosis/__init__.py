"""Gathers facts after a failure, from which `core.diagnosis` finds the cause."""
