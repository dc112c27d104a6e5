"""The repository's scripts in a copy, where what they call only writes down how."""

import tarfile

import pytest

pytestmark = pytest.mark.service("ai-orchestra", no_contact="scripts of the repository")

DATA = ("database/memory.sqlite", "logs/combined.log", "artifacts/report.md")


class Home:
    """The copy in which a script runs, with data, and stand-ins for what it calls."""

    def __init__(self, copy):
        self._copy = copy
        self.path = copy.path
        for name in DATA:
            self.write(f"volumes/{name}", f"first {name}")
        self.write(".env", "DATABASE_PASSWORD=only-here\n")
        for name in ("aws", "docker", "pg_dump", "sleep"):
            self.program(name, "")
        # Only the front door is published.
        self.program("curl", 'case "$*" in *https://*) exit 0 ;; *) exit 7 ;; esac\n')

    def write(self, name, text):
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def program(self, name, body):
        record = f'echo "{name} $*" >>"{self.path}/calls"\n'
        self.write(f"bin/{name}", f"#!/bin/sh\n{record}{body}").chmod(0o755)

    def run(self, name, *argv, answer=""):
        command = f'PATH="{self.path}/bin:$PATH" exec "$0" "$@"'
        return self._copy.run(
            "sh",
            "-c",
            command,
            f"scripts/{name}",
            *argv,
            input=answer,
            env={"AWS_BUCKET": "bucket"},
        )

    def age(self, path):
        """Make a file older than a month."""
        assert self._copy.run("touch", "-d", "31 days ago", str(path)).code == 0

    @property
    def calls(self):
        return (self.path / "calls").read_text().split("\n")[:-1]


@pytest.fixture
def home(script):
    return lambda name: Home(script(name))


@pytest.mark.claim("A40")
def test_a_backup_holds_everything(home):
    copy = home("backup.sh")
    old = copy.write("backups/20010101-000000.tar.gz", "")
    copy.age(old)
    assert copy.run("backup.sh").code == 0
    latest = (copy.path / "backups/latest.tar.gz").readlink()
    with tarfile.open(copy.path / "backups" / latest) as archive:
        names = {name.removeprefix("./") for name in archive.getnames()}
    assert {*DATA, "config/settings.json", ".env", "postgres.sql"} <= names
    assert not old.exists()
    assert copy.calls[-1] == f"aws s3 cp backups/{latest} s3://bucket/"


@pytest.fixture
def with_backup(home):
    """A copy whose data changed after its backup."""
    copy = home("restore.sh")
    assert copy.run("backup.sh").code == 0
    for name in DATA:
        copy.write(f"volumes/{name}", "changed")
    return copy


@pytest.mark.claim("A41")
def test_a_backup_is_put_back(with_backup):
    restored = with_backup.run("restore.sh", "backups/latest.tar.gz", answer="yes\n")
    assert restored.code == 0
    texts = {name: (with_backup.path / "volumes" / name).read_text() for name in DATA}
    assert texts == {name: f"first {name}" for name in DATA}
    assert with_backup.calls[-1].startswith("curl")


@pytest.mark.claim("A41")
def test_nothing_happens_without_a_yes(with_backup):
    assert with_backup.run("restore.sh", "backups/latest.tar.gz", answer="no\n").code == 1
    assert (with_backup.path / "volumes" / DATA[0]).read_text() == "changed"


@pytest.mark.claim("A42")
def test_the_stack_is_not_taken_down(home):
    copy = home("deploy.sh")
    copy.program("docker", 'case "$*" in *--quiet*) echo old ;; esac\n')
    assert copy.run("deploy.sh").code == 0
    assert "docker compose down" not in copy.calls
    # The old backend goes when the new one is healthy.
    assert [call.split(" ")[0] for call in copy.calls[-2:]] == ["curl", "docker"]
    assert copy.calls[-1] == "docker stop old"
