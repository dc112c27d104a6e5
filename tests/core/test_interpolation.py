"""Variables in compose files and `.env`, replaced as Compose replaces them."""

import pytest

from stacktest.core.interpolation import interpolate, variables_of, variables_without_default

VALUES = {"A": "one", "EMPTY": "", "B": "two"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain", "plain"),
        ("$A/${B}.yml", "one/two.yml"),
        ("$A_b", ""),
        ("${A}_b", "one_b"),
        ("$$A", "$A"),
        ("$$$A", "$one"),
        ("${NO}", ""),
        ("${NO:-x}", "x"),
        ("${NO-x}", "x"),
        ("${EMPTY:-x}", "x"),
        ("${EMPTY-x}", ""),
        ("${A:-x}", "one"),
        ("${A:+x}", "x"),
        ("${NO:+x}", ""),
        ("${EMPTY:+x}", ""),
        ("${EMPTY+x}", "x"),
        ("${A:?must}", "one"),
        ("${NO:?must}", ""),
        ("${NO:-${B}-${NO:-deep}}!", "two-deep!"),
        ("${NO:-$A}", "one"),
        ("100% $5 $", "100% $5 $"),
        ("${A", "one"),
        ("$Aü", "oneü"),
    ],
)
def test_a_variable_is_replaced(text: str, result: str) -> None:
    assert interpolate(text, VALUES.get) == result


def test_names_of_variables() -> None:
    text = "$A ${B:-x} ${C} $$D ${E?} ${F-}"
    assert list(variables_of(text)) == ["A", "B", "C", "E", "F"]
    assert list(variables_without_default(text)) == ["A", "C"]
