"""What the documents say of the repository's own files."""

import re

import pytest

pytestmark = pytest.mark.service("lucia", no_contact="files of the repository")


@pytest.mark.claim("L32")
def test_env_is_left_out_of_git(repository):
    assert repository.run("git init -q . && git check-ignore -q README.md").code == 1
    assert repository.run("git check-ignore -q .env").code == 0


@pytest.mark.claim("L33")
def test_scripts_can_be_run_and_images_be_built(repository):
    scripts = sorted((repository.path / "infra").glob("*.sh"))
    assert scripts != []
    assert [path.name for path in scripts if not path.stat().st_mode & 0o100] == []
    text = (repository.path / "infra" / "Dockerfile.agenthost").read_text()
    copied = [
        name for line in re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE) for name in line.split()
    ]
    assert copied != []
    assert [name for name in copied if not (repository.path / name).is_file()] == []


@pytest.mark.claim("L34")
def test_variables_are_documented(repository):
    lines = (repository.path / ".env.example").read_text().splitlines()
    assert len([line for line in lines if re.match(r"[A-Za-z_-]+=", line)]) >= 60
