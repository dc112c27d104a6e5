"""Proves, service by service, that a compose stack still works, and remembers what it proved."""

__version__ = "0.1.0"
