"""The whole reference stack, rehearsed beside itself while it runs.

Counted: services that were tested on the copy and those that cannot be copied, by reason; packets
that left the copy's networks; and what became of the running stack: containers, their starts, and
every file in its volumes that no program of its own wrote meanwhile.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from campaigns.common import Options, Report, main
from campaigns.docker_command import docker
from campaigns.packets import Packets, watch_packets
from campaigns.reference_copy import REPOSITORY, bring_suites, reference_copy
from stacktest.bootstrap.context import find_project
from stacktest.core.rehearsal.refusals import refusals
from tests.faults.throwaway import ThrowAway

SHORT = ("clickhouse",)
"""The service of the short form."""
DIGESTS = 'cd /data && find . -type f -printf "%T@ " -exec sha256sum {} \\;'
"""Time of the last change, digest and name of each file."""
PATIENCE = 1800


def run(options: Options) -> Report:
    """All services, or one in the short form."""
    names = SHORT if options.short else ()
    with reference_copy("rehearse") as live:
        bring_suites(live.root.parent)
        live.up(names)
        before = _state(live)
        reasons = refusals(find_project(str(live.root)).stack)
        with watch_packets(f"{live.project}-rehearsal-") as packets:
            output = _rehearse(live, names, reasons)
        after = _state(live)
        record = _record(live)
    faults = [*_faults(before, after), *packets.left[:10]]
    if record is None:
        faults.append(f"no rehearsal was written: {output[-2000:]}")
        return Report(columns=("what", "number"), rows=(), faults=faults)
    faults += [
        f"{name}: {item['result']}: {item['why']}"
        for name, item in record["services"].items()
        if not _is_as_expected(item)
    ]
    return Report(
        columns=("what", "number"), rows=_rows(record, packets, after, reasons), faults=faults
    )


# Private

WITHOUT = "deselected by --stack-copy-without"
"""Why a service is not proved of which a test names another one, too, that cannot be copied."""


def _is_as_expected(service: Mapping[str, str]) -> bool:
    return service["result"] in {"passed", "left_out"} or (
        service["result"] == "not_proved" and WITHOUT in service["why"]
    )


def _rehearse(live: ThrowAway, names: tuple[str, ...], reasons: Mapping[str, str]) -> str:
    """Runs the reference suites on a copy; what was printed."""
    argv = [sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    argv += [f"--stack={live.root}", "--stack-copy"]
    argv += [f"--stack-copy-without={name}" for name in sorted(reasons) if not names]
    argv += [f"--stack-services={name}" for name in names]
    done = subprocess.run(
        [*argv, "suites"],
        cwd=live.root.parent,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    return done.stdout + done.stderr


def _record(live: ThrowAway) -> Any:
    records = sorted((live.root / ".stacktest/rehearsals").glob("*/rehearsal.json"))
    return json.loads(records[-1].read_text()) if records else None


def _state(live: ThrowAway) -> dict[str, str]:
    """What must not change: container → start and restarts, file in a volume → time and digest."""
    listed = docker("ps", "-aq", "--filter", f"label=com.docker.compose.project={live.project}")
    form = "{{.Name}} {{.Id}} {{.State.StartedAt}} {{.RestartCount}} {{.State.Status}}"
    lines = docker("inspect", "--format", form, *listed.split()).splitlines()
    state = {f"container {name}": rest for name, _, rest in (x.partition(" ") for x in lines)}
    volumes = docker(
        *("volume", "ls", "-q", "--filter", f"label=com.docker.compose.project={live.project}")
    )
    for volume in volumes.split():
        mount = f"{volume}:/data:ro"
        text = docker(
            *("run", "--rm", "--network", "none", "-v", mount, "stacktest/backup:1"),
            *("sh", "-c", DIGESTS),
        )
        for line in text.splitlines():
            time, digest, name = line.split(maxsplit=2)
            state[f"file {volume}/{name}"] = f"{time} {digest}"
    return state


def _faults(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """Containers that are not the same, and files with another content at an unchanged time."""
    for name, value in before.items():
        now = after.get(name, "")
        if name.startswith("container ") and now != value:
            yield f"{name}: {value} → {now or 'gone'}"
        same_time = now.split()[:1] == value.split()[:1]
        if name.startswith("file ") and now and same_time and now != value:
            yield f"{name}: another content at the same time"
    for name in after.keys() - before.keys():
        if name.startswith("container "):
            yield f"{name}: appeared"


def _rows(
    record: Mapping[str, Any],
    packets: Packets,
    state: Mapping[str, str],
    reasons: Mapping[str, str],
) -> list[tuple[str, object]]:
    results = Counter(item["result"] for item in record["services"].values())
    rows: list[tuple[str, object]] = [
        (f"services {result.replace('_', ' ')}", count) for result, count in sorted(results.items())
    ]
    rows += [(f"not copied: {name}", why) for name, why in sorted(reasons.items())]
    kinds = Counter(name.partition(" ")[0] for name in state)
    return [
        *rows,
        ("packets inside of the copy's networks", packets.inside),
        ("packets for elsewhere that the engine dropped", packets.dropped),
        ("packets that left them", len(packets.left)),
        ("containers of the running stack", kinds["container"]),
        ("files in its volumes", kinds["file"]),
        ("MB copied", f"{record['copied_bytes'] / 1e6:.1f}"),
        ("seconds of pause", f"{record['paused_ms'] / 1000:.1f}"),
    ]


if __name__ == "__main__":
    raise SystemExit(main("rehearse", run))
