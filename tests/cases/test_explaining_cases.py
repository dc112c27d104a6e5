"""What people are told: one test per row F of the case table, and E11, by its id."""

import hashlib
import itertools
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from stacktest.application.observe import observe
from stacktest.config import Config
from stacktest.core.fingerprint.digest import Key, canonical
from stacktest.core.fingerprint.fingerprint import Fingerprint, env_part
from stacktest.core.freshness.docs_page import DocsPage
from stacktest.core.freshness.states import State
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.observed_state import Container
from stacktest.core.records.common import FingerprintRecord
from stacktest.core.unknown import Unknown
from stacktest.docs_macros import badge, table
from stacktest.errors import UsageError
from stacktest.reports.export.docs_data import SCHEMA
from stacktest.reports.wording import meaning, tone, word
from tests.support.known import known
from tests.support.stack_simulator import START, StackSimulator


@pytest.mark.case("E11")
def test_pages_that_read_the_status(world: StackSimulator) -> None:
    world.add("caddy")
    world.run(caddy="failed")
    entry = world.index()["caddy"].entry
    state = known(entry.state)
    one = {
        "word": word(state),
        "tone": tone(state),
        "meaning": meaning(state),
        "reasons": list(entry.reasons),
        "last_pass": None,
        "url": None,
    }
    data = {"schema": SCHEMA, "services": {"caddy": one}}
    assert word(State.FAILING) in table(data)
    assert word(State.FUNCTIONAL) not in badge(data, "caddy")
    # A page cannot claim anything about a service that nobody knows.
    with pytest.raises(UsageError, match="no service 'cady'"):
        badge(data, "cady")


@pytest.mark.case("F1")
def test_which_of_them_moved(world: StackSimulator) -> None:
    app = world.add("app", depends_on=("db",))
    world.add("db")
    world.run()
    then = {"config": {"configs/app/app.conf": "1", "configs/app/x": "1"}}
    app.edit("config", "new")
    app.edit("env", "new")
    app.recreate()
    app.detail = {"config": {"configs/app/app.conf": "2", "configs/app/x": "1"}}
    world.services["db"].edit("image", "new")
    judgement = world.judge("app", detail=then)
    assert judgement.reasons == ("config:configs/app/app.conf", "env")
    assert [one.state for one in judgement.findings] == [State.CHANGED, State.DEP_CHANGED]
    assert judgement.findings[1].reasons == ("dependency:db",)
    world.index()
    assert world.status["app"]["reasons"] == ["config", "env"]
    assert world.status["app"]["also"] == ["dep_changed"]
    assert set(world.status["app"]["parts"]) == {"image", "config", "env", "stanza", "build"}


@pytest.mark.case("F2")
def test_a_password_that_cannot_be_guessed(world: StackSimulator) -> None:
    said = {"USER": "app", "PASSWORD": "0042"}
    key = Key(secret=bytes(range(32)))
    part = env_part(said, key).value
    app = world.add("app")
    app.parts["env"] = part
    world.run()
    world.index()
    committed = world.record("app").read_text() + world.ledger.status_path.read_text()
    assert str(part) in committed
    # Who has the file and all else, but not the key, learns nothing by trying all passwords.
    guesses = ("".join(digits) for digits in itertools.product("0123456789", repeat=4))
    for guess in guesses:
        for text in ({**said, "PASSWORD": guess}, guess, f"PASSWORD={guess}"):
            plain = hashlib.sha256(canonical(text)).hexdigest()
            assert plain[:16] not in committed
    assert env_part(said, Key(secret=bytes(32))).value != part
    assert isinstance(env_part(said, Unknown("no key")).value, Unknown)


@pytest.mark.case("F3")
def test_what_a_pass_says(world: StackSimulator) -> None:
    world.add("app", depends_on=("db",))
    world.add("db")
    world.run(id="run-7")
    record = json.loads(world.record("app").read_text())
    assert list(record)[:5] == ["timestamp", "schema", "service", "result", "quality"]
    assert record["result"] == "pass"
    assert record["dependencies"] == {"db": world.services["db"].fingerprint.digest}
    assert record["live"][0]["container"] == "app-1"
    assert {"git_commit", "dirty", "stack", "versions", "seq"} < set(record["run"])
    assert record["tests"]["required"] == record["tests"]["passed"] == 2
    # The next run does not write over what the last one was.
    world.run(id="run-8", app="failed")
    assert json.loads(world.record("app").read_text())["run"]["id"] == "run-7"
    assert [line.run for line in world.ledger.history("app")[0]] == ["run-7", "run-8"]


@pytest.mark.case("F4")
def test_stale_says_of_what(world: StackSimulator) -> None:
    app = world.add("app", page=DocsPage(state="behind", updated=START, reasons=("doc:behind",)))
    world.run()
    world.index()
    entry = world.status["app"]
    assert (entry["status"], entry["functional"]) == ("stale", True)
    assert (entry["state"], entry["reasons"]) == ("doc_stale", ["doc:behind"])
    app.code = "v2"
    world.index()
    entry = world.status["app"]
    assert (entry["status"], entry["functional"]) == ("stale", False)
    assert (entry["state"], entry["reasons"]) == ("tests_changed", ["tests:edited"])
    # `stale` is never said without a reason, and each state has words of its own.
    assert len({meaning(state) for state in State}) == len(State)


class Engine:
    """One container of `app`, made from an image that its tag does not name any more."""

    def containers(self, project: str = "") -> tuple[Container, ...]:
        return (
            Container(
                id="c1",
                name="app-1",
                service="app",
                project=project,
                image_id="sha256:old",
                image_ref="app:1",
                state="running",
            ),
        )

    def inspect(self, id: str) -> Json | Unknown:  # noqa: A002
        return {"Id": id, "Image": "sha256:old"}

    def image(self, ref: str) -> Json | Unknown:
        return {"Id": {"app:1": "sha256:new"}.get(ref, ref)}


@pytest.mark.case("F5")
def test_the_image_of_the_container(world: StackSimulator) -> None:
    stack = Stack(
        name="shop", root=Path("/x"), services={"app": Service(name="app", image="app:1")}
    )
    asked: dict[str, Json | Unknown] = {}

    def read(images: Mapping[str, Json | Unknown]) -> Mapping[str, Fingerprint]:
        asked.update(images)
        return {}

    observe(stack, Config(root=Path("/x")), Engine(), read)
    assert asked == {"app": {"Id": "sha256:old"}}


def test_a_record_keeps_no_names_of_variables(world: StackSimulator) -> None:
    app = world.add("app")
    app.detail = {"env": {"SECRET_NAME": "1"}, "config": {"configs/app/app.conf": "2"}}
    world.run()
    world.index()
    committed = "".join(
        path.read_text()
        for top in ("data", "docs")
        for path in (world.root / top).rglob("*")
        if path.is_file()
    )
    assert "SECRET_NAME" not in committed
    assert set(FingerprintRecord.__struct_fields__) >= {"parts", "key_id"}
