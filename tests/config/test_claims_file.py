from pathlib import Path

import pytest

from stacktest.config.claims_file import listed_claims
from stacktest.errors import UsageError


def test_a_stack_without_a_list(tmp_path: Path) -> None:
    assert listed_claims(tmp_path) == ()


def test_claims_in_the_order_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "claims.toml").write_text(
        '[[claim]]\nid = "A2"\ntext = "t"\nsource = "S.md"\n\n[[claim]]\nid = "A1"\nwhy = "no net"\n'
    )
    second, first = listed_claims(tmp_path)
    assert (second.claim.id, second.claim.text, second.claim.source) == ("A2", "t", "S.md")
    assert (first.claim.id, first.why) == ("A1", "no net")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("[[claim]]\ntext = 'x'\n", "a claim needs an id"),
        ("[[claim]]\nid = 'A'\n[[claim]]\nid = 'A'\n", "the claim 'A' is listed twice"),
        ("[[claim]]\nid = 'A'\nwy = 'x'\n", "unknown key 'wy'"),
        ("[[claim]]\nid = 1\n", "id = 1 is not a text"),
        ("[[claims]]\nid = 'A'\n", "unknown key 'claims'"),
        ("claim = [\n", "not valid TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "claims.toml").write_text(text)
    with pytest.raises(UsageError, match=what):
        listed_claims(tmp_path)
