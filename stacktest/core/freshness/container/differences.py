"""Which keys of its definition a container does not have, from `docker inspect`.

    difference   a key differs, and                                  example
    ----------   -------------------------------------------------   ------------------------------
    certain      only another definition explains it                 `user`, `mem_limit`, `ports`
    possible     the engine, its kernel or its settings may          `logging` or `runtime` that
                 explain it as well                                  no file names, swap limits
    unseen       no engine shows whether the container has it        `post_start`, `provider`

Whatever Compose or the engine writes out by itself is equal to a key that is not set: `restart:
"no"`, `scale: 1`, long and short forms, units, the order of sets. What an image says by itself is
read from the image that the container runs.
"""

from dataclasses import dataclass

from stacktest.core.freshness.container import network, process, resources
from stacktest.core.freshness.container.row import Created

ROWS = (*process.ROWS, *network.ROWS, *resources.ROWS)

COVERED_ELSEWHERE = frozenset(
    (
        # What `deploy` says beyond limits and restarts is for orchestrators.
        *("attach", "build", "configs", "deploy", "depends_on", "develop", "env_file"),
        "external_links",
        *("environment", "extends", "image", "label_file", "profiles", "pull_policy"),
        *("pull_refresh_after", "scale", "secrets", "volumes"),
    )
)
"""Keys that say nothing about a container, or that another comparison covers."""

CHANGEABLE = frozenset(
    (
        *("cpu_period", "cpu_quota", "cpu_shares", "cpus", "cpuset", "ipc", "mem_limit"),
        *("mem_reservation", "network_mode", "networks", "pid", "pids_limit", "restart"),
    )
)
"""Keys that differ without another definition: `docker update`, `docker network disconnect`."""


SHOWN = frozenset(row.key for row in ROWS) - {"cgroup", "ipc", "network_mode", "runtime"} | {
    *("build", "deploy", "image", "scale")
}
"""Keys of which the engine shows all that counts, so that no memory of an edit is needed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Differences:
    """Keys of the definition that differ, by how sure that is."""

    certain: frozenset[str] = frozenset()
    possible: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()


def differences(container: Created) -> Differences:
    """Every key in which the container is not what the definition says."""
    verdicts = [(row.verdict(container), row.key) for row in ROWS]
    covered = {row.key for row in ROWS} | COVERED_ELSEWHERE
    return Differences(
        certain=frozenset(key for verdict, key in verdicts if verdict == "certain"),
        possible=frozenset(key for verdict, key in verdicts if verdict == "possible"),
        unseen=frozenset(
            key
            for key, value in container.definition.items()
            if key not in covered and not key.startswith("x-") and value not in (None, {}, [], "")
        ),
    )
