"""What the text of a file that cannot be collected says about its services."""

from pathlib import Path

import pytest

from stacktest.adapters.broken_suite import read_services

HEAD = "import pytest\nfrom pytest import mark\nimport gone\n"
BROKEN = HEAD + "def broken(:\n"
TEST = "def test_a(): assert 1\n"
READ = {
    "a decorator": (HEAD + '@pytest.mark.service("a", "b")\n' + TEST, {"a", "b"}),
    "a list of marks": (HEAD + 'pytestmark = [mark.service("a"), mark.slow]\n', {"a"}),
    "a name of its own": (HEAD + 'a = mark.service("a")\n@a\n' + TEST, {"a"}),
    "a parameter": (HEAD + 'P = pytest.param(1, marks=mark.service("a"))\n', {"a"}),
    "no service": (HEAD + TEST, set()),
    "a decorator of a package": ("import functools\n@functools.cache\n" + TEST, set()),
    "a syntax error": (BROKEN + '@pytest.mark.service("a")\n' + TEST, {"a"}),
    "a syntax error, two lines": (BROKEN + "@mark.service(\n    'a',\n)\n" + TEST, {"a"}),
    "a conflict": ('<<<<<<< a\n@mark.service("a")\n=======\n@mark.service("b")\n', {"a", "b"}),
}
UNREAD = {
    "computed names": HEAD + "@pytest.mark.service(*gone.NAMES)\n" + TEST,
    "a mark without a call": HEAD + "about = mark.service\n@about('a')\n" + TEST,
    "a decorator from elsewhere": HEAD + "from gone import a\n@a\n" + TEST,
    "marks from elsewhere": HEAD + "pytestmark = gone.MARKS\n",
    "a class from elsewhere": HEAD + "from gone import Base\nclass TestA(Base): pass\n",
    "tests from elsewhere": "from gone import test_a\n",
    "all from elsewhere": "from gone import *\n",
    "a syntax error in the marker": HEAD + '@pytest.mark.service("a"\n' + TEST,
    "a syntax error, and computed names": BROKEN + "@mark.service(*NAMES)\n" + TEST,
    "a syntax error, and a decorator from elsewhere": BROKEN + "@about_a\n" + TEST,
    "a syntax error, and marks from elsewhere": BROKEN + "pytestmark = MARKS\n",
    "a syntax error, and a class from elsewhere": BROKEN + "class TestA(Base): pass\n",
    "a syntax error, and tests from elsewhere": BROKEN + "from gone import *\n",
}


@pytest.mark.parametrize("case", READ)
def test_all_services_are_in_the_text(tmp_path: Path, case: str) -> None:
    text, expected = READ[case]
    path = tmp_path / "test_a.py"
    path.write_text(text)
    assert read_services(path, []) == (frozenset(expected), True)


@pytest.mark.parametrize("case", UNREAD)
def test_the_text_may_name_others(tmp_path: Path, case: str) -> None:
    path = tmp_path / "test_a.py"
    path.write_text(UNREAD[case])
    assert not read_services(path, [])[1]


def test_a_word_in_quotes_may_be_a_service(tmp_path: Path) -> None:
    path = tmp_path / "test_a.py"
    path.write_text('NAMES = ["a", "b-c"]\npytestmark = pytest.mark.service(*NAMES)\n')
    assert read_services(path, []) == (frozenset({"a", "b-c"}), False)


def test_the_files_that_it_imports_count(tmp_path: Path) -> None:
    path, helper = tmp_path / "test_a.py", tmp_path / "helper.py"
    path.write_text("from helper import about_a\nimport gone\n@about_a\n" + TEST)
    helper.write_text('import pytest\nabout_a = pytest.mark.service("a")\n')
    assert read_services(path, [helper]) == (frozenset({"a"}), True)
    helper.write_text('import pytest\ndef (:\nabout_a = pytest.mark.service("a")\n')
    assert read_services(path, [helper]) == (frozenset({"a"}), True)
