"""Digests as older versions of the algorithm compute them, so that old passes stay valid."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from stacktest.core.fingerprint.digest import digest
from stacktest.core.unknown import Unknown


class Carried(Mapping[int, str]):
    """Older version → digest, computed on access; versions with an unknown digest are left out."""

    def __init__(self, versions: Iterable[int], compute: Callable[[int], str | Unknown]) -> None:
        self._versions = tuple(versions)
        self._compute = compute
        self._digests: dict[int, str | Unknown] = {}

    def __getitem__(self, version: int) -> str:
        digest = self._digest(version) if version in self._versions else None
        if digest is None or isinstance(digest, Unknown):
            raise KeyError(version)
        return digest

    def __iter__(self) -> Iterator[int]:
        return (v for v in self._versions if not isinstance(self._digest(v), Unknown))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _digest(self, version: int) -> str | Unknown:
        if version not in self._digests:
            self._digests[version] = self._compute(version)
        return self._digests[version]


def digest_of(version: int, parts: Mapping[str, str | Unknown]) -> str | Unknown:
    """The digest of all parts in a version; unknown if any part is unknown."""
    unknown = [
        f"{name}: {value.why}" for name, value in parts.items() if isinstance(value, Unknown)
    ]
    if unknown:
        return Unknown("; ".join(unknown))
    return digest({"v": version, "parts": dict(parts)})
