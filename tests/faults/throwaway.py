"""A copy of the reference stack that may be broken: its own folder, project name and port.

Only what this copy started is ever stopped or removed.
"""

import json
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.faults.model import Edit, Inside, Outside, Pin, Recreate, Step, Write

REPOSITORY = Path(__file__).parents[2]
REFERENCE = REPOSITORY / "fixtures" / "stacks" / "reference"
PATIENCE = 300
"""Seconds for one command; a fault that cannot be seeded must not hold up the others."""
PROVISIONED = {"homeassistant", "jellyfin", "kopia", "librechat", "portainer"}
LEFT_OUT = {"backups", "data", "images", ".stacktest", "_data", "node_modules"}
NOT_COPIED = shutil.ignore_patterns(*LEFT_OUT)
FAULTY = "faulty.yml"
"""Compose file of the copy in which faulty services are called healthy, so that checks judge."""


OFTEN = "interval: 1s, start_period: 60s"
"""So that nobody waits for a probe, where few services are started again and again."""
SELDOM = "interval: 10s, start_period: 60s"
"""For all of the stack at once: each probe is a process, and as many each second keep cores busy."""


class ThrowAway:
    """One copy, from `make` to `remove`; `health` is when the engine looks at the services."""

    def __init__(self, folder: Path, *, port: int, project: str = "", health: str = OFTEN) -> None:
        self.root = folder / "stack"
        self.project = project or f"t-faults-{os.getpid()}"
        self._port = port
        self._health = health
        self._tags: list[str] = []
        self._blinded: set[str] = set()
        self._running: set[str] = set()

    def make(self) -> None:
        """Copy the folder under its own name and port."""
        self._copy()

    def up(self, services: Iterable[str] = ()) -> None:
        """Start these services (all, when none is named): the lasting ones until healthy."""
        model = self._model()
        chosen = set(services) or set(model)
        once = {name for name in chosen if model[name].get("restart") == "no"}
        if lasting := sorted(chosen - once):
            self._compose("up", "-d", "--wait", *lasting)
        if once:
            self._compose("up", *sorted(once))
        self._running |= chosen
        self._provision(chosen)

    def seed(self, steps: Iterable[Step]) -> None:
        """Break the copy, step by step."""
        for step in steps:
            self._apply(step)

    def heal(self, touched: Iterable[str], undo: Iterable[Step] | None) -> None:
        """Whole again: the files as they were, then `undo`, or the touched services made anew."""
        self._blinded.clear()
        self._copy()
        if undo is not None:
            self.seed(undo)
        else:
            self._make_anew(sorted(touched))
        for tag in self._tags:
            subprocess.run(["docker", "rmi", tag], capture_output=True, check=False)
        self._tags.clear()

    def empty(self) -> None:
        """No container and no volume of the copy is left, only its folder."""
        self._compose("down", "-v", "--remove-orphans", "-t", "2")

    def remove(self) -> None:
        """Nothing of the copy is left: containers, networks, volumes, folder."""
        if self.root.is_dir():
            # A fault may have left a compose file that cannot be read.
            self._blinded.clear()
            self._copy()
            self.empty()
        shutil.rmtree(self.root.parent, ignore_errors=True)

    # Private

    def _copy(self) -> None:
        if not self.root.exists():
            shutil.copytree(REFERENCE, self.root, ignore=NOT_COPIED, symlinks=True)
        else:
            self._refresh()
        self._replace(".env", r"^STACK_HTTPS_PORT=.*$", f"STACK_HTTPS_PORT={self._port}")
        self._replace("docker-compose.yml", r"^name: .*$", f"name: {self.project}")
        self._replace(
            "stacktest.toml", r'^(compose\s*=\s*\["docker-compose.yml")\]', rf'\1, "{FAULTY}"]'
        )
        self._write_overlay()

    def _refresh(self) -> None:
        """Files as in the reference; records and what services wrote stay."""
        for source in REFERENCE.rglob("*"):
            name = source.relative_to(REFERENCE)
            if source.is_file() and not LEFT_OUT & set(name.parts):
                target = self.root / name
                if not target.is_file() or target.read_bytes() != source.read_bytes():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    # In place: a bind-mounted file must keep its inode.
                    target.write_bytes(source.read_bytes())
        for target in sorted((self.root / "configs").rglob("*")):
            if target.is_file() and not (REFERENCE / target.relative_to(self.root)).is_file():
                target.unlink()

    def _replace(self, file: str, pattern: str, new: str) -> None:
        path = self.root / file
        text, count = re.subn(pattern, new, path.read_text(), flags=re.MULTILINE)
        if count != 1:
            raise ValueError(f"{file}: {pattern!r} was found {count} times")
        path.write_text(text)

    def _apply(self, step: Step) -> None:
        match step:
            case Edit(file, old, new):
                path = self.root / file
                if path.read_text().count(old) != 1:
                    raise ValueError(f"{old!r} must occur once in {file}")
                path.write_text(path.read_text().replace(old, new))
            case Write(file, None):
                (self.root / file).unlink()
            case Write(file, str(content)):
                (self.root / file).parent.mkdir(parents=True, exist_ok=True)
                (self.root / file).write_text(content)
            case Inside(service, command):
                self._exec(service, command)
            case Outside(command):
                self._run(["bash", "-euo", "pipefail", "-c", command])
            case Recreate(services):
                self._recreate(services)
            case Pin(service, tag):
                self._pin(service, tag)

    def _recreate(self, services: tuple[str, ...], *, seconds: float = 8) -> None:
        """New containers that count as healthy at once: the checks shall judge, not the probe.

        After `seconds` nobody waits any longer for a program to listen: a fault may keep it from that.
        """
        self._blinded |= set(services)
        self._write_overlay()
        self._compose("up", "-d", "--force-recreate", "--no-deps", "--wait", *services)
        for service in services:
            self._wait_for_port(service, seconds)

    def _write_overlay(self) -> None:
        """Probes that nobody waits for; those of faulty services succeed."""
        (self.root / FAULTY).write_text("services: {}\n")
        probed = {name for name, stanza in self._model().items() if "healthcheck" in stanza}
        lines = ["services:"]
        for name in sorted(probed | self._blinded):
            test = "test: [CMD, 'true'], " if name in self._blinded else ""
            lines.append(f"  {name}: {{healthcheck: {{{test}{self._health}}}}}")
        (self.root / FAULTY).write_text("\n".join(lines) + "\n")

    def _exec(self, service: str, command: str) -> str:
        return self._run(["docker", "exec", f"{self.project}-{service}-1", "sh", "-c", command])

    def _wait_for_port(self, service: str, seconds: float) -> None:
        """Until the program listens, or time is up."""
        deadline = time.monotonic() + seconds
        while not self._exec(service, _LISTENING).strip() and time.monotonic() < deadline:
            time.sleep(0.2)

    def _pin(self, service: str, tag: str) -> None:
        path = self.root / "docker-compose.yml"
        image = self._run(["docker", "compose", "--profile", "*", "config", "--images", service])
        image = next(i for i in image.split() if i)
        new = f"{image.rpartition(':')[0]}:{tag}"
        subprocess.run(["docker", "tag", image, new], check=True)
        self._tags.append(new)
        text = path.read_text()
        if image not in text:
            raise ValueError(f"the image of {service} is not written as {image}")
        path.write_text(text.replace(image, new))
        # The same program, which may take its time.
        self._recreate((service,), seconds=60)

    def _make_anew(self, services: list[str]) -> None:
        model = self._model()
        stores = {name for name in services if self._own_volumes(model, name)}
        if stores:
            self._compose("rm", "-sfv", *sorted(stores))
            listed = ["docker", "volume", "ls", "-q", "--filter", f"label={_LABEL}={self.project}"]
            owned = {volume for name in stores for volume in self._own_volumes(model, name)}
            for volume in sorted(owned & set(self._run(listed).split())):
                self._run(["docker", "volume", "rm", volume])
            self.up(stores)
        # What lived in these stores is gone: whoever waits for them makes it again when it starts.
        waiting = {
            name
            for name, stanza in model.items()
            if stores & set(stanza.get("depends_on", ()))
            and name in self._running
            and stanza.get("restart") != "no"
        }
        if fresh := sorted((set(services) | waiting) - stores):
            self._compose("up", "-d", "--force-recreate", "--no-deps", "--wait", *fresh)
            self._provision(fresh)

    def _own_volumes(self, model: dict[str, Any], service: str) -> set[str]:
        """Volumes that nobody else has; the site is made by one service and handed out by another."""
        return {
            f"{self.project}_{volume['source']}"
            for volume in model[service].get("volumes", ())
            if volume["type"] == "volume" and volume["source"] != "site"
        }

    def _provision(self, services: Iterable[str]) -> None:
        """One-way set-up steps, for those of the services that have one."""
        if wanted := sorted(PROVISIONED & set(services)):
            # By these files as well: by others, Compose would make the containers anew.
            files = f"COMPOSE_FILE=docker-compose.yml:{FAULTY}"
            script = REPOSITORY / "scripts" / "provision"
            self._run(["env", files, str(script), str(self.root), *wanted])

    def _model(self) -> dict[str, Any]:
        services: dict[str, Any] = json.loads(self._compose("config", "--format", "json"))[
            "services"
        ]
        return services

    def _compose(self, *arguments: str) -> str:
        files = ["-f", "docker-compose.yml", "-f", FAULTY]
        return self._run(["docker", "compose", *files, "--profile", "*", *arguments])

    def _run(self, argv: list[str]) -> str:
        done = subprocess.run(
            argv,
            cwd=self.root,
            env={**os.environ, "PROJECT": self.project},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        if done.returncode != 0:
            raise RuntimeError(
                f"{' '.join(argv)} ended with {done.returncode}: {done.stderr[-800:]}"
            )
        return done.stdout


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


_LABEL = "com.docker.compose.project"
_LISTENING = (
    "cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | awk '$4 == \"0A\" && $2 !~ /^0B00007F/'"
)
"""Sockets that listen, the engine's own name server left out."""
