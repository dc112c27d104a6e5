"""Data is copied while its writers stand still, and they go on whatever happens."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace

import pytest

from stacktest.adapters.engine.data_copy import DataCopier, shown
from stacktest.core.model import Mount
from stacktest.core.observed_state import Container
from stacktest.core.rehearsal.copy_document import DataCopy
from stacktest.core.rehearsal.settings import CopySettings
from stacktest.errors import StacktestError

DATA = DataCopy(volume="copy_data", source="shop_data", services=("db",))
SITE = DataCopy(volume="copy_site", source="/srv/shop/site", services=("web",))


def container(name: str, mount: Mount, state: str = "running") -> Container:
    return Container(
        id=f"id-{name}",
        name=name,
        service=name,
        project="shop",
        image_id="",
        image_ref="",
        state=state,
        mounts=(mount,),
    )


def volume(source: str, *, read_only: bool = False) -> Mount:
    return Mount(kind="volume", source=source, target="/data", read_only=read_only)


def folder(source: str) -> Mount:
    return Mount(kind="bind", source=source, target="/site")


@dataclass
class FakeEngine:
    here: tuple[Container, ...]
    log: list[str] = field(default_factory=list)
    sizes: Mapping[str, int] = field(default_factory=dict)
    code: int = 0
    refuses: str = ""
    unfrozen: int = 0
    """How often the engine cannot freeze a container."""
    absent: frozenset[str] = frozenset()
    without_programs: frozenset[str] = frozenset()
    sources: Sequence[str] = ()
    connection: None = None

    def containers(self) -> tuple[Container, ...]:
        return self.here

    def pause(self, id: str) -> str:  # noqa: A002
        self.log.append(f"pause {id}")
        if self.unfrozen > 0:
            self.unfrozen -= 1
            return "OCI runtime pause failed: unable to freeze: unknown"
        return "it is restarting" if id == self.refuses else ""

    def unpause(self, id: str) -> str:  # noqa: A002
        self.log.append(f"unpause {id}")
        return ""

    @contextmanager
    def waiting_tool(
        self, image: str, *, folders: Mapping[str, tuple[str, bool]], labels: Mapping[str, str]
    ) -> Iterator[str]:
        if image in self.absent:
            raise StacktestError(f"no container can be made from {image}: No such image")
        self.sources = [source for source, (at, _) in folders.items() if at.startswith("/from")]
        self.log.append(f"mount {dict(folders)}")
        yield image
        self.log.append("remove the container")

    def execute(self, id: str, argv: Sequence[str], **_: float) -> tuple[int, str, str]:  # noqa: A002
        if argv == ("sh", "-c", "command -v cp && command -v du"):
            return int(id in self.without_programs), "", ""
        if argv[0] == "du":
            source = self.sources[int(argv[-1].rpartition("/")[2])]
            return 0, f"{self.sizes.get(source, 8)}\t/from", ""
        self.log.append(f"copy {argv[-2]} {argv[-1]}")
        return self.code, "", "cp: No space left on device" if self.code else ""


@pytest.fixture(autouse=True)
def guards(monkeypatch: pytest.MonkeyPatch) -> list[Sequence[str]]:
    """What the reaper would let go on; nothing is started."""
    armed: list[Sequence[str]] = []

    def arm(connection: object, labels: object, *, paused: Sequence[str]) -> SimpleNamespace:
        armed.append(paused)
        return SimpleNamespace(disarm=lambda: armed.append(()))

    monkeypatch.setattr("stacktest.adapters.engine.data_copy.reaper.arm", arm)
    return armed


def copier(engine: FakeEngine, limit: int = 10**9) -> DataCopier:
    return DataCopier(
        engine,  # type: ignore[arg-type]
        labels={},
        images=["tools:1", "tools:2", "tools:3"],
        limit=limit,
        settings=CopySettings(id="x"),
    )


def test_writers_stand_still_while_their_data_is_copied(guards: list[Sequence[str]]) -> None:
    engine = FakeEngine(
        here=(
            container("db", volume("shop_data")),
            container("reader", volume("shop_data", read_only=True)),
            container("other", volume("other_data")),
            container("ended", volume("shop_data"), state="exited"),
            container("editor", folder("/srv/shop")),
            container("neighbour", folder("/srv/shop/site2")),
        )
    )
    copied = copier(engine).copy([DATA, SITE])
    folders = {
        "shop_data": ("/from/0", False),
        "copy_data": ("/to/0", True),
        "/srv/shop/site": ("/from/1", False),
        "copy_site": ("/to/1", True),
    }
    assert engine.log == [
        f"mount {folders}",
        "pause id-db",
        "pause id-editor",
        "copy /from/0 /to/0",
        "copy /from/1 /to/1",
        "unpause id-db",
        "unpause id-editor",
        "remove the container",
    ]
    assert (copied.size, copied.paused) == (2 * 8 * 1024, ("db", "editor"))
    assert guards == [["id-db", "id-editor"], ()]


def test_without_a_writer_nothing_is_paused(guards: list[Sequence[str]]) -> None:
    engine = FakeEngine(here=())
    assert copier(engine).copy([DATA]).paused == ()
    assert guards == []


def test_what_cannot_be_copied_lets_the_writers_go_on() -> None:
    engine = FakeEngine(here=(container("db", volume("shop_data")),), code=1)
    with pytest.raises(StacktestError, match="shop_data cannot be copied: cp: No space left"):
        copier(engine).copy([DATA])
    assert engine.log[-2:] == ["copy /from/0 /to/0", "unpause id-db"]


def test_what_cannot_be_paused_lets_the_others_go_on() -> None:
    engine = FakeEngine(
        here=(container("db", volume("shop_data")), container("job", volume("shop_data"))),
        refuses="id-job",
    )
    with pytest.raises(StacktestError, match="job cannot be paused: it is restarting"):
        copier(engine).copy([DATA])
    assert engine.log[1:] == ["pause id-db", "pause id-job", "unpause id-db"]


def test_what_could_not_be_frozen_just_then_is_paused_again() -> None:
    engine = FakeEngine(here=(container("db", volume("shop_data")),), unfrozen=2)
    assert copier(engine).copy([DATA]).paused == ("db",)
    assert engine.log.count("pause id-db") == 3
    assert engine.log.count("unpause id-db") == 1


def test_what_can_never_be_frozen_is_an_error() -> None:
    engine = FakeEngine(here=(container("db", volume("shop_data")),), unfrozen=99)
    with pytest.raises(StacktestError, match=r"db cannot be paused: .* unable to freeze"):
        copier(engine).copy([DATA])


def test_more_than_the_limit_is_refused_before_anything_is_paused() -> None:
    engine = FakeEngine(
        here=(container("db", volume("shop_data")),), sizes={"shop_data": 3 * 10**6}
    )
    with pytest.raises(StacktestError, match=r"shop_data holds 3\.1 GB, .* may have 1\.0 GB"):
        copier(engine).copy([DATA])
    assert len(engine.log) == 1


def test_the_first_image_with_the_programs_copies() -> None:
    engine = FakeEngine(
        here=(), absent=frozenset({"tools:1"}), without_programs=frozenset({"tools:2"})
    )
    copier(engine).copy([DATA])
    assert [line.split()[0] for line in engine.log] == [
        "mount",
        "remove",
        "mount",
        "copy",
        "remove",
    ]


def test_where_no_image_has_them_the_first_reason_is_named() -> None:
    engine = FakeEngine(
        here=(), absent=frozenset({"tools:1"}), without_programs=frozenset({"tools:2", "tools:3"})
    )
    with pytest.raises(
        StacktestError, match=r"no image of the stack has sh, cp and du \(no .*No such"
    ):
        copier(engine).copy([DATA])


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (28672, "28.7 kB"),
        (5 * 10**9, "5.0 GB"),
        (2 * 10**15, "2000.0 TB"),
    ],
)
def test_sizes_for_people(size: int, text: str) -> None:
    assert shown(size) == text
