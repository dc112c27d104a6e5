"""The fingerprint as an older version of the algorithm would have made it, to carry passes over."""

from collections.abc import Mapping

from stacktest.core.fingerprint.digest import digest
from stacktest.core.unknown import Unknown


def carried_digest(version: int, parts: Mapping[str, str | Unknown]) -> dict[int, str]:
    """Version → digest; empty where a part is unknown, since nothing can be carried over then."""
    if any(isinstance(value, Unknown) for value in parts.values()):
        return {}
    return {version: digest({"v": version, "parts": dict(parts)})}
