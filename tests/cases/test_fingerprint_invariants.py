"""Properties of fingerprints that no single case can show, over generated projects.

`STACKTEST_EXAMPLES=10000` searches longer; the default keeps the fast layer fast. The documents
have the form that `docker compose config --format json` prints, so no Compose is needed.
"""

import copy
import json
import os
import random
import shutil
import string
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stacktest.adapters.compose.model import read_model
from stacktest.adapters.fingerprint_inputs import read_fingerprints
from stacktest.config import Config
from stacktest.core.fingerprint.digest import Key
from stacktest.core.fingerprint.fingerprint import Fingerprint, changes
from stacktest.core.json_data import Json
from stacktest.core.unknown import Unknown
from tests.cases.project import KEY, image

SEARCH = settings(
    max_examples=int(os.environ.get("STACKTEST_EXAMPLES", "4")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="STACKTEST_EXAMPLES" not in os.environ,
)

TEXT = st.text(string.ascii_letters + string.digits + " ä€.:\n", min_size=1, max_size=12)
NAME = st.text(string.ascii_lowercase, min_size=3, max_size=6).map(lambda text: f"n{text}")
FILE = st.one_of(NAME, NAME.map(lambda n: f"{n} ü.conf"), NAME.map(lambda n: f"{n}:x\ny"))


@dataclass
class World:
    """Everything that a fingerprint is made of, except where it lies."""

    environment: dict[str, str]
    command: list[str]
    cap_add: list[str]
    networks: list[str]
    secret: str
    files: dict[str, str]
    context: dict[str, str]
    image: Json
    labels: dict[str, str] = field(default_factory=dict)
    executable: set[str] = field(default_factory=set)

    def document(self, root: Path) -> Json:
        app = {
            "image": "app:1",
            "command": self.command,
            "cap_add": self.cap_add,
            "labels": self.labels,
            "environment": self.environment,
            "networks": dict.fromkeys(self.networks),
            "secrets": [{"source": "pw", "target": "/run/secrets/pw"}],
            "build": {"context": f"{root}/src", "dockerfile": "Dockerfile"},
            "volumes": [
                {"type": "bind", "source": f"{root}/conf", "target": "/c", "read_only": True}
            ],
        }
        return {
            "name": root.name,
            "services": {"app": app, "still": {"image": "still:1", "networks": {"default": None}}},
            "networks": {n: {"name": f"{root.name}_{n}"} for n in [*self.networks, "default"]},
            "secrets": {"pw": {"name": f"{root.name}_pw", "file": f"{root}/pw.txt"}},
        }

    def tree(self) -> dict[str, str]:
        return {
            "docker-compose.yml": "services: {app: {image: app}, still: {image: still}}",
            "pw.txt": self.secret,
            "src/Dockerfile": "FROM scratch",
            **{f"src/{name}": text for name, text in self.context.items()},
            **{f"conf/{name}": text for name, text in self.files.items()},
        }


WORLD = st.builds(
    World,
    environment=st.dictionaries(NAME, TEXT, max_size=3),
    command=st.lists(TEXT, min_size=2, max_size=3, unique=True),
    cap_add=st.lists(NAME, min_size=2, max_size=3, unique=True),
    networks=st.lists(NAME, min_size=2, max_size=3, unique=True),
    secret=st.text(string.ascii_letters, min_size=12, max_size=20),
    files=st.dictionaries(FILE, TEXT, min_size=1, max_size=3),
    context=st.dictionaries(FILE, TEXT, min_size=1, max_size=2),
    image=st.just(image("app")),
)


def put(world: World, root: Path, *, order: int = 0, umask: int = 0o022) -> None:
    """Writes the files in an order, under a umask and with times that depend on `order`."""
    names = sorted(world.tree())
    random.Random(order).shuffle(names)
    before = os.umask(umask)
    try:
        for name in names:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(world.tree()[name], encoding="utf-8", newline="")
            if name in world.executable:
                path.chmod(path.stat().st_mode | 0o100)
            os.utime(path, (order, order))
    finally:
        os.umask(before)
    subprocess.run(["git", "init", "-q", "--template="], cwd=root, check=True, capture_output=True)
    subprocess.run(["git", "add", "-A"], cwd=root, check=True, capture_output=True)


def read(world: World, root: Path, *, key: Key | Unknown = KEY) -> Mapping[str, Fingerprint]:
    stack = read_model(world.document(root), root=root, files=[root / "docker-compose.yml"])
    images = {"app": world.image, "still": image("still")}
    return read_fingerprints(stack, key=key, images=images, config=Config(root=root))


def fingerprint(world: World, *, order: int = 0, umask: int = 0o022, **given: Json) -> Json:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / f"stack{order}"
        root.mkdir()
        put(world, root, order=order, umask=umask)
        return read(world, root, **given)


@SEARCH
@given(world=WORLD, order=st.integers(1, 99), data=st.data())
def test_invariant_4_the_same_inputs_elsewhere_are_the_same(
    world: World, order: int, data: st.DataObject
) -> None:
    """Another folder, umask, time, order of files, of variables and of set-like lists."""
    twin = copy.deepcopy(world)
    twin.environment = dict(reversed(world.environment.items()))
    twin.cap_add = data.draw(st.permutations(world.cap_add))
    twin.networks = data.draw(st.permutations(world.networks))
    twin.image = {**world.image, "Id": "sha256:other", "RepoDigests": ["x@sha256:1"]}
    twin.labels = {"stacktest.ready": "healthy"}
    here = fingerprint(world)
    there = fingerprint(twin, order=order, umask=0o077)
    assert isinstance(here["app"].digest, str)
    assert isinstance(here["app"].repo, str)
    assert {name: each.to_json() for name, each in here.items()} == {
        name: each.to_json() for name, each in there.items()
    }
    assert here["app"].detail == there["app"].detail


@SEARCH
@given(world=WORLD, other=st.text(string.ascii_letters, min_size=12, max_size=20))
def test_invariant_5_no_plain_digest_depends_on_a_secret(world: World, other: str) -> None:
    """Swap the secrets: without the key nothing moves, with it only what is signed."""
    with_secret, with_other = copy.deepcopy(world), copy.deepcopy(world)
    for each, secret in ((with_secret, world.secret), (with_other, other)):
        each.secret = secret
        each.environment["PASSWORD"] = secret
        each.command = [*world.command, f"--password={secret}"]
        each.context[".env"] = secret
        each.files["server.key"] = secret
        each.files["cert"] = f"-----BEGIN RSA PRIVATE KEY-----\n{secret}"
    no_key = Unknown("no key")
    keyless = [fingerprint(each, key=no_key)["app"] for each in (with_secret, with_other)]
    assert keyless[0].to_json() == keyless[1].to_json()
    assert keyless[0].detail == keyless[1].detail
    assert isinstance(keyless[0].repo, str)
    unknown = {name for name, part in keyless[0].parts.items() if isinstance(part, Unknown)}
    assert unknown == {"config", "env", "stanza", "build"}

    keyed = fingerprint(with_secret)["app"]
    detail = {part: dict(digests) for part, digests in keyed.detail.items()}
    committed = json.dumps(keyed.to_json()) + json.dumps(detail) + repr(keyed)
    assert world.secret not in committed
    if world.secret != other:
        moved = {change.part for change in changes(keyed, fingerprint(with_other)["app"])}
        assert moved == {"config", "env", "stanza", "build"}
        assert fingerprint(with_other)["app"].repo == keyed.repo


def _edit_file(world: World, data: st.DataObject) -> str:
    name = data.draw(st.sampled_from(sorted(world.files)))
    world.files[name] += "!"
    return f"config:conf/{name}"


def _make_executable(world: World, data: st.DataObject) -> str:
    name = data.draw(st.sampled_from(sorted(world.files)))
    world.executable.add(f"conf/{name}")
    return f"config:conf/{name}"


def _add_file(world: World, data: st.DataObject) -> str:
    name = data.draw(NAME) + "-new"
    world.files[name] = "new"
    return f"config:conf/{name}"


def _remove_file(world: World, data: st.DataObject) -> str:
    name = data.draw(st.sampled_from(sorted(world.files)))
    del world.files[name]
    return f"config:conf/{name}"


def _edit_secret(world: World, _data: st.DataObject) -> str:
    world.secret += "!"
    return "config:pw.txt"


def _set_variable(world: World, data: st.DataObject) -> str:
    name = data.draw(NAME)
    world.environment[name] = world.environment.get(name, "") + "!"
    return f"env:{name}"


def _edit_command(world: World, _data: st.DataObject) -> str:
    world.command.reverse()
    return "stanza:command"


def _add_capability(world: World, data: st.DataObject) -> str:
    world.cap_add.append(data.draw(NAME) + "_NEW")
    return "stanza:cap_add"


def _edit_context(world: World, data: st.DataObject) -> str:
    name = data.draw(st.sampled_from(sorted(world.context)))
    world.context[name] += "!"
    return f"build:context/{name}"


def _rebuild_image(world: World, _data: st.DataObject) -> str:
    world.image = image("rebuilt", Cmd=["run"])
    return "image"


EDITS: list[Callable[[World, st.DataObject], str]] = [
    *(_edit_file, _make_executable, _add_file, _remove_file, _edit_secret, _set_variable),
    *(_edit_command, _add_capability, _edit_context, _rebuild_image),
]


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__.strip("_"))
@settings(SEARCH, max_examples=max(2, SEARCH.max_examples // 4))
@given(world=WORLD, data=st.data())
def test_invariant_10_one_edit_moves_one_part_and_names_it(
    world: World, edit: Callable[[World, st.DataObject], str], data: st.DataObject
) -> None:
    before = fingerprint(world)
    edited = copy.deepcopy(world)
    reason = edit(edited, data)
    after = fingerprint(edited)
    moved = changes(before["app"], after["app"])
    assert len(moved) == 1
    said = moved[0].part if reason == "image" else moved[0].reasons[0]
    assert said == reason
    assert reason == "image" or len(moved[0].reasons) == 1
    assert before["app"].digest != after["app"].digest
    assert before["still"].to_json() == after["still"].to_json()
    # The repository holds the plain files; the document stands for values from elsewhere.
    in_repository = {_edit_file, _make_executable, _add_file, _remove_file, _edit_context}
    assert (before["app"].repo != after["app"].repo) == (edit in in_repository)


def test_invariant_4_another_locale(tmp_path: Path) -> None:
    """A locale that knows ASCII only, and names that are not even UTF-8."""
    root = tmp_path / "stack"
    folder = root / "configs" / "app"
    folder.mkdir(parents=True)
    (root / "größer").mkdir()
    (root / "größer" / "ä").write_text("3")
    (folder / "größe.conf").write_text("1")
    (folder / "link").symlink_to("../../größer")
    (Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe"))).write_text("2")
    document = {"name": "x", "services": {"app": {"image": "ä", "environment": {"A": "ä"}}}}
    (tmp_path / "document.json").write_text(json.dumps(document))
    script = (
        "import json, sys; from pathlib import Path\n"
        "from stacktest.adapters.compose.model import read_model\n"
        "from stacktest.adapters.fingerprint_inputs import read_fingerprints\n"
        "from stacktest.config import Config\n"
        "from stacktest.core.fingerprint.digest import Key\n"
        "root = Path(sys.argv[1])\n"
        "stack = read_model(json.loads(Path(sys.argv[2]).read_bytes()), root=root)\n"
        "found = read_fingerprints(\n"
        "    stack, key=Key(secret=b'k' * 32), images={}, config=Config(root=root))\n"
        "print(json.dumps(found['app'].to_json()['parts']), found['app'].detail['config'])\n"
    )
    said = []
    latin = {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    for number, locale in enumerate(({"LC_ALL": "C.UTF-8"}, {"LC_ALL": "C", **latin})):
        copied = tmp_path / f"copy{number}"
        shutil.copytree(root, copied, symlinks=True)
        argv = [sys.executable, "-c", script, str(copied), str(tmp_path / "document.json")]
        env = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8:surrogateescape", **locale}
        done = subprocess.run(argv, env=env, check=True, capture_output=True)
        said.append(done.stdout)
    assert said[0] == said[1]
    assert "größe.conf".encode() in said[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_invariant_4_another_user() -> None:
    world = World(
        environment={"A": "1"},
        command=["run"],
        cap_add=[],
        networks=["one"],
        secret="geheim",
        files={"a": "1"},
        context={"b": "2"},
        image=image("app"),
    )
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        mine, theirs = Path(folder) / "mine", Path(folder) / "theirs"
        for root in (mine, theirs):
            root.mkdir()
            put(world, root)
        here = read(world, mine)["app"].to_json()
        subprocess.run(["chown", "-R", "nobody", theirs], check=True)
        there = json.loads(_as_nobody(lambda: json.dumps(read(world, theirs)["app"].to_json())))
    assert isinstance(here["repo_fingerprint"], str)
    assert here == there


def _as_nobody(ask: Callable[[], str]) -> str:
    """What `ask` says in a child process that belongs to another user."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setuid(65534)
            os.environ["HOME"] = "/nonexistent"
            os.write(writing, ask().encode())
            code = 0
        finally:
            # Whatever happened, the child must not go on with the rest of the tests.
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as said:
        text = said.read()
    assert os.waitpid(child, 0)[1] == 0
    return text
