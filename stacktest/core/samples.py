"""Metrics that were parsed from Prometheus' text format, by name."""

from collections.abc import Iterator, Mapping

from msgspec import Struct, field


class Sample(Struct, frozen=True, kw_only=True):
    """One value of a metric."""

    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


class Metrics(Mapping[str, tuple[Sample, ...]]):
    """Name of a sample, as it is written, → its samples; `types`: family → metric type."""

    def __init__(self, samples: Mapping[str, tuple[Sample, ...]], types: Mapping[str, str]) -> None:
        self._samples = dict(samples)
        self.types = dict(types)

    def __repr__(self) -> str:
        return f"Metrics({len(self)} names)"

    def __getitem__(self, name: str) -> tuple[Sample, ...]:
        return self._samples[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._samples)

    def __len__(self) -> int:
        return len(self._samples)

    def value(self, name: str, **labels: str) -> float:
        """The value of the only sample of `name` that has these labels; else a LookupError."""
        fitting = [
            sample for sample in self.get(name, ()) if labels.items() <= sample.labels.items()
        ]
        if len(fitting) != 1:
            raise LookupError(f"{len(fitting)} samples of {name} have {labels or 'no labels'}")
        return fitting[0].value
