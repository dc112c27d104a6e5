"""Reads the inputs of fingerprints: images, files, environments, stanzas, build contexts.

Each service is read separately: an unreadable input makes that part of that service unknown, with
the path, and does not affect other services.
"""

from stacktest.adapters.fingerprint_inputs.service_reader import read_fingerprints

__all__ = ["read_fingerprints"]
