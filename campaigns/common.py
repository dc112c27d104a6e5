"""What every campaign shares: its options, its table, and its exit code.

A campaign is a module `campaigns/NAME.py` that ends with

    if __name__ == "__main__":
        raise SystemExit(main("NAME", run))

where `run(options)` returns a `Report`. Whatever is random comes from `options.random()`, so that
`python -m campaigns.NAME --seed N` repeats it; `--short` takes seconds.
"""

import argparse
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SEED = 20240601
"""The seed where none is named: the figures in docs/reliability.md are of this one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """How a campaign is run."""

    seed: int = SEED
    short: bool = False

    def random(self) -> random.Random:
        """A new source of random numbers, the same for the same seed."""
        return random.Random(self.seed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a campaign measured: a table, and one line per fault; without faults it passed."""

    columns: tuple[str, ...]
    rows: Sequence[Sequence[object]]
    faults: Sequence[str] = ()


Run = Callable[[Options], Report]


def main(name: str, run: Run, argv: Sequence[str] | None = None) -> int:
    """Run a campaign as a command: prints its table and its faults; 0 without faults, else 1."""
    parser = argparse.ArgumentParser(prog=f"python -m campaigns.{name}")
    parser.add_argument("--seed", type=int, default=SEED, help="repeats a campaign")
    parser.add_argument("--short", action="store_true", help="takes seconds")
    arguments = parser.parse_args(argv)
    options = Options(seed=arguments.seed, short=arguments.short)
    report = run(options)
    print("\n".join(as_lines(name, options, report)))
    return 1 if report.faults else 0


def as_lines(name: str, options: Options, report: Report) -> list[str]:
    """The report as it is printed: the table, every fault, and a last line that says it all."""
    cells = [report.columns, *([str(cell) for cell in row] for row in report.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    table = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]
    faults = [f"FAULT  {fault}" for fault in report.faults]
    form = ", short form" if options.short else ""
    total = f"{len(faults)} faults (seed {options.seed}{form})"
    return [*table, *faults, f"{name}: {total}"]
