"""The indexer works when `status.json` judges every service of the compose file, and only those.

It ends after it has written; what is looked at is the file, on disk and as the documentation
serves it, and what a second run would write.
"""

import json
import re
from typing import Any

import pytest

from fixtures.containers import everything_said, last_container
from fixtures.typed import Answered, Api
from stacktest.application.running_stack import RunningStack
from stacktest.core.observed_state import Container
from stacktest.core.records.status import ORIGINAL_KEYS, read_status

pytestmark = pytest.mark.service("docs-indexer")


@pytest.fixture(autouse=True)
def ended(stack: RunningStack, answered: Answered) -> Container:
    """The container that wrote the file."""
    return last_container(stack, answered, "docs-indexer")


@pytest.fixture
def written(stack: RunningStack) -> dict[str, Any]:
    """`status.json` as the indexer left it."""
    text = (stack.model.root / stack.config.stack.status).read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


def do_count_known_false(stack: RunningStack, service: str) -> int:
    """Tests of the service's pass whose claim is known to be false: they were judged, too."""
    record = stack.model.root / stack.config.stack.ledger / service / "last_pass.json"
    if not record.is_file():
        return 0
    return int(json.loads(record.read_text(encoding="utf-8"))["tests"]["known_false"])


def test_it_ended_well(ended: Container) -> None:
    assert (ended.state, ended.exit_code, ended.restart_count) == ("exited", 0, 0)


def test_it_said_how_many_services_it_judged(stack: RunningStack, answered: Answered) -> None:
    said = everything_said(stack, answered, "docs-indexer")
    assert f"{len(stack.model.services)} services:" in said
    assert "error:" not in said


def test_there_is_one_entry_for_each_service(written: dict[str, Any], stack: RunningStack) -> None:
    assert set(written) == set(stack.model.services)


def test_every_entry_has_the_original_keys_in_their_order(written: dict[str, Any]) -> None:
    assert {tuple(entry)[:7] for entry in written.values()} == {ORIGINAL_KEYS}


def test_the_file_can_be_read_by_its_own_rules(written: dict[str, Any]) -> None:
    assert set(read_status(written)) == set(written)


@pytest.mark.claim("P0.5.1")
def test_every_fingerprint_is_known(written: dict[str, Any]) -> None:
    shape = re.compile(r"[0-9a-f]{16}")
    strange = {
        name: entry["fingerprint"]
        for name, entry in written.items()
        if not shape.fullmatch(entry["fingerprint"] or "")
    }
    assert strange == {}


def test_two_services_never_have_the_same_fingerprint(written: dict[str, Any]) -> None:
    fingerprints = [entry["fingerprint"] for entry in written.values()]
    assert len(set(fingerprints)) == len(fingerprints)


@pytest.mark.claim("P0.5.2")
def test_functional_means_that_a_pass_is_on_record(written: dict[str, Any]) -> None:
    proved = {name for name, entry in written.items() if entry["functional"]}
    assert {name for name in proved if written[name]["last_test_pass"] is None} == set()


@pytest.mark.claim("P0.5.3")
def test_functional_means_that_nothing_changed_since_the_pass(written: dict[str, Any]) -> None:
    proved = {name: entry for name, entry in written.items() if entry["functional"]}
    changed = {
        n for n, entry in proved.items() if entry["pass_fingerprint"] != entry["fingerprint"]
    }
    assert changed == set()


def test_functional_means_that_every_test_about_it_passed(
    written: dict[str, Any], stack: RunningStack
) -> None:
    proved = {name: entry["tests"] for name, entry in written.items() if entry["functional"]}
    judged = {n: tests["passed"] + do_count_known_false(stack, n) for n, tests in proved.items()}
    short = {n for n, tests in proved.items() if not 0 < tests["required"] == judged[n]}
    assert short == set()


def test_documented_means_that_a_page_is_there(
    written: dict[str, Any], stack: RunningStack
) -> None:
    for name, entry in written.items():
        page = stack.model.root / stack.config.stack.pages.format(service=name)
        assert entry["documented"] <= page.is_file(), name


def test_no_secret_of_the_stack_is_in_the_file(
    written: dict[str, Any], stack: RunningStack
) -> None:
    text = json.dumps(written)
    for service in stack.model.services.values():
        for name, value in service.environment.items():
            if value and re.search(r"PASSWORD|SECRET|TOKEN|KEY", name):
                assert value not in text, f"{name} of {service.name}"


@pytest.mark.service("mkdocs")
def test_the_documentation_serves_the_same_services(
    api: Api, stack: RunningStack, answered: Answered, written: dict[str, Any]
) -> None:
    assert last_container(stack, answered, "mkdocs").exit_code == 0
    served = api("docs.stack.local").get("/_data/status.json")
    assert served.status_code == 200
    assert set(served.json()) == set(written)
