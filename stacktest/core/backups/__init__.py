"""Backups: their declaration, how they are restored into a copy, and the results of drills."""
