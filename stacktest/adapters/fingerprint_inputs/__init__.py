"""Reads what fingerprints are made of: images, files, environments, stanzas, build contexts.

Each service is read on its own: what cannot be read makes a part of that service unknown, with the
path, and costs no other service anything.
"""

from stacktest.adapters.fingerprint_inputs.service_reader import read_fingerprints

__all__ = ["read_fingerprints"]
