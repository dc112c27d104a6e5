"""Rehearsals: a copy of a stack beside the running one, and the services that cannot be copied."""
