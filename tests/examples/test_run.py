"""The comparison of judged claims with what an example's files say."""

from pathlib import Path

import pytest

from examples.example import Example
from examples.forms import FORMS, UPSTREAM
from examples.run import compare, prepare, total_line, without_pass

FILES = {
    "stacktest.toml": '[stack]\nsuites = ["suites"]\n',
    "claims.toml": """
[[claim]]
id = "A1"
[[claim]]
id = "A2"
[[claim]]
id = "A3"
why = "it is outside of the stack"
""",
    "forms.toml": """
[as-found]
routes = ["as-found/Caddyfile"]
[as-found.false]
A2 = "404"
[upstream]
compose = ["docker-compose.yml"]
[engines.rootless]
egress = "allow"
[engines.rootless.unjudged]
A1 = "limits are not enforced"
""",
    ".env.example": "A=1\n",
    "secrets.example/password": "p\n",
}
EXPECTED = {"A1": "true", "A2": "false", "A3": "no test"}


@pytest.fixture
def example(tmp_path: Path) -> Example:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Example(tmp_path)


def test_the_same_words_differ_in_nothing() -> None:
    assert compare(EXPECTED, dict(EXPECTED)) == []
    assert total_line(EXPECTED, EXPECTED) == (
        "claims: 2 judged, 1 true, 1 false, as the facts say: 3 of 3"
    )


def test_every_other_word_is_a_difference() -> None:
    words = {"A1": "not judged", "A2": "true", "A4": "true"}
    assert compare(EXPECTED, words) == [
        "A1 is not judged, expected true",
        "A2 is true, expected false",
        "A3 is unlisted, expected no test",
        "A4 is true, expected unlisted",
    ]
    assert total_line(EXPECTED, words) == (
        "claims: 2 judged, 2 true, 0 false, as the facts say: 0 of 3"
    )


def test_a_service_with_a_test_needs_a_pass() -> None:
    status = {
        "web": {"state": "functional", "functional": True, "reasons": [], "tests": {"required": 2}},
        "job": {"state": "no_tests", "functional": False, "reasons": [], "tests": {"required": 0}},
        "db": {
            "state": "failing",
            "functional": False,
            "reasons": ["run:t failed"],
            "tests": {"required": 1},
        },
    }
    assert without_pass(status) == ["db is failing: run:t failed"]
    skipped = {**status["web"], "state": "never_run", "functional": False}
    assert without_pass({"web": skipped}) == ["web is never_run: "]
    assert without_pass({"web": skipped}, may_skip=True) == []
    assert without_pass(status, may_skip=True) == ["db is failing: run:t failed"]


def test_the_forms_have_records_and_containers_of_their_own(example: Example) -> None:
    documented, found = (form.environment(example) for form in FORMS)
    assert documented["STACKTEST_COMPOSE"] == "compose.yaml"
    assert found["STACKTEST_COMPOSE"] == "compose.yaml,compose.as-found.yaml"
    assert "STACKTEST_ROUTES" not in documented
    assert found["STACKTEST_ROUTES"] == "as-found/Caddyfile"
    for name in ("PROJECT_NAME", "LEDGER", "STATUS"):
        assert documented[f"STACKTEST_{name}"] != found[f"STACKTEST_{name}"]


def test_as_documented_every_claim_is_expected_to_hold(example: Example) -> None:
    documented, found = (form.expected(example) for form in FORMS)
    assert documented == {"A1": "true", "A2": "true", "A3": "no test"}
    assert found == EXPECTED


def test_a_checkout_of_the_original_takes_the_place_of_the_stand_ins(example: Example) -> None:
    environment = UPSTREAM.of_checkout(example, "/src/original").environment(example)
    assert environment["STACKTEST_COMPOSE"] == "/src/original/docker-compose.yml"
    assert environment["STACKTEST_PROJECT_DIRECTORY"] == "/src/original"


def test_an_engine_may_lack_what_a_claim_needs(example: Example) -> None:
    documented = FORMS[0].on_engine(example, "rootless")
    assert documented.expected(example) == {"A1": "not judged", "A2": "true", "A3": "no test"}
    assert documented.environment(example)["STACKTEST_EGRESS"] == "allow"
    assert FORMS[0].on_engine(example, "podman") == FORMS[0]


def test_what_the_repository_leaves_out_is_copied_once(example: Example) -> None:
    prepare(example)
    (example.folder / ".env").write_text("A=2\n", encoding="utf-8")
    prepare(example)
    assert (example.folder / ".env").read_text(encoding="utf-8") == "A=2\n"
    assert (example.folder / "secrets" / "password").read_text(encoding="utf-8") == "p\n"
