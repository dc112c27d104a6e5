import pytest

from stacktest.core.fingerprint.digest import Key, RowDigests, canonical, digest

KEY = Key(secret=b"k" * 32)
ROWS = {"B": "2", "A": "1"}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": None}, b'{"a":null,"b":1}'),
        (["ä", True], b'["\\u00e4",true]'),
        ("\udcff", b'"\\udcff"'),
    ],
)
def test_there_is_one_text_of_a_value(value: object, text: bytes) -> None:
    assert canonical(value) == text


def test_digests_are_stable_across_releases() -> None:
    """A changed digest would make every recorded pass stale: raise FINGERPRINT_VERSION then."""
    assert digest({"v": 1}) == "afbf9d0f3560b0fd"
    assert KEY.sign("env", {"A": "1"}) == "a125c75e8e11f7f5"


def test_a_signature_depends_on_key_and_purpose() -> None:
    said = {KEY.sign(purpose, 1) for purpose in ("env", "stanza")}
    said |= {Key(secret=b"x" * 32).sign("env", 1), digest(1)}
    assert len(said) == 4


def test_the_key_never_shows() -> None:
    assert "kkk" not in repr(KEY)
    assert KEY.key_id not in (KEY.secret.hex(), KEY.secret.hex()[:16])


def test_a_row_is_signed_when_somebody_asks() -> None:
    signed: list[object] = []

    class CountingKey(Key):
        def sign(self, purpose: str, value: object) -> str:
            signed.append(value)
            return super().sign(purpose, value)

    rows = RowDigests("env entry", ROWS, CountingKey(secret=KEY.secret))
    assert list(rows) == ["A", "B"]
    assert signed == []
    assert rows["A"] == rows["A"] == KEY.sign("env entry", ["A", "1"])
    assert signed == [["A", "1"]]
    assert rows == {name: KEY.sign("env entry", [name, row]) for name, row in ROWS.items()}
    assert "C" not in rows
