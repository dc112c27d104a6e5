"""The architecture page shows the house as it is."""

from tests.house.rooms import BEGIN, END, FLOORS, PACKAGE, PAGE, page


def test_every_module_is_in_a_room_of_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert BEGIN in text
    assert END in text
    assert text == page(text), "the page is out of date; run: python -m tests.house.rooms"


def test_every_room_is_on_a_floor() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert modules | folders == {name for floor in FLOORS for name in floor}
