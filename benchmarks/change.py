"""What a copy of data costs over `cp -a`, and what putting an update back costs over its parts.

    python -m benchmarks.change [--rounds N] [--megabytes N]

The copy is made as `stacktest update` and `rehearse` make it, and by `cp -a` in a container that
runs already; both take turns, and the best of all rounds counts. Then an update with a wrong
password is put back: from the first stop until the old container is ready with its old data. Of
that the container's own start until it is healthy, `rm` of the new data and `cp -a` of the old are
taken away, both while the disk still writes what was copied before. With little data the container
that copies, most of a second, costs more than the copy: as many gigabytes are needed to compare as
the disk writes in some seconds. Exits 1 when a limit does not hold.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.turns import timed
from campaigns.docker_command import docker
from campaigns.small_stack import IMAGE, SmallStack, small_stack
from stacktest.adapters.engine.data_copy import DataCopier
from stacktest.core.rehearsal.copy_document import DataCopy
from stacktest.core.rehearsal.settings import CopySettings

LIMIT_COPY = 1.15
"""How many times as long as `cp -a` a copy may take."""
LIMIT_PUT_BACK = 3.0
"""Seconds that putting back may take beside the start of the container and the copy."""
SMALL_FILES = 2000
SERVICE = """\
  cache:
    image: IMAGE
    command: ["--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--maxclients", "100"]
    volumes: ["files:/files"]
    healthcheck: {test: ["CMD", "redis-cli", "ping"], interval: 1s}
volumes:
  files: {}
"""
WRONG_PASSWORD = ('"--maxclients"', '"--requirepass", "wrong", "--maxclients"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Volumes:
    """The volume of the stack, an empty one, and a container that has both."""

    source: str
    target: str
    container: str

    def remove(self) -> None:
        """Empty the target."""
        docker("exec", "--user", "0", self.container, "sh", "-c", "rm -rf /to/*")

    def clear(self) -> None:
        """Empty the target, and wait until nothing is left to be written."""
        self.remove()
        docker("exec", "--user", "0", self.container, "sync")

    def copy_by_hand(self) -> None:
        """`cp -a` in the container that runs."""
        docker("exec", "--user", "0", self.container, "cp", "-a", "/from/.", "/to/")


def main() -> int:
    """0 when both limits hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--megabytes", type=int, default=8000)
    options = parser.parse_args()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with small_stack(SERVICE) as stack:
        docker("compose", "--project-directory", str(stack.root), "up", "--detach", "--wait")
        code, out = stack.run("pytest")
        assert code == 0, out
        with volumes(stack, options.megabytes) as both:
            missed = measure_copy(stack, both, options.rounds)
            # As in an update: the disk still writes the copy that was made before.
            both.clear()
            both.copy_by_hand()
            by_hand = timed(both.remove) + timed(both.copy_by_hand)
        missed |= measure_put_back(stack, by_hand, max(1, options.rounds // 2))
    return int(missed)


@contextmanager
def volumes(stack: SmallStack, megabytes: int) -> Iterator[Volumes]:
    """The stack's volume, filled with large and small files, beside an empty one."""
    source, target = f"{stack.name}_files", f"{stack.name}-copy"
    mounts = ("--volume", f"{source}:/from", "--volume", f"{target}:/to")
    docker(
        "run",
        "--detach",
        "--init",
        "--name",
        target,
        *mounts,
        "--entrypoint",
        "sleep",
        IMAGE,
        "3600",
    )
    try:
        fill = (
            f"head -c {megabytes}M /dev/urandom | split -b 10M - /from/large-; mkdir /from/small; "
        )
        fill += f"seq {SMALL_FILES} | while read n; do echo $n > /from/small/$n; done; sync"
        docker("exec", "--user", "0", target, "sh", "-c", fill)
        yield Volumes(source=source, target=target, container=target)
    finally:
        docker("rm", "--force", target)
        docker("volume", "rm", target)


def measure_copy(stack: SmallStack, both: Volumes, rounds: int) -> bool:
    """Whether the limit was missed."""
    copier = DataCopier(
        stack.engine,
        labels={"stacktest.benchmark": stack.name},
        images=[IMAGE],
        limit=1 << 50,
        settings=CopySettings(id="", verb="update"),
    )
    copy = DataCopy(volume=both.target, source=both.source, services=("cache",))
    ways: dict[str, Callable[[], object]] = {
        "stacktest": lambda: copier.copy([copy]),
        "cp -a": both.copy_by_hand,
    }
    seconds = dict.fromkeys(ways, float("inf"))
    for turn in range(rounds):
        for name in sorted(ways, reverse=bool(turn % 2)):
            both.clear()
            seconds[name] = min(seconds[name], timed(ways[name]))
    ratio = seconds["stacktest"] / seconds["cp -a"]
    print(
        f"{_mark(ratio, LIMIT_COPY)} a copy over cp -a: {ratio:.2f} "
        f"({seconds['stacktest']:.2f} s, {seconds['cp -a']:.2f} s), at most {LIMIT_COPY}"
    )
    return ratio > LIMIT_COPY


def measure_put_back(stack: SmallStack, copy: float, rounds: int) -> bool:
    """Whether putting an update back missed its limit in the best of the rounds."""
    best = min(_beside(stack, copy) for _ in range(rounds))
    print(
        f"{_mark(best, LIMIT_PUT_BACK)} putting back beside start and copy: {best:.2f} s, "
        f"at most {LIMIT_PUT_BACK:.0f} s"
    )
    return best > LIMIT_PUT_BACK


# Private


def _beside(stack: SmallStack, copy: float) -> float:
    """Seconds of putting one bad update back that neither the start nor the copy explains."""
    start = _start(stack)
    path = stack.root / "compose.yaml"
    good = path.read_text()
    path.write_text(good.replace(*WRONG_PASSWORD))
    code, out = stack.run("update", "cache", "--no-rehearsal", "--without-baseline", "--again")
    path.write_text(good)
    assert code == 1, out
    journals = (stack.root / ".stacktest/updates").glob("*.json")
    newest = json.loads(max(journals, key=lambda item: item.stat().st_mtime).read_text())
    assert newest["step"] == "put_back", out
    stood = newest["stood_ms"] / 1000
    print(f"     put back in {stood:.2f} s: start {start:.2f} s, copy {copy:.2f} s")
    return float(stood - start - copy)


def _start(stack: SmallStack) -> float:
    """Seconds that the container takes from its start until it is healthy."""
    container = f"{stack.name}-cache-1"
    docker("stop", container)

    def start() -> None:
        docker("start", container)
        while docker("inspect", "--format", "{{.State.Health.Status}}", container) != "healthy":
            time.sleep(0.02)

    return timed(start)


def _mark(value: float, limit: float) -> str:
    return "ok  " if value <= limit else "MISS"


if __name__ == "__main__":
    raise SystemExit(main())
