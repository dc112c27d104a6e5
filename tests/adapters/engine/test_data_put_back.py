"""What was copied goes back byte for byte, and never under the hands of who writes it."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from stacktest.adapters.engine.client import Engine
from stacktest.adapters.engine.data_copy import DataCopier
from stacktest.adapters.engine.labels import RUN
from stacktest.core.model import Mount
from stacktest.core.observed_state import Container
from stacktest.core.rehearsal.copy_document import DataCopy
from stacktest.core.rehearsal.settings import CopySettings
from stacktest.errors import StacktestError
from tests.support.docker_command import docker

IMAGE = "stacktest/redis:7.0"
NAME = f"t-put-back-{os.getpid()}"
LISTING = "find . -exec stat -c '%n %F %u:%g %a %Y %N' {} + | sort; find . -type f | sort | xargs -d '\\n' sha256sum"


def copier(engine: Engine) -> DataCopier:
    return DataCopier(
        engine,
        labels={RUN: NAME},
        images=[IMAGE],
        limit=10**9,
        settings=CopySettings(id="", verb="update"),
    )


def put_back(engine: DataCopier, copy: DataCopy) -> None:
    with engine.ready_to_put_back([copy]) as put_data_back:
        put_data_back()


class Writing:
    """An engine on which a container runs that may write to the volume."""

    def __init__(self) -> None:
        self.scripts: list[str] = []

    def containers(self) -> tuple[Container, ...]:
        return (
            Container(
                id="c1",
                name="shop-store-1",
                service="store",
                project="shop",
                image_id="",
                image_ref="",
                state="running",
                mounts=(Mount(kind="volume", source="shop_data", target="/data"),),
            ),
        )

    @contextmanager
    def waiting_tool(self, image: str, **_: Any) -> Iterator[str]:
        yield image

    def execute(self, _: str, argv: Sequence[str], **_more: Any) -> tuple[int, str, str]:
        self.scripts.append(argv[-1])
        return 0, "", ""


def test_nothing_is_put_back_while_somebody_can_write_there() -> None:
    engine = Writing()
    copy = DataCopy(volume="copy", source="shop_data", services=("store",))
    with pytest.raises(StacktestError, match="shop-store-1 runs and may write to it"):
        put_back(copier(cast("Engine", engine)), copy)
    assert not [script for script in engine.scripts if "rm -rf" in script]


def inside(mounts: Mapping[str, str], script: str) -> str:
    binds = [part for source, target in mounts.items() for part in ("-v", f"{source}:{target}")]
    run = ("run", "--rm", "--user", "0", "--network", "none", "--workdir", "/d")
    return docker(*run, *binds, "--entrypoint", "sh", IMAGE, "-c", script)


@pytest.fixture
def volumes() -> Iterator[tuple[str, str]]:
    names = (f"{NAME}-data", f"{NAME}-copy")
    for name in names:
        docker("volume", "create", "--label", f"{RUN}={NAME}", name)
    yield names
    docker("volume", "rm", "--force", *names)


@pytest.mark.real_docker
def test_a_volume_is_again_what_it_was(volumes: tuple[str, str]) -> None:
    data, copy = volumes
    inside(
        {data: "/d"},
        "echo one > 'a b'; echo two > .hidden; mkdir -m 700 -p ..odd/deep; ln -s a\\ b link; "
        "ln .hidden hard; chmod 600 .hidden; chown 33:44 ..odd; touch -d 2020-01-01 'a b'; chmod 751 .",
    )
    before = inside({data: "/d"}, LISTING)
    engine = copier(Engine())
    engine.copy([DataCopy(volume=copy, source=data, services=())])
    inside({data: "/d"}, "rm -rf ..odd 'a b'; echo three > new; chmod 777 .; echo x >> .hidden")
    assert inside({data: "/d"}, LISTING) != before
    put_back(engine, DataCopy(volume=copy, source=data, services=()))
    assert inside({data: "/d"}, LISTING) == before


@pytest.mark.real_docker
def test_a_single_file_is_put_back_in_place(volumes: tuple[str, str], tmp_path: Path) -> None:
    file = tmp_path / "settings.ini"
    file.write_text("old\n")
    file.chmod(0o640)
    inode = file.stat().st_ino
    copy = DataCopy(volume=volumes[1], source=str(file), services=())
    engine = copier(Engine())
    engine.copy([copy])
    file.write_text("new and longer\n")
    put_back(engine, copy)
    assert file.read_text() == "old\n"
    # Who has it mounted sees it, too.
    assert file.stat().st_ino == inode
    assert file.stat().st_mode & 0o777 == 0o640
