import itertools

import pytest

from stacktest.core.fingerprint.file_tree import (
    Entry,
    is_ignored_name,
    is_secret_name,
    tree_detail,
    tree_digest,
)

A = Entry(path="a", kind="file", content="1" * 64)
B = Entry(path="b", kind="file", content="2" * 64)


def test_order_of_reading_does_not_matter() -> None:
    trees = {tree_digest(order) for order in itertools.permutations([A, B, A])}
    assert len(trees) == 1


def test_no_entries_are_none() -> None:
    assert tree_digest([]) == "none"


@pytest.mark.parametrize(
    "other",
    [
        Entry(path="c", kind="file", content="1" * 64),
        Entry(path="a", kind="link", content="1" * 64),
        Entry(path="a", kind="file", content="1" * 64, executable=True),
        Entry(path="a", kind="file", content="3" * 64),
    ],
    ids=["path", "kind", "executable", "content"],
)
def test_everything_that_counts_counts(other: Entry) -> None:
    assert tree_digest([A]) != tree_digest([other])
    assert tree_detail([A]) != tree_detail([other])


@pytest.mark.parametrize("forged", ["a\n", 'a","file', "a:1111"])
def test_a_name_cannot_be_two_entries(forged: str) -> None:
    assert tree_digest([Entry(path=forged, kind="file", content="2" * 64)]) != tree_digest([A, B])


def test_detail_says_kind_and_content() -> None:
    script = Entry(path="run", kind="file", executable=True, content="f" * 64)
    assert tree_detail([script, Entry(path="s", kind="socket")]) == {
        "run": "executable:ffffffffffffffff",
        "s": "socket",
    }


@pytest.mark.parametrize(
    "name", [".Caddyfile.swp", ".DS_Store", "__pycache__", "a.pyc", "x~", ".#lock", "#x#", ".git"]
)
def test_what_nobody_means_is_ignored(name: str) -> None:
    assert is_ignored_name(name)


@pytest.mark.parametrize("name", ["Caddyfile", "swp", ".env", "a.log", ".gitignore", ".swpx"])
def test_everything_else_is_not(name: str) -> None:
    assert not is_ignored_name(name)


@pytest.mark.parametrize(
    "name", [".env", ".env.local", "app.env", "Server.KEY", "ca.pem", "id_ed25519", "db_password"]
)
def test_names_of_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["environment", "keys.md", "Caddyfile", "tokenizer.json"])
def test_names_of_no_secrets(name: str) -> None:
    assert not is_secret_name(name)
