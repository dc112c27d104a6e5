"""A run that finds the lock taken says that, up to its last line."""

import pytest

from stacktest.errors import LockHeldError
from tests.support.fake_stack import Shop

pytestmark = pytest.mark.processes
CONFTEST = """
import pytest
from types import SimpleNamespace
from stacktest.errors import LockHeldError
from tests.support import fake_stack


def refuse():
    raise LockHeldError("another run uses this stack: pid 7 (pytest), since now")


@pytest.fixture(scope="session", autouse=True)
def nothing():
    return None


def pytest_configure():
    fake_stack.SimpleNamespace = lambda **values: SimpleNamespace(
        **{**values, **({"acquire": refuse} if "acquire" in values else {})}
    )
"""


def test_the_last_line_names_the_lock(shop: Shop) -> None:
    shop.story(services={"web": {}})
    shop.about("phase1_x", "web")
    (shop.path / "conftest.py").write_text(CONFTEST)
    done = shop.run()
    assert done.ret == 10
    text = done.stdout.str()
    assert "Exit: another run uses this stack !" in text
    assert "did not become ready" not in text
    assert LockHeldError.default_code in text
