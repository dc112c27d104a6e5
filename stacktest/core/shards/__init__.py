"""Shards: one run that is divided among machines, and joined to the verdict of a single run."""
