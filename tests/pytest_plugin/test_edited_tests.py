"""A pass is for the code that ran: a test file that is saved while a run goes on earns nothing."""

from typing import Any

import pytest

pytestmark = pytest.mark.processes

SAVING = """\
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    path = next(item.path for item in items if item.path.name == "test_redis.py")
    with path.open("a") as file:
        file.write("# more to come\\n")
"""
SAVE = "__import__('pathlib').Path({path!r}).{how}"


@pytest.fixture
def two(shop: Any) -> Any:
    """Two services, one test file each, and a module that the second one's tests import."""
    shop.story(services={"caddy": {}, "redis": {}}, phases={})
    shop.about("phase0_door", "caddy")
    (shop.path / "helping.py").write_text("SIX = 6\n")
    with (shop.path / "tox.ini").open("a") as settings:
        settings.write("\npythonpath = .\n")
    return shop


def redis_saves(shop: Any, path: str, how: str) -> None:
    """The test of redis does what a person with an editor does."""
    shop.suite(
        "phase4_data/test_redis.py",
        f"""
        import helping

        @pytest.mark.service("redis")
        def test_it_answers(touch):
            touch("redis")
            {SAVE.format(path=str(shop.path / path), how=how)}
            assert helping.SIX == 6
        """,
    )


SAVED = {
    "the file itself": ("suites/phase4_data/test_redis.py", "write_text('import helping\\n')"),
    "a module that it imports": ("helping.py", "write_text('SIX = 6  # half a dozen\\n')"),
    "half of a file": ("suites/phase4_data/test_redis.py", "write_text('def test_it_ans')"),
    "no file any more": ("suites/phase4_data/test_redis.py", "unlink()"),
}


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(("path", "how"), SAVED.values(), ids=SAVED.keys())
def test_what_was_saved_meanwhile_did_not_run(two: Any, path: str, how: str, workers: str) -> None:
    redis_saves(two, path, how)
    done = two.run("-n", workers)
    assert done.ret == 0
    assert two.document("caddy", "last_run.json")["credited"] is True
    assert two.document("redis", "last_pass.json") is None
    refusal = "the code of its tests changed meanwhile: suites/phase4_data/test_redis.py"
    assert two.document("redis", "last_run.json")["refusal"] == refusal


@pytest.mark.parametrize("workers", ["0", "2"])
def test_what_was_saved_while_others_were_collected_did_not_run(two: Any, workers: str) -> None:
    redis_saves(two, "nothing", "exists()")
    (two.path / "conftest.py").write_text(SAVING)
    assert two.run("-n", workers).ret == 0
    assert two.document("caddy", "last_run.json")["credited"] is True
    assert "meanwhile: suites/phase4_data" in two.document("redis", "last_run.json")["refusal"]


def test_a_file_that_is_saved_as_it_was_did_run(two: Any) -> None:
    redis_saves(two, "helping.py", "write_text('SIX = 6\\n')")
    assert two.run().ret == 0
    assert two.document("redis", "last_run.json")["credited"] is True
