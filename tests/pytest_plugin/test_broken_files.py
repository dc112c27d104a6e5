"""A file that cannot be collected costs only its own services their verdict."""

from typing import Any

import pytest

Shop = Any

pytestmark = pytest.mark.processes

WORKERS = [pytest.param((), id="one process"), pytest.param(("-n", "1"), id="xdist")]
CONTINUE = "--continue-on-collection-errors"
GREEN_TOO = """
import not_installed_here


@pytest.mark.service("green")
def test_more(touch):
    touch("green")
    assert touch
"""


@pytest.fixture
def both(shop: Shop) -> Shop:
    """Two services, with one file each, that have passed."""
    shop.story(services={"red": {}, "green": {}}, running=["red", "green"])
    shop.about("phase1_a", "red", "green")
    assert shop.run().ret == 0
    return shop


def states(shop: Shop) -> dict[str, str]:
    return {name: entry["state"] for name, entry in shop.status().items()}


@pytest.mark.parametrize("workers", WORKERS)
def test_the_others_are_credited_with_the_option(both: Shop, workers: tuple[str, ...]) -> None:
    """The file is new, so that green's other tests are as they passed."""
    both.suite("phase2_b/test_green_too.py", GREEN_TOO)
    before = both.document("green", "last_pass.json")
    done = both.run(CONTINUE, *workers, columns=160)
    assert done.ret == 1
    assert states(both) == {"red": "functional", "green": "error"}
    assert both.document("green", "last_pass.json") == before
    assert both.document("red", "last_run.json")["credited"]
    error = "suites/phase2_b/test_green_too.py:5 cannot be collected: ModuleNotFoundError: "
    assert both.status()["green"]["reasons"] == [f"tests:{error}no module 'not_installed_here'"]
    assert f"partial   {error}no module 'not_installed_here': no credit for green" in done.outlines


@pytest.mark.parametrize("workers", WORKERS)
def test_a_run_that_stops_there_credits_nobody(both: Shop, workers: tuple[str, ...]) -> None:
    both.suite("phase2_b/test_green_too.py", GREEN_TOO)
    before = {name: both.document(name, "last_run.json") for name in ("red", "green")}
    done = both.run(*workers, columns=160)
    assert done.ret == (1 if workers else 2)
    assert {name: both.document(name, "last_run.json") for name in before} == before
    assert "next      pytest --continue-on-collection-errors" in done.outlines
    assert "          tests all services but green" in done.outlines


BROKEN = {
    "a conftest of its folder": ("phase2_b/conftest.py", "import not_installed_here\n"),
    "a syntax error": ("phase2_b/test_green.py", "def broken(:\n"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_the_record_of_a_file_says_whom_it_concerns(shop: Shop, case: str) -> None:
    shop.story(services={"red": {}, "green": {}}, running=["red", "green"])
    shop.about("phase1_a", "red")
    shop.about("phase2_b", "green")
    assert shop.run().ret == 0
    shop.suite(*BROKEN[case])
    assert shop.run("suites/phase1_a").ret == 0
    assert states(shop) == {"red": "functional", "green": "error"}
    assert f"suites/{BROKEN[case][0]}:4 cannot" in shop.status()["green"]["reasons"][0]


def test_a_broken_folder_beside_another_one(shop: Shop) -> None:
    """Both folders are arguments of pytest, which loads their `conftest.py` before it collects."""
    shop.story(services={"red": {}, "green": {}}, running=["red", "green"])
    (shop.path / "stacktest.toml").write_text('[stack]\nsuites = ["suites", "more"]\n')
    shop.about("phase1_a", "red")
    shop.about("../more", "green")
    shop.suite("../more/conftest.py", "raise ValueError('a password')\n")
    assert shop.run("suites").ret == 0
    assert states(shop) == {"red": "functional", "green": "error"}
    assert shop.status()["green"]["reasons"] == [
        "tests:more/conftest.py:4 cannot be collected for more/test_green.py: ValueError"
    ]


def test_a_file_that_may_name_any_service_costs_them_all(both: Shop) -> None:
    both.suite("phase2_b/test_new.py", "import gone\nNAMES = gone.names()\n\n")
    path = both.path / "suites/phase2_b/test_new.py"
    path.write_text(path.read_text() + "pytestmark = pytest.mark.service(*NAMES)\n")
    both.run(CONTINUE)
    assert states(both) == {"red": "error", "green": "error"}
    assert "which services it names is not known" in both.status()["red"]["reasons"][0]
