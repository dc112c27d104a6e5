"""Rehearsals and updates that are killed at any point: the old runs or the new, and nothing is left.

Each is ended by KILL after a random part of the time that a whole one takes, alone or with every
program that it has started. A rehearsal is cleared away without anybody's help; of an update the
next command says that it is open, and finishes or undoes it.
"""

import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from campaigns.common import Options, Report, main
from campaigns.docker_command import docker
from campaigns.kill_points import signal_after
from campaigns.small_stack import SmallStack, small_stack

SERVICES = """\
  app:
    image: PROJECT/app:current
    init: true
    volumes: ["data:/data"]
  page:
    image: IMAGE
    init: true
    depends_on: [app]
volumes: {data: {}}
"""
TEST = """\
import pytest

@pytest.mark.service("app")
def test_the_name_is_there(inside):
    assert inside("app").run("cat", "/data/name").out.strip() == "live"

@pytest.mark.service("page")
def test_it_answers(inside):
    assert inside("page").run("redis-cli", "ping").out.strip() == "PONG"
"""
DOCKERFILE = """\
FROM stacktest/redis:7.0
USER root
ENV VERSION={version} BAD={bad} FILE=/data/version
ENTRYPOINT ["sh", "-c", "grep -sqx $VERSION $FILE || echo $VERSION >$FILE; {spoil}; exec sleep 1000"]
CMD []
"""


@dataclass(kw_only=True)
class Changing:
    """The stack, and what it may be changed to."""

    stack: SmallStack

    def build(self, version: str, *, bad: bool = False) -> str:
        """An image that migrates the data at its start; a bad one loses some of it."""
        tag = f"{self.stack.name}/app:{version}{'-bad' if bad else ''}"
        spoil = "rm -f /data/name" if bad else "true"
        text = DOCKERFILE.format(version=version, bad=bad, spoil=spoil)
        docker("build", "--quiet", "--tag", tag, "-", text=text)
        return tag

    def tag(self, image: str) -> None:
        """The tag of the compose file means this image now."""
        docker("tag", image, f"{self.stack.name}/app:current")

    def up(self) -> None:
        """What the files say runs, and is proved."""
        docker("compose", "--project-directory", str(self.stack.root), "up", "--detach")
        code, out = self.stack.run("pytest")
        assert code == 0, out

    def image(self) -> str:
        """Id of the image that the app runs; empty where it does not run."""
        form = "{{if .State.Running}}{{if not .State.Paused}}{{.Image}}{{end}}{{end}}"
        with suppress(subprocess.CalledProcessError):
            return docker("inspect", "--format", form, f"{self.stack.name}-app-1")
        return ""

    def data(self) -> str:
        """A digest of all data, with owners, modes and times of change."""
        script = (
            "cd /d && find . -exec stat -c '%n %u %g %a %Y' {} + | sort; "
            "find . -type f | sort | xargs sha256sum"
        )
        volume = f"{self.stack.name}_data:/d:ro"
        run = ("run", "--rm", "--user", "0", "--network", "none", "--entrypoint", "sh")
        return docker(*run, "-v", volume, "stacktest/redis:7.0", "-c", script)

    def live(self) -> str:
        """Ids and starts of the containers of the stack itself."""
        names = [f"{self.stack.name}-{name}-1" for name in ("app", "page")]
        return docker("inspect", "--format", "{{.Id}} {{.State.StartedAt}}", *names)

    def left_over(self) -> list[str]:
        """What belongs to a copy or an update, and is still there."""
        found = []
        for kind, words in (("container", ("ps", "--all")), ("volume", ("volume", "ls"))):
            for part in ("rehearsal", "update"):
                name = f"name={self.stack.name}-{part}"
                ids = docker(*words, "--quiet", "--filter", name).split()
                found += [f"{kind} {part} {id_}" for id_ in ids]
        networks = docker(
            "network", "ls", "--quiet", "--filter", f"name={self.stack.name}-rehearsal"
        )
        journal = self.stack.root / ".stacktest/update.json"
        return [*found, *networks.split(), *(["journal"] if journal.exists() else [])]


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """One kill."""

    version: str
    """Names the candidate."""
    share: float
    """Of the time that a whole rehearsal or update takes."""
    bad: bool
    group: bool
    """Whether every program that it has started is killed with it."""
    undo: bool
    """Whether the update is undone then, or finished."""


def run(options: Options) -> Report:
    """100 rehearsals and 100 updates, or 3 of each in the short form."""
    dice, count = options.random(), 3 if options.short else 100
    counts, faults = Counter[str](), list[str]()
    with _changing() as changing:
        wholes = {
            "rehearse": _whole_rehearsal(changing),
            "update": _whole_update(changing),
            "update that is put back": _whole_update(changing, bad=True),
        }
        points = ["rehearse", "update"] * count
        for point, verb in enumerate(points):
            kill = Point(
                version=str(point),
                share=dice.random(),
                bad=dice.random() < _HALF,
                group=dice.random() < _HALF,
                undo=dice.random() < _HALF,
            )
            where = f"point {point}: {verb}, {kill}"
            killed = _killed_rehearsal if verb == "rehearse" else _killed_update
            way = "update that is put back" if verb == "update" and kill.bad else verb
            try:
                outcome, found = killed(changing, kill, wholes[way])
            except (AssertionError, subprocess.SubprocessError) as error:
                outcome, found = "ended badly", [str(error)]
            counts[f"{verb}: {outcome}"] += 1
            faults += [f"{where}: {fault}" for fault in found]
    rows: list[tuple[str, object]] = [*sorted(counts.items())]
    rows += [(f"seconds of a whole {verb}", f"{whole:.1f}") for verb, whole in wholes.items()]
    return Report(columns=("what", "number"), rows=rows, faults=faults)


# Private

_HALF = 0.5
_UPDATE = ("update", "app", "--no-rehearsal", "--again", "--without-baseline")


@contextmanager
def _changing() -> Iterator[Changing]:
    with small_stack(SERVICES, TEST) as stack:
        path = stack.root / "compose.yaml"
        path.write_text(path.read_text().replace("PROJECT", stack.name))
        changing = Changing(stack=stack)
        try:
            changing.tag(changing.build("first"))
            docker("compose", "--project-directory", str(stack.root), "up", "--detach")
            docker("exec", f"{stack.name}-app-1", "sh", "-c", "echo live > /data/name")
            changing.up()
            yield changing
        finally:
            stack.remove()
            tags = docker("images", "--format", "{{.Tag}}", f"{stack.name}/app").split()
            docker("image", "rm", "--force", *(f"{stack.name}/app:{tag}" for tag in tags))


def _whole_rehearsal(changing: Changing) -> float:
    begin = time.monotonic()
    code, out = changing.stack.run("rehearse", "app")
    assert code == 0, out
    return time.monotonic() - begin


def _whole_update(changing: Changing, *, bad: bool = False) -> float:
    """Seconds of an update that is kept, or of one that is put back."""
    old = changing.image()
    changing.tag(changing.build("whole", bad=bad))
    begin = time.monotonic()
    code, out = changing.stack.run(*_UPDATE)
    assert code == int(bad), out
    seconds = time.monotonic() - begin
    if bad:
        docker("tag", old, f"{changing.stack.name}/app:current")
    return seconds


def _kill(changing: Changing, words: Sequence[str], point: Point, whole: float) -> bool:
    """Whether it was still running when it was killed."""
    process = subprocess.Popen(
        changing.stack.argv(*words),
        cwd=changing.stack.root,
        env=changing.stack.variables({}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )
    return signal_after(process, point.share * whole, signal.SIGKILL, group=point.group)


def _killed_rehearsal(changing: Changing, point: Point, whole: float) -> tuple[str, list[str]]:
    image = changing.build(point.version, bad=point.bad)
    before, data = changing.live(), changing.data()
    words = ("rehearse", "app", "--with", f"app={image}")
    was_running = _kill(changing, words, point, whole)
    faults = [] if _holds(lambda: not changing.left_over()) else changing.left_over()
    if not _holds(lambda: changing.image() != ""):
        faults.append("the running stack stands still")
    if changing.live() != before or changing.data() != data:
        faults.append("the running stack is not what it was")
    return "killed" if was_running else "ended before", faults


def _killed_update(changing: Changing, point: Point, whole: float) -> tuple[str, list[str]]:
    old, data, faults = changing.image(), changing.data(), list[str]()
    tag = changing.build(point.version, bad=point.bad)
    new = docker("image", "inspect", "--format", "{{.Id}}", tag)
    changing.tag(tag)
    was_running = _kill(changing, _UPDATE, point, whole)
    is_open = (changing.stack.root / ".stacktest/update.json").exists()
    if is_open:
        code, out = changing.stack.run("status")
        if "an update of app is open" not in out:
            faults.append(f"status does not say that an update is open: {out}")
        how = "--undo" if point.undo else "--continue"
        code, out = changing.stack.run("update", how)
        if code not in (0, 1) or "Traceback" in out:
            faults.append(f"{how} ended with {code}: {out[-800:]}")
    now = changing.image()
    if now not in (old, new) or (point.bad and now == new):
        faults.append(f"what runs is neither the old nor the new: {now or 'nothing'}")
    if now == old and changing.data() != data:
        faults.append("the old runs, and its data is not what it was")
    if not _holds(lambda: not changing.left_over()):
        faults += changing.left_over()
    if now == old:
        docker("tag", old, f"{changing.stack.name}/app:current")
    elif now != new:
        changing.up()
    end = "new" if now == new else "old"
    state = "was open" if is_open else "was not open"
    return f"killed, {state}, then the {end} runs" if was_running else "ended before", faults


def _holds(condition: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether it comes true within that time: the reaper works after the kill."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


if __name__ == "__main__":
    raise SystemExit(main("kill_change", run))
