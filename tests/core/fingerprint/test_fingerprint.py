from pathlib import Path
from typing import Any

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.digest import Key
from stacktest.core.fingerprint.file_tree import Entry, tree_digest
from stacktest.core.fingerprint.fingerprint import (
    NONE,
    PARTS,
    Change,
    Fingerprint,
    build_part,
    changes,
    compare,
    config_part,
    definition_part,
    env_part,
    image_part,
    repo_part,
)
from stacktest.core.model import Service, Stack
from stacktest.core.unknown import Unknown

KEY = Key(secret=b"k" * 32)
ONE = Fingerprint(parts=dict.fromkeys(PARTS, "1" * 16), repo="a" * 16, key_id="k1")
NO_KEY = Unknown("no key")


def having(**parts: str | Unknown) -> Fingerprint:
    return replace(ONE, parts={**ONE.parts, **parts})


def test_the_digest_stands_for_the_version_and_all_parts() -> None:
    others = {having(**{part: "2" * 16}).digest for part in PARTS}
    assert len(others | {ONE.digest, replace(ONE, version=1).digest}) == len(PARTS) + 2
    assert replace(ONE, repo="b" * 16, key_id="k2").digest == ONE.digest


def test_one_unknown_part_makes_the_digest_unknown() -> None:
    found = having(image=Unknown("no engine"), env=Unknown("no key")).digest
    assert found == Unknown("image: no engine; env: no key")


def test_unknown_parts_are_null_with_their_reason_beside() -> None:
    written = having(image=Unknown("no engine")).to_json()
    assert written["parts"]["image"] is None
    assert written["fingerprint"] is None
    assert written["unknown"] == {"image": "no engine"}


def test_changes_name_the_part_and_what_is_in_it() -> None:
    old = replace(ONE, detail={"config": {"a": "1", "b": "1", "gone": "1"}})
    new = replace(having(config="2" * 16), detail={"config": {"a": "1", "b": "2", "new": "1"}})
    assert changes(old, new) == (
        Change(part="config", added=("new",), changed=("b",), removed=("gone",)),
    )
    assert changes(old, new)[0].reasons == ("config:b", "config:new", "config:gone")


def test_changes_without_detail_name_the_part() -> None:
    assert changes(ONE, having(env="2" * 16))[0].reasons == ("env",)
    assert changes(ONE, ONE) == ()


@pytest.mark.parametrize("unknown", [(Unknown("x"), "1" * 16), ("1" * 16, Unknown("x"))])
def test_unknown_is_neither_equal_nor_changed(unknown: tuple[str | Unknown, ...]) -> None:
    old, new = (having(image=value) for value in unknown)
    assert compare(old, new)["image"] == Unknown("x")
    assert changes(old, new) == ()


def test_under_another_key_only_plain_parts_are_compared() -> None:
    new = replace(ONE, key_id="k2", parts=dict.fromkeys(PARTS, "2" * 16))
    assert [change.part for change in changes(ONE, new)] == ["image", "config", "build"]
    with_secrets = replace(new, keyed=("env", "stanza", "config"))
    assert [change.part for change in changes(ONE, with_secrets)] == ["image", "build"]


def test_none_needs_no_key_to_be_compared() -> None:
    assert compare(having(env="none"), replace(ONE, key_id="k2"))["env"] is False


def test_other_versions_are_not_compared() -> None:
    assert all(isinstance(v, Unknown) for v in compare(ONE, replace(ONE, version=1)).values())


IMAGE: dict[str, Any] = {
    "Os": "linux",
    "Architecture": "amd64",
    "RootFS": {"Layers": ["sha256:" + "a" * 64]},
    "Config": {"Cmd": ["run"], "Env": ["A=1"], "Labels": {"l": "1"}},
}


@pytest.mark.parametrize(
    "other",
    [
        {**IMAGE, "Id": "x", "RepoDigests": ["y"], "Created": "z", "History": [1]},
        {**IMAGE, "Variant": "", "Config": {**IMAGE["Config"], "Labels": None, "Volumes": None}},
    ],
)
def test_the_same_image(other: dict[str, object]) -> None:
    assert image_part(other).value == image_part(IMAGE).value


@pytest.mark.parametrize(
    "other",
    [
        {**IMAGE, "Architecture": "arm64"},
        {**IMAGE, "Variant": "v8"},
        {**IMAGE, "RootFS": {"Layers": ["sha256:" + "b" * 64]}},
        {**IMAGE, "Config": {**IMAGE["Config"], "Cmd": ["walk"]}},
        {**IMAGE, "Config": {**IMAGE["Config"], "User": "1"}},
        {**IMAGE, "Config": {**IMAGE["Config"], "Healthcheck": {"Test": ["NONE"]}}},
    ],
)
def test_another_image(other: dict[str, object]) -> None:
    assert image_part(other).value != image_part(IMAGE).value


@pytest.mark.parametrize("given", [Unknown("gone"), None, [], {}, {"RootFS": None}, [IMAGE, IMAGE]])
def test_what_is_no_image_is_unknown(given: object) -> None:
    assert isinstance(image_part(given).value, Unknown)


def test_variables_that_are_not_set_do_not_count() -> None:
    assert env_part({"A": "1", "B": None}, KEY).value == env_part({"A": "1"}, KEY).value
    assert env_part({"B": None}, KEY).value == env_part({}, NO_KEY).value == "none"
    assert env_part({"A": ""}, KEY).value != "none"


def test_signed_parts_need_the_key() -> None:
    service = Service(name="app", definition={"image": "a"})
    stack = Stack(name="s", root=Path("/"), services={"app": service})
    for part in (env_part({"A": "1"}, NO_KEY), definition_part(stack, service, NO_KEY)):
        assert part.value == NO_KEY
        assert part.detail == {}


def test_a_stanza_that_is_no_mapping_is_unknown() -> None:
    service = Service(name="app", definition=None)
    stack = Stack(name="s", root=Path("/"), services={"app": service})
    assert "not a mapping" in str(definition_part(stack, service, KEY).value)


PLAIN = Entry(path="a", kind="file", content="1" * 64)
SECRET = Entry(path="s", kind="file", content="2" * 64, secret=True)


def test_files_are_signed_whatever_their_names() -> None:
    signed = config_part([PLAIN], KEY)
    assert signed.keyed
    assert signed.value != config_part([PLAIN], Key(secret=b"other")).value
    assert signed.value != tree_digest([PLAIN])
    assert config_part([PLAIN], NO_KEY).value == NO_KEY
    assert config_part([], NO_KEY).value == NONE
    assert config_part(Unknown("no"), KEY).value == Unknown("no")


def test_the_second_version_signed_secrets_alone() -> None:
    assert config_part([PLAIN], KEY, 2).value == tree_digest([PLAIN])
    assert not config_part([PLAIN], KEY, 2).keyed
    assert config_part([PLAIN, SECRET], KEY, 2).keyed


def test_names_of_build_arguments_count() -> None:
    assert build_part([PLAIN], ["A"], KEY).value != build_part([PLAIN], ["B"], KEY).value
    assert build_part([PLAIN], ["A", "B"], KEY).value == build_part([PLAIN], ["B", "A"], KEY).value


def test_the_repository_tells_of_secrets_only_their_names() -> None:
    other = replace(SECRET, content="3" * 64)
    assert repo_part(1, [SECRET], [], ()).value == repo_part(1, [other], [], ()).value
    assert repo_part(1, [SECRET], [], ()).value != repo_part(1, [], [], ()).value
    assert repo_part(1, [PLAIN], [], ()).value != repo_part(1, [], [PLAIN], ()).value


@pytest.mark.parametrize("place", range(3))
def test_what_the_repository_cannot_tell_is_unknown(place: int) -> None:
    given: list[Any] = [{}, [], []]
    given[place] = Unknown("no git")
    assert repo_part(given[0], given[1], given[2], ()).value == Unknown("no git")
