"""Fingerprints of services: the named parts, their digest, and the differences between two."""
