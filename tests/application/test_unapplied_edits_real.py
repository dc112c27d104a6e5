"""Edits of every kind that nobody applied, and edits that apply nothing, beside real containers.

All containers of a table are created at once and never started: what Compose and the engine make
of a definition shows in `inspect` all the same.
"""

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest

from stacktest.adapters.ledger.state_dir import state_dir
from stacktest.bootstrap.context import find_project
from tests.support.compose_project import IMAGE, Project, remove_project

pytestmark = [pytest.mark.real_docker, pytest.mark.slow]

COMMAND = "command: [sleep, '1']"
HEAD = f"""
services:
  lender: {{image: "{IMAGE}", {COMMAND}, volumes: ["v1:/x"]}}
  other: {{image: "{IMAGE}", {COMMAND}, volumes: ["v2:/x"]}}
"""
TAIL = """
networks: {n1: {}, n2: {}, n3: {ipam: {config: [{subnet: 10.231.7.0/24}]}}}
volumes: {v1: {}, v2: {}}
configs: {c1: {content: one}, c2: {content: two}}
secrets: {s1: {environment: SECRET_ONE}, s2: {environment: SECRET_TWO}}
"""
FILES = {
    "stacktest.toml": "",
    "p1.json": '{"defaultAction": "SCMP_ACT_ALLOW"}',
    "p2.json": '{"defaultAction": "SCMP_ACT_ALLOW", "architectures": []}',
    "one.env": "A=1\n",
    "two.env": "A=2\n",
    "d/x": "",
    "e/x": "",
}

TMPFS = "volumes: [{type: tmpfs, target: /a, tmpfs: {size: %s}}]"
GPU = (
    "deploy: {resources: {reservations: {devices: [{driver: x, count: %s, capabilities: [gpu]}]}}}"
)
BIND = "volumes: [{type: bind, source: ./d, target: /a, bind: {propagation: %s}}]"
BLKIO = "blkio_config: {device_read_bps: [{path: /dev/null, rate: %s}]}"

EDITS: Mapping[str, tuple[str, str]] = {
    "annotations": ("annotations: {a: '1'}", "annotations: {a: '2'}"),
    "blkio_config": (BLKIO % "1mb", BLKIO % "2mb"),
    "cap_add": ("cap_add: [NET_ADMIN]", "cap_add: [SYS_TIME]"),
    "cgroup_parent": ("cgroup_parent: /a", "cgroup_parent: /b"),
    "command": ("command: [sleep, '1']", "command: [sleep, '2']"),
    "configs": ("configs: [{source: c1, target: /c}]", "configs: [{source: c2, target: /c}]"),
    "configs-mode": (
        "configs: [{source: c1, target: /c, mode: 0400}]",
        "configs: [{source: c1, target: /c, mode: 0444}]",
    ),
    "cpus": ("cpus: 0.5", "cpus: 0.6"),
    "deploy-limits": (
        "deploy: {resources: {limits: {memory: 64m}}}",
        "deploy: {resources: {limits: {memory: 65m}}}",
    ),
    "devices": ("devices: ['/dev/null:/dev/x']", "devices: ['/dev/null:/dev/x:r']"),
    "dns": ("dns: [10.0.0.1]", "dns: [10.0.0.2]"),
    "entrypoint": ("entrypoint: [sleep]", "entrypoint: [env]"),
    "env_file": ("env_file: [one.env]", "env_file: [two.env]"),
    "environment-gone": ("environment: {A: ''}", ""),
    "extra_hosts": ("extra_hosts: ['h=10.0.0.1']", "extra_hosts: ['h=10.0.0.2']"),
    "gpus": (GPU % 1, GPU % 2),
    "group_add": ("group_add: ['10']", "group_add: ['20']"),
    "healthcheck": (
        "healthcheck: {test: a, start_period: 5s}",
        "healthcheck: {test: a, start_period: 6s}",
    ),
    "hostname": ("hostname: a", "hostname: b"),
    "init": ("init: true", ""),
    "ipc": ("ipc: host", ""),
    "labels": ("labels: {a: '1'}", "labels: {a: '1', b: ''}"),
    "links": ("links: ['lender:a']", "links: ['lender:b']"),
    "links-to": ("links: ['lender:a']", "links: ['other:a']"),
    "logging": ("logging: {options: {max-size: 1m}}", "logging: {options: {max-size: 2m}}"),
    "mac_address": ("mac_address: '02:42:ac:11:65:45'", "mac_address: '02:42:ac:11:65:46'"),
    "mem_limit": ("mem_limit: 64m", ""),
    "networks": ("networks: [n1]", "networks: [n2]"),
    "networks-alias": ("networks: {n1: {aliases: [x]}}", "networks: {n1: {aliases: [y]}}"),
    "networks-address": (
        "networks: {n3: {ipv4_address: 10.231.7.20}}",
        "networks: {n3: {ipv4_address: 10.231.7.21}}",
    ),
    "networks-link-local": (
        "networks: {n3: {link_local_ips: [169.254.8.8]}}",
        "networks: {n3: {link_local_ips: [169.254.8.9]}}",
    ),
    "networks-priority": ("networks: {n1: {priority: 10}}", "networks: {n1: {priority: 20}}"),
    "network_mode": ("network_mode: none", ""),
    "pid": ("pid: host", ""),
    "ports": ("ports: ['127.0.0.1:29391:80']", "ports: ['127.0.0.1:29391:80/udp']"),
    "post_start": ("post_start: [{command: 'true'}]", "post_start: [{command: 'false'}]"),
    "privileged": ("", "privileged: true"),
    "read_only": ("", "read_only: true"),
    "restart": ("restart: on-failure:3", "restart: on-failure:4"),
    "secrets": ("secrets: [s1]", "secrets: [{source: s2, target: s1}]"),
    "security_opt": ("security_opt: ['no-new-privileges:true']", ""),
    "security_opt-profile": (
        "security_opt: ['seccomp:./p1.json']",
        "security_opt: ['seccomp:./p2.json']",
    ),
    "shm_size": ("shm_size: 10m", "shm_size: 20m"),
    "stop_grace_period": ("stop_grace_period: 2s", "stop_grace_period: 3s"),
    "stop_signal": ("stop_signal: SIGINT", "stop_signal: SIGQUIT"),
    "sysctls": (
        "sysctls: {net.core.somaxconn: 1024}",
        "sysctls: {net.core.somaxconn: 1025}",
    ),
    "tmpfs": ("tmpfs: ['/t:size=1m']", "tmpfs: ['/t:size=2m']"),
    "ulimits": ("ulimits: {nofile: 1000}", ""),
    "user": ("user: '1'", "user: '2'"),
    "volumes": ("volumes: ['v1:/a']", "volumes: ['v2:/a']"),
    "volumes-kind": ("volumes: ['./d:/a']", "volumes: ['v1:/a']"),
    "volumes-ro": ("volumes: ['./d:/a']", "volumes: ['./d:/a:ro']"),
    "volumes-propagation": (BIND % "rslave", BIND % "rprivate"),
    "volumes-tmpfs": (TMPFS % 1000000, TMPFS % 2000000),
    "volumes-nocopy": (
        "volumes: [{type: volume, source: v1, target: /a, volume: {nocopy: true}}]",
        "volumes: ['v1:/a']",
    ),
    "volumes_from": ("volumes_from: [lender]", "volumes_from: [other]"),
    "working_dir": ("working_dir: /tmp", ""),
}

REMOVALS: Mapping[str, tuple[str, str]] = {
    "annotations": ("annotations: {a: '1'}", ""),
    "configs": ("configs: [{source: c1, target: /c}]", ""),
    "post_start": ("post_start: [{command: 'true'}]", ""),
    "secrets": ("secrets: [s1]", ""),
}
"""What no engine shows: only who saw the container before can tell."""

SPELLINGS: Mapping[str, tuple[str, str]] = {
    "restart": ("", "restart: 'no'"),
    "scale": ("", "scale: 1"),
    "replicas": ("", "deploy: {replicas: 1, mode: replicated}"),
    "switches": ("", "privileged: false\n    read_only: false\n    tty: false"),
    "init": ("", "init: false"),
    "ulimits": ("ulimits: {nofile: 1000}", "ulimits: {nofile: {soft: 1000, hard: 1000}}"),
    "units": ("mem_limit: 64m", "mem_limit: 65536k"),
    "sets": ("cap_add: [NET_ADMIN, SYS_TIME]", "cap_add: [SYS_TIME, NET_ADMIN]"),
    "environment": ("environment: {A: '1', B: x}", "environment: [B=x, A=1]"),
    "labels": ("labels: {a: '1', b: '2'}", "labels: [b=2, a=1]"),
    "healthcheck": ("healthcheck: {test: a}", "healthcheck: {test: a, interval: 30s, retries: 3}"),
    "stop_grace_period": ("", "stop_grace_period: 10s"),
    "logging": ("", "logging: {driver: json-file}"),
    "networks": ("", "networks: [default]"),
    "ports": (
        "ports: ['127.0.0.1:29392:80']",
        "ports: [{target: 80, published: '29392', host_ip: 127.0.0.1, protocol: tcp}]",
    ),
    "volumes": (
        "volumes: ['./d:/a:ro']",
        "volumes: [{type: bind, source: ./d, target: /a, read_only: true}]",
    ),
    "pull_policy": ("", "pull_policy: missing"),
    "depends_on": ("", "depends_on: [lender]"),
    "profiles": ("", "# a comment"),
    "variables": ("environment: {A: '1'}", "environment: {A: '${NOT_SET:-1}'}"),
    "merged": ("labels: {a: '1'}", "<<: {labels: {a: '1'}}"),
}


class Table:
    """One project with a service for each row: its container has the first, its file the second."""

    def __init__(self, root: Path, name: str, rows: Mapping[str, tuple[str, str]]) -> None:
        self.project = Project(root, name)
        self.rows = rows

    def create(self) -> None:
        self._write(0)
        self.project.compose("create")

    def edit(self) -> None:
        self._write(1)

    def forget(self) -> None:
        """As on a machine that never looked at these containers."""
        (state_dir(self.project.root) / "origins.json").unlink(missing_ok=True)

    def drift(self) -> dict[str, Collection[str]]:
        """Row → why its container is not what its definition says; it never ran."""
        observations = find_project(str(self.project.root)).look()
        return {
            row: [r for r in observations[row].drift if not r.startswith(("container:", "stale:"))]
            for row in self.rows
        }

    def _write(self, column: int) -> None:
        text = HEAD
        for row, definitions in self.rows.items():
            definition = definitions[column]
            text += f"  {row}:\n    image: {IMAGE}\n"
            text += "" if definition.startswith(("command", "entrypoint")) else f"    {COMMAND}\n"
            text += f"    {definition}\n" if definition else ""
        self.project.write(text + TAIL, FILES)


@pytest.fixture
def table(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Table]:
    """The rows of the marked table, created."""
    monkeypatch.setenv("SECRET_ONE", "one")
    monkeypatch.setenv("SECRET_TWO", "two")
    rows, name = request.param
    table = Table(tmp_path, f"t-{name}-{os.getpid()}", rows)
    try:
        table.create()
        yield table
    finally:
        remove_project(table.project)


@pytest.mark.case("freshness/c02-stanza-drift-each-key", "freshness/c01-stanza-drift")
@pytest.mark.parametrize("table", [(EDITS, "edits")], ids=["edits"], indirect=True)
def test_no_edit_of_a_key_is_acquitted(table: Table) -> None:
    assert [row for row, reasons in table.drift().items() if reasons] == []
    table.edit()
    assert [row for row, reasons in table.drift().items() if not reasons] == []
    table.forget()
    assert [row for row, reasons in table.drift().items() if not reasons] == []


@pytest.mark.case("freshness/c02-stanza-drift-each-key")
@pytest.mark.parametrize("table", [(REMOVALS, "removals")], ids=["removals"], indirect=True)
def test_what_no_engine_shows_is_missed_where_it_was_seen(table: Table) -> None:
    assert [row for row, reasons in table.drift().items() if reasons] == []
    table.edit()
    assert [row for row, reasons in table.drift().items() if not reasons] == []


@pytest.mark.case("freshness/a14-defaults-written-out")
@pytest.mark.parametrize("table", [(SPELLINGS, "spellings")], ids=["spellings"], indirect=True)
def test_another_spelling_of_the_same_is_no_edit(table: Table) -> None:
    assert {row: reasons for row, reasons in table.drift().items() if reasons} == {}
    table.edit()
    assert {row: reasons for row, reasons in table.drift().items() if reasons} == {}
    table.forget()
    assert {row: reasons for row, reasons in table.drift().items() if reasons} == {}
