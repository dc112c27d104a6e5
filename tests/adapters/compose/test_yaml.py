import pytest

from stacktest.adapters.compose import yaml as yaml12
from stacktest.adapters.compose.yaml import load_yaml, parse_yaml
from stacktest.core.unknown import Unknown
from tests.support.known import known

TEXTS = {
    "strings of 1.1": (b"a: yes\nb: on\nc: 22:22\nd: 2026-01-01", ["yes", "on", "22:22", None]),
    "numbers": (b"a: 0o10\nb: 010\nc: 1.10\nd: 1_000", [8, 10, 1.1, None]),
    "words": (b"a: true\nb: ~\nc:\nd: 'true'", [True, None, None, "true"]),
    "anchors": (b"x: &x {a: 1}\na: *x\nb:\n  <<: *x\n  b: 2", [{"a": 1}, {"a": 1, "b": 2}]),
    "merge of several": (b"x: &x {a: 1}\na:\n  <<: [*x, {a: 2, b: 3}]", [{"a": 1, "b": 3}]),
    "tags": (b"a: !reset []\nb: !override [1]\nc: !reset null\nd: !x {e: 1}", None),
    "flow": (b"a: [80:80]\nb: {c: d}", [["80:80"], {"c": "d"}]),
}


@pytest.mark.parametrize("pair", TEXTS.values(), ids=TEXTS)
def test_values_are_what_compose_sees(pair: tuple[bytes, list[object] | None]) -> None:
    text, expected = pair
    found = parse_yaml(text, "x")
    for name, value in zip("abcd", expected or [], strict=False):
        if value is not None:
            assert known(found)[name] == value
            assert type(known(found)[name]) is type(value)


@pytest.mark.parametrize("pair", TEXTS.values(), ids=TEXTS)
def test_both_scanners_say_the_same(pair: tuple[bytes, object]) -> None:
    from ruamel.yaml.error import YAMLError

    slow = yaml12._loader(pure=True).load(pair[0])
    assert parse_yaml(pair[0], "x") == slow
    try:
        fast = yaml12._loader(pure=False).load(pair[0])
    except YAMLError:
        assert b"[80:80]" in pair[0]
    else:
        assert fast == slow


def test_dates_are_text() -> None:
    assert parse_yaml(b"a: 2026-01-01", "x") == {"a": "2026-01-01"}


def test_tags_that_only_compose_knows_are_kept() -> None:
    assert parse_yaml(TEXTS["tags"][0], "x") == {
        "a": {"!reset": []},
        "b": {"!override": [1]},
        "c": {"!reset": "null"},
        "d": {"!x": {"e": 1}},
    }


def test_what_is_no_yaml_is_unknown_and_not_quoted() -> None:
    found = parse_yaml(b"a: 1\npassword: [geheim", "docker-compose.yml")
    assert isinstance(found, Unknown)
    assert "docker-compose.yml:2 is not valid YAML" in found.why
    assert "geheim" not in found.why


def test_a_file_that_is_not_there_is_unknown(tmp_path: object) -> None:
    assert load_yaml(f"{tmp_path}/x") == Unknown(
        f"{tmp_path}/x cannot be read: No such file or directory"
    )


@pytest.mark.case("hard/A5-anchor-warning-prints-secret")
@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("sequence", ["[1, 2]", "[80:80]"], ids=["fast", "pure"])
def test_an_anchor_that_is_used_twice_is_the_later_one_and_nothing_is_printed(
    sequence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    text = f"s: {sequence}\na: &env {{PASS: one}}\nb: &env {{PASS: two}}\nc: *env\n"
    content = parse_yaml(text.encode(), "compose.yaml")
    assert not isinstance(content, Unknown)
    assert content["c"] == {"PASS": "two"}
    assert capfd.readouterr() == ("", "")


BOMB = b"a: &a [x, x, x, x, x, x, x, x, x, x]\n" + b"".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n".encode()
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"a:\n" + b"[" * 100_000, "x.yml:2 is nested more than 200 levels deep"),
        (b"- " * 100_000, "x.yml:1 is nested more than 200 levels deep"),
        (b"{a: " * 5_000 + b"}" * 5_000, "x.yml:1 is nested more than 200 levels deep"),
        (b"a: &a [*a]\n", "x.yml: its anchors make it too large, or a part of itself"),
        (BOMB, "x.yml: its anchors make it too large, or a part of itself"),
        (b"a: 1\nb\xfc: 2\n", "x.yml is not valid YAML: text"),
        (b"a: 1\n? {b: [c]}\n: 2\n", None),
        (b"a: " + b"9" * 5000, None),
        ("a: b\r\n".encode("utf-16"), None),
    ],
    ids=["brackets", "dashes", "closed", "itself", "bomb", "latin-1", "key", "digits", "utf-16"],
)
def test_a_text_that_is_hostile_is_unknown_with_its_place(text: bytes, why: str | None) -> None:
    content = parse_yaml(text, "x.yml")
    if why is not None:
        assert isinstance(content, Unknown)
        assert content.why.startswith(why[: why.find(":2") + 2] if ":2 " in why else why[:20])
        assert why in content.why or why.startswith("x.yml is not valid")
