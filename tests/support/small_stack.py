"""A project folder with one service, its container, and looks at both: nothing runs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.compose.model import read_model
from stacktest.adapters.fingerprint_inputs import read_fingerprints
from stacktest.application.host_view import NoHost
from stacktest.application.observe import observe
from stacktest.config import Config, ServiceSection
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.digest import Key
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.freshness.origins import Origins
from stacktest.core.model import Build, Stack
from stacktest.core.observed_state import Container
from stacktest.core.route import Route
from stacktest.core.unknown import Unknown

KEY = Key(secret=b"k" * 32)
IMAGE = {"Id": "sha256:one", "Config": {}, "RootFS": {"Layers": ["sha256:a"]}, "Created": ""}


class Host(NoHost):
    """What the machine knows; a test changes it directly."""

    def __init__(self) -> None:
        self.kept = Origins()
        self.hashes: Mapping[str, str] | Unknown = Unknown("no Compose")
        self.asked: list[Any] = []
        self.files: dict[str, str] = {}
        self.built_at = 0.0
        self.others: tuple[Any, ...] = ()
        self.seen: dict[str, bool] = {}
        self.elsewhere: dict[str, bool | Unknown] = {}

    def sees_file(self, container: str, path: str, source: str) -> bool | Unknown:
        return self.seen.get(path, Unknown("no cat"))

    def has_same_files(self, container: str, path: str, source: str) -> bool | Unknown:
        return self.elsewhere.get(path, True)

    def containers_on(self, networks: Collection[str], known: Collection[str]) -> tuple[Any, ...]:
        assert known == {"c1"}
        return self.others if "s_default" in networks else ()

    def config_hashes(self, document: Any) -> Mapping[str, str] | Unknown:
        self.asked.append(document)
        return self.hashes

    def compose_version(self) -> str:
        return "2.26.1"

    def file_digest(self, container: str, path: str) -> str | Unknown:
        return self.files.get(path) or Unknown(f"{path} cannot be read")

    def build_time(self, build: Build) -> float:
        return self.built_at

    def origins(self) -> Origins:
        return self.kept

    def seen_since(self, started: datetime) -> None:
        """The containers that are remembered were started then."""
        self.kept = replace(
            self.kept,
            containers={
                id_: replace(each, started_at=started.isoformat())
                for id_, each in self.kept.containers.items()
            },
        )

    def keep_origins(self, origins: Origins) -> None:
        self.kept = origins


FUTURE = datetime(2100, 1, 1, tzinfo=UTC)
"""After every time of a file: the container read what lies there."""
PAST = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass
class SmallStack:
    """A project folder with one service `app`, its container, and looks at both."""

    root: Path
    definition: dict[str, Any] = field(default_factory=dict)
    definitions: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    host_config: dict[str, Any] = field(default_factory=dict)
    mounts: list[dict[str, Any]] = field(default_factory=list)
    images: dict[str, Any] = field(default_factory=lambda: {"app:1": IMAGE, "sha256:one": IMAGE})
    host: Host = field(default_factory=Host)
    started: datetime = FUTURE
    state: str = "running"
    runs: str = "sha256:one"
    routes: tuple[Route, ...] = ()
    sections: dict[str, ServiceSection] = field(default_factory=dict)

    def mount(self, name: str, target: str, *, read_only: bool = True) -> None:
        source = str(self.root / name)
        self.definition.setdefault("volumes", []).append(
            {"type": "bind", "source": source, "target": target, "read_only": read_only}
        )
        self.mounts.append(
            {"Type": "bind", "Source": source, "Destination": target, "RW": not read_only}
        )

    @property
    def stack(self) -> Stack:
        services = {"app": {"image": "app:1", **self.definition}}
        document = {"name": "s", "services": services, **self.definitions}
        model = read_model(document, root=self.root, files=[self.root / "compose.yml"])
        return replace(model, routes=self.routes)

    def containers(self, project: str = "") -> tuple[Container, ...]:
        return (
            Container(
                id="c1",
                name="s-app-1",
                service="app",
                project=project,
                image_id=self.runs,
                image_ref="app:1",
                state=self.state,
            ),
        )

    def inspect(self, id: str) -> Any:  # noqa: A002
        return {
            "Id": id,
            "Name": "/s-app-1",
            "Image": self.runs,
            "State": {"Status": self.state, "StartedAt": self.started.isoformat()},
            "Config": {"Hostname": id, "Image": "app:1", **self.config},
            "HostConfig": {"NetworkMode": "s_default", **self.host_config},
            "NetworkSettings": {"Networks": {"s_default": {"Aliases": ["app"]}}},
            "Mounts": self.mounts,
        }

    def image(self, ref: str) -> Any:
        return self.images.get(ref, Unknown(f"image {ref}: gone"))

    def observe(self) -> ServiceObservation:
        stack, config = self.stack, Config(root=self.root, services=self.sections)
        reader = partial(read_fingerprints, stack, key=KEY, config=config)
        return observe(stack, config, self, lambda i: reader(images=i), self.host)["app"]

    def drift(self) -> tuple[str, ...]:
        return self.observe().drift


def later_time(folder: Path) -> datetime:
    """A time of the file system after that of all that was written, and before what will be."""
    file = folder / ".stacktest/clock"
    file.parent.mkdir(exist_ok=True)
    times: list[int] = []
    while len(set(times)) <= 2:
        file.touch()
        times.append(file.stat().st_ctime_ns)
    return datetime.fromtimestamp(sorted(set(times))[1] / 1e9, UTC)


@pytest.fixture
def small(tmp_path: Path) -> SmallStack:
    """A stack whose folder holds `conf/a` and `conf/sub/b`."""
    (tmp_path / "compose.yml").write_text("services: {app: {image: app:1}}\n")
    (tmp_path / "conf/sub").mkdir(parents=True)
    (tmp_path / "conf/a").write_text("1")
    (tmp_path / "conf/sub/b").write_text("1")
    return SmallStack(root=tmp_path)
