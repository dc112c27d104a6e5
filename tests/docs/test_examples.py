"""Examples are true: they parse, they are valid, and the commands in them exist."""

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from ruamel.yaml import YAML

from stacktest import config
from stacktest.cli import cli
from stacktest.config.claims_file import listed_claims

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
FENCE = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


@dataclass
class Block:
    page: str
    line: int
    language: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    found = []
    for page in sorted(DOCS.rglob("*.md")):
        if page.is_relative_to(DOCS / "decisions"):
            continue
        text = page.read_text()
        for match in FENCE.finditer(text):
            line = text[: match.start()].count("\n") + 1
            found.append(Block(str(page.relative_to(DOCS)), line, *match.groups(default="")))
    return [block for block in found if block.language in languages]


def test_every_block_says_its_language() -> None:
    languages = ("toml", "python", "json", "yaml", "ini", "console", "text")
    total = sum(
        page.read_text().count("\n```\n")
        for page in DOCS.rglob("*.md")
        if "decisions" not in page.parts
    )
    assert len(blocks(*languages)) == total > 20


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_a_configuration_is_accepted(block: Block, tmp_path: Path) -> None:
    if block.title == "claims.toml":
        (tmp_path / block.title).write_text(block.text)
        assert listed_claims(tmp_path)
        return
    assert block.title == "stacktest.toml"
    (tmp_path / "stacktest.toml").write_text(block.text)
    loaded = config.load(tmp_path)
    assert set(tomllib.loads(block.text)) <= set(json.loads(config.schema_text())["properties"])
    assert loaded.file


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_a_test_compiles_and_asserts(block: Block) -> None:
    compile(block.text, str(block), "exec")
    assert "assert" in block.text
    assert "status_code <" not in block.text


@pytest.mark.parametrize("block", blocks("json"), ids=str)
def test_json_is_json(block: Block) -> None:
    json.loads(block.text)


@pytest.mark.parametrize("block", blocks("yaml"), ids=str)
def test_yaml_is_yaml(block: Block) -> None:
    assert YAML(typ="safe").load(block.text)


def commands() -> Iterator[pytest.ParameterSet]:
    """Every `stacktest …` and `pytest …` of the examples, recipes included."""
    for block in blocks("console", "yaml", "ini"):
        for line in block.text.splitlines():
            found = re.search(
                r"(?:^\$ |^ExecSt\w+=\S*/|run: |^\s+(?:- )?)((?:stacktest|pytest) .*)", line
            )
            found = found or re.search(r"(?:^\$ |run: |^\s+- )(pytest)$", line)
            if found:
                words = re.split(r" (?:\|\||>>|;|&&|\|) ?|; ", found[1])[0]
                yield pytest.param(shlex.split(words, comments=True), id=f"{block}: {words}")


@pytest.mark.parametrize("words", list(commands()))
def test_a_command_exists_and_takes_its_options(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, *arguments = words
    if program == "pytest":
        known = {"-m", "-k", "-n", "--junitxml", "--alluredir"}
        own = {"--stack", "--stack-up", "--stack-keep", "--stale", "--stack-dry-run"}
        own |= {"--stack-copy", "--stack-copy-data", "--stack-copy-with", "--stack-copy-without"}
        own |= {"--stack-services", "--stack-drill", "--stack-shard", "--browser-endpoint"}
        used = {word.partition("=")[0] for word in arguments if word.startswith("-")}
        assert used <= known | own
        return
    monkeypatch.chdir(tmp_path)
    for folder in ("shards", "reports/shards"):
        Path(folder).mkdir(parents=True)
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        assert arguments, words
        name = arguments.pop(0)
        assert name in command.commands, name
        command = command.commands[name]
    command.make_context(command.name, arguments, parent=context)


def test_links_between_pages_lead_somewhere() -> None:
    link = re.compile(r"\]\(([^)#:]+\.md)(?:#[^)]*)?\)")
    broken = [
        f"{page.relative_to(DOCS)} -> {target}"
        for page in DOCS.rglob("*.md")
        for target in link.findall(page.read_text())
        if not (page.parent / target).resolve().is_file()
    ]
    assert broken == []


@pytest.mark.processes
@pytest.mark.parametrize("builder", ["mkdocs", "zensical"])
def test_the_site_is_built_without_a_warning(tmp_path: Path, builder: str) -> None:
    """By today's builder and by its successor; a link that leads nowhere fails both."""
    shutil.copytree(DOCS, tmp_path / "docs")
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    argv = [sys.executable, "-W", "ignore", "-m", builder, "build", "--strict"]

    def build() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            argv, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )

    done = build()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "be-told" in (tmp_path / "site/index.html").read_text()
    with (tmp_path / "docs/index.md").open("a") as page:
        page.write("\n[nowhere](how-to/nowhere.md)\n")
    assert build().returncode != 0
