"""The fingerprint as older versions of the algorithm would have made it, to carry passes over."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from stacktest.core.fingerprint.digest import digest
from stacktest.core.unknown import Unknown


class Carried(Mapping[int, str]):
    """Older version → digest, computed when somebody asks; empty where it is not known."""

    def __init__(self, version: int, compute: Callable[[], str | Unknown]) -> None:
        self._version = version
        self._compute = compute

    def __getitem__(self, version: int) -> str:
        return self._digests[version]

    def __iter__(self) -> Iterator[int]:
        return iter(self._digests)

    def __len__(self) -> int:
        return len(self._digests)

    @cached_property
    def _digests(self) -> dict[int, str]:
        value = self._compute()
        return {} if isinstance(value, Unknown) else {self._version: value}


def digest_of(version: int, parts: Mapping[str, str | Unknown]) -> str | Unknown:
    """The digest of all parts in a version; unknown as soon as one part is."""
    unknown = [
        f"{name}: {value.why}" for name, value in parts.items() if isinstance(value, Unknown)
    ]
    if unknown:
        return Unknown("; ".join(unknown))
    return digest({"v": version, "parts": dict(parts)})
