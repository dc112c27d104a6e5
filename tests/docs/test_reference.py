"""The reference names everything that there is, and nothing else."""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.core import Command

from stacktest import config, errors
from stacktest.cli import cli
from stacktest.cli.group import Verbs
from stacktest.core.freshness.reasons import KINDS
from stacktest.core.freshness.states import State
from stacktest.pytest_plugin import options as pytest_options
from stacktest.pytest_plugin.fixtures import in_one_module
from tests.support.fixture_modules import FIXTURE_MODULES

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs/reference"


def headings(page: str, level: str = "##") -> list[str]:
    return re.findall(rf"^{level} (.+)$", (REFERENCE / page).read_text(), re.MULTILINE)


def section(page: str, title: str) -> str:
    text = (REFERENCE / page).read_text()
    return re.split(r"^## ", text.partition(f"\n## {title}\n")[2], flags=re.MULTILINE)[0]


def keys(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
    for name, value in schema.get("properties", {}).items():
        inner = value.get("additionalProperties")
        inner = inner if isinstance(inner, dict) else value.get("items", {})
        deeper = value if "properties" in value else inner
        if path:
            yield ".".join((*path, name))
        if "properties" in deeper:
            yield from keys(deeper, (*path, name))


def test_every_configuration_key_has_a_heading() -> None:
    schema = json.loads(config.schema_text())
    assert sorted(headings("configuration.md", "###")) == sorted(keys(schema))
    assert headings("configuration.md") == list(schema["properties"])


def verbs() -> dict[str, Any]:
    return dict(cli.commands)


def test_every_verb_has_a_heading() -> None:
    assert sorted(headings("cli.md")) == sorted([*verbs(), "pytest options"])


def test_every_verb_says_whether_it_runs_code_of_the_folder() -> None:
    table = (REFERENCE / "cli.md").read_text().partition("\n## ")[0]
    assert [verb for verb in verbs() if f"`{verb}`" not in table] == []


def options(command: Command | Verbs) -> Iterator[str]:
    if isinstance(command, click.Group):
        for sub in command.commands.values():
            yield from options(sub)
        return
    for one in command.params:
        if isinstance(one, click.Option) and not one.hidden:
            yield from (name for name in one.opts if name.startswith("--"))


def option_headings(verb: str) -> set[str]:
    """`### gate --offline` → `--offline`, below the verb's own heading."""
    said = re.findall(rf"^### {verb}\b.*?(--[a-z-]+)", section("cli.md", verb), re.MULTILINE)
    assert len(said) == len(set(said))
    return set(said)


@pytest.mark.parametrize("verb", sorted(verbs()))
def test_every_option_has_a_heading_below_its_verb(verb: str) -> None:
    everywhere = {"--stack", "--json", "--help"}
    assert option_headings(verb) == set(options(verbs()[verb])) - everywhere


def test_every_subcommand_is_named() -> None:
    for name, command in verbs().items():
        for sub in getattr(command, "commands", {}):
            assert f"stacktest {name} {sub}" in section("cli.md", name)


def test_every_option_of_pytest_has_a_heading() -> None:
    source = inspect.getsource(pytest_options)
    declared = re.findall(r'addoption\(\s*"(--[a-z-]+)"(.*?)\)\n', source, re.DOTALL)
    public = {name for name, rest in declared if "_HIDDEN" not in rest}
    said = section("cli.md", "pytest options")
    assert set(re.findall(r"^### (--[a-z-]+)", said, re.MULTILINE)) == public


def fixtures_of(module: object) -> set[str]:
    return {
        name
        for name, value in vars(module).items()
        if type(value).__name__ == "FixtureFunctionDefinition"
    }


def test_every_fixture_has_a_heading_and_no_heading_is_of_another_one() -> None:
    own = set.union(*map(fixtures_of, FIXTURE_MODULES))
    titles = {name for title in headings("fixtures.md") for name in title.split(", ")}
    assert titles - own == {
        "page",
        "context",
        "browser",
        "The marker service",
        "The marker claim",
        "The marker alone",
    }
    assert own <= titles


def test_pytest_gets_every_fixture_in_one_module() -> None:
    together = in_one_module()
    assert fixtures_of(together) == set.union(*map(fixtures_of, FIXTURE_MODULES))
    # It examines every name, so there are hardly any others.
    assert len(dir(together)) < 2 * len(fixtures_of(together))


def test_every_fixture_is_in_the_table_with_its_scope() -> None:
    rows = (REFERENCE / "fixtures.md").read_text().splitlines()
    for module in FIXTURE_MODULES:
        for name in fixtures_of(module):
            (row,) = [row for row in rows if row.startswith("|") and f"[`{name}`]" in row]
            assert f"| {getattr(module, name)._fixture_function_marker.scope} |" in row, name


def test_what_excuses_a_test_from_touching_its_service_is_documented() -> None:
    assert "no_contact=" in (REFERENCE / "fixtures.md").read_text()


def test_every_state_has_a_heading_in_the_order_of_precedence() -> None:
    assert headings("states.md") == [state.value for state in State]


@pytest.mark.parametrize("state", list(State))
def test_the_table_of_states_says_what_the_code_does(state: State) -> None:
    row = f"| [`{state.value}`](#{state.value}) | {state.status} | "
    row += "yes |" if state.functional else "no |"
    assert row in (REFERENCE / "states.md").read_text().splitlines()


def kinds(
    base: type[errors.StacktestError] = errors.StacktestError,
) -> Iterator[type[errors.StacktestError]]:
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


def test_every_exit_code_has_a_heading() -> None:
    told = section("exit-codes.md", "Of the command")
    said = [int(code) for code in re.findall(r"^### (\d+)$", told, re.MULTILINE)]
    assert said == sorted(set(said))
    own = {kind.exit_code for kind in kinds() if kind.__module__.startswith("stacktest")}
    assert set(said) - own == {0, 1, 130}
    assert own <= set(said)


def test_every_error_code_has_a_heading() -> None:
    used = set()
    for file in (ROOT / "stacktest").rglob("*.py"):
        used |= set(re.findall(r'"(SK-[A-Z-]+)"', file.read_text()))
    assert set(headings("codes.md")) == used


def test_every_schema_is_of_a_file_that_is_named() -> None:
    said = (REFERENCE / "files.md").read_text()
    titles = [
        json.loads(file.read_text()).get("title", "") for file in (ROOT / "schemas").glob("*.json")
    ]
    assert [
        title for title in titles if title.endswith(("json", "jsonl")) and title not in said
    ] == []


def test_every_metric_is_named() -> None:
    from stacktest.reports.export import fleet_metrics, metrics

    said = set(re.findall(r"`(stacktest_\w+)", (ROOT / "docs/how-to/publish.md").read_text()))
    source = inspect.getsource(metrics) + inspect.getsource(fleet_metrics)
    made = {f"stacktest_{name}" for name in re.findall(r'\bgauge\(\s*registry,\s*"(\w+)"', source)}
    assert said == made


def test_every_reason_has_a_heading() -> None:
    """Those that there is a sentence for, and those that the source makes."""
    made = set()
    for name in (
        "freshness/rules",
        "freshness/evidence_checks",
        "freshness/drift",
        "freshness/definition",
        "fingerprint/compare",
        "freshness/docs_page",
    ):
        source = (ROOT / f"stacktest/core/{name}.py").read_text()
        made |= set(re.findall(r'f?"([a-z_]+):(?:[a-z{][^"]*)"', source))
        made |= set(re.findall(r'Reason\.of\(\s*"([^"]+)"', source))
    known = set(KINDS)
    assert made <= known
    assert set(headings("reasons.md")) == known


def test_every_page_is_in_the_navigation() -> None:
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}
    listed = set(re.findall(r"([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE))
    assert listed == pages


def test_decisions_are_numbered_and_have_one_form() -> None:
    """Title with the number, status, question, decision; then why, what was rejected, what follows."""
    pages = sorted((ROOT / "docs/decisions").glob("*.md"))
    assert [page.name[:5] for page in pages] == [f"{n:04d}-" for n in range(1, len(pages) + 1)]
    for number, page in enumerate(pages, start=1):
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. "), page.name
        assert "\nStatus: accepted.\n" in text, page.name
        parts = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert parts[:2] == ["Question", "Decision"], page.name
        assert set(parts[2:]) <= {"Why", "Rejected", "Consequences"}, page.name
