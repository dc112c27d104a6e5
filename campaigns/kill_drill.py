"""Drills that are killed at any point: what is left behind, and what is claimed of the backup afterwards.

Each drill is ended by KILL, TERM or HUP after a random part of the time that a whole one takes. The stack
beside it runs on: its containers, their starts and every byte of its data are compared. Afterwards nothing of
the copy is there, the record is the one of before or a whole new one, and the next drill proves the same.
"""

import signal
import subprocess
import time
from collections import Counter

from campaigns.common import Options, Report, main
from campaigns.docker_command import docker
from campaigns.kill_points import signal_after
from campaigns.small_stack import SmallStack, small_stack
from stacktest.core.records.drill import Drill

SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)
SERVICES = """\
  cache:
    image: IMAGE
    command: ["--bind", "0.0.0.0", "--protected-mode", "no", "--dir", "/data", "--save", "3600 1"]
    healthcheck: {test: ["CMD", "redis-cli", "ping"], interval: 1s}
    volumes: ["data:/data"]
volumes: {data: {}}
"""
TEST = """\
import pytest

@pytest.mark.service("cache")
def test_the_name_is_there(inside):
    assert inside("cache").run("redis-cli", "get", "name").out.strip() == "live"
"""
BACKUP = '[stack]\nsuites = ["suites"]\n[services.cache.backup]\nkind = "tar"\npath = "backups"\n'


def run(options: Options) -> Report:
    """60 kill points, or 3 in the short form."""
    dice, points = options.random(), 3 if options.short else 60
    counts, faults = Counter[str](), list[str]()
    with small_stack(SERVICES, TEST) as stack:
        _prepare(stack)
        before, started = _state(stack), time.monotonic()
        code, out = stack.run("drill")
        whole = time.monotonic() - started
        if code:
            return Report(columns=("what",), rows=(), faults=[f"the first drill: {code}: {out}"])
        for point in range(points):
            number, share = dice.choice(SIGNALS), dice.random()
            process = stack.start("drill")
            was_running = signal_after(process, share * whole, number)
            counts[number.name if was_running else "ended before"] += 1
            where = f"point {point}: {number.name} after {share:.0%} of a drill"
            faults += [f"{where}: {fault}" for fault in _faults(stack, before)]
        code, out = stack.run("drill")
        if code:
            faults.append(f"the drill after the last kill ended with {code}: {out}")
    rows = [*counts.items(), ("seconds of a whole drill", f"{whole:.1f}")]
    return Report(columns=("what", "number"), rows=rows, faults=faults)


# Private


def _prepare(stack: SmallStack) -> None:
    """The stack runs, with something in its volume, and a backup of that."""
    (stack.root / "stacktest.toml").write_text(BACKUP)
    (stack.root / "backups").mkdir()
    docker("compose", "--project-directory", str(stack.root), "up", "--detach", "--wait")
    docker("exec", f"{stack.name}-cache-1", "redis-cli", "set", "name", "live")
    docker("exec", f"{stack.name}-cache-1", "redis-cli", "save")
    tar = ["docker", "exec", f"{stack.name}-cache-1", "tar", "-cf", "-", "-C", "/", "data"]
    with (stack.root / "backups" / "cache.tar").open("wb") as archive:
        subprocess.run(tar, check=True, stdout=archive)


def _state(stack: SmallStack) -> str:
    """All that could be changed of the running stack."""
    name, form = f"{stack.name}-cache-1", "{{.Id}} {{.State.Status}} {{.State.StartedAt}}"
    data = "find /data -type f | sort | xargs sha256sum"
    return docker("inspect", "--format", form, name) + docker("exec", name, "sh", "-c", data)


def _left(stack: SmallStack) -> list[str]:
    """What of a copy is still there."""
    chosen = ("--quiet", "--filter", f"name={stack.name}-rehearsal")
    kinds = (("ps", "--all"), ("volume", "ls"), ("network", "ls"))
    return [name for kind in kinds for name in docker(*kind, *chosen).split()]


def _faults(stack: SmallStack, before: str) -> list[str]:
    """What is wrong once the reaper had its time."""
    deadline = time.monotonic() + 90
    while (left := _left(stack)) and time.monotonic() < deadline:
        time.sleep(0.1)
    faults = [f"left: {name}" for name in left]
    if _state(stack) != before:
        faults.append("the running stack is not as it was")
    record = stack.ledger.last_drill("cache")
    if not isinstance(record, Drill) or record.result != "restorable":
        faults.append(f"the record: {record}")
    return faults


if __name__ == "__main__":
    raise SystemExit(main("kill_drill", run))
