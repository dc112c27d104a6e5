"""Backups: what one is, how it is brought back into a copy, and what was proved of it."""
