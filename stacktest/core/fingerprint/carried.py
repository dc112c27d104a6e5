"""The fingerprint as older versions of the algorithm would have made it, to carry passes over."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from stacktest.core.fingerprint.digest import digest
from stacktest.core.unknown import Unknown


class Carried(Mapping[int, str]):
    """Older version → digest, computed when somebody asks; without those that are not known."""

    def __init__(self, versions: Iterable[int], compute: Callable[[int], str | Unknown]) -> None:
        self._versions = tuple(versions)
        self._compute = compute

    def __getitem__(self, version: int) -> str:
        return self._digests[version]

    def __iter__(self) -> Iterator[int]:
        return iter(self._digests)

    def __len__(self) -> int:
        return len(self._digests)

    @cached_property
    def _digests(self) -> dict[int, str]:
        digests = {version: self._compute(version) for version in self._versions}
        return {v: value for v, value in digests.items() if not isinstance(value, Unknown)}


def digest_of(version: int, parts: Mapping[str, str | Unknown]) -> str | Unknown:
    """The digest of all parts in a version; unknown as soon as one part is."""
    unknown = [
        f"{name}: {value.why}" for name, value in parts.items() if isinstance(value, Unknown)
    ]
    if unknown:
        return Unknown("; ".join(unknown))
    return digest({"v": version, "parts": dict(parts)})
