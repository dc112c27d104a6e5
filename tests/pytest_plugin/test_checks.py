"""Checks are counted in whatever Python runs for a test: said to assert nothing is only who does."""

import pytest

from stacktest.pytest_plugin.checks import count_checks
from tests.support.nested_pytest import ADDOPTS

SUITES = {
    "unittest": (
        1,
        """
        import unittest
        class TestRed(unittest.TestCase):
            def test_it(self):
                self.assertEqual(x(), "PONG")
        """,
    ),
    "patched": (
        1,
        """
        from unittest import mock
        @mock.patch.dict("os.environ", {"A": "b"})
        def test_it():
            assert x() == "PONG"
        """,
    ),
    "wrapped with functools": (
        1,
        """
        import functools
        def patiently(test):
            @functools.wraps(test)
            def again(*a, **k):
                return test(*a, **k)
            return again
        @patiently
        def test_it():
            assert x() == "PONG"
        """,
    ),
    "wrapped without a word of it": (
        1,
        """
        def patiently(test):
            def test_again():
                return test()
            return test_again
        def check():
            assert x() == "PONG"
        test_it = patiently(check)
        """,
    ),
    "a decorator that checks": (
        1,
        """
        import functools
        def answered(test):
            @functools.wraps(test)
            def wrapper():
                assert test() == 1
            return wrapper
        @answered
        def test_it():
            return x()
        """,
    ),
    "inherited": (
        1,
        """
        from contract import Contract
        class TestRed(Contract):
            pass
        """,
    ),
    "a helper in the same module": (
        1,
        """
        def pings(n):
            assert x() == n
        def test_it():
            pings(1)
        """,
    ),
    "a helper in another module": (
        1,
        """
        import contract
        def test_it():
            contract.check(1)
        """,
    ),
    "a helper that a helper calls": (
        1,
        """
        from contract import check_all
        def test_it():
            check_all()
        """,
    ),
    "a method of the test's own class": (
        1,
        """
        class TestRed:
            def pings(self):
                assert x() == 1
            def test_it(self):
                self.pings()
        """,
    ),
    "a method of a helper object": (
        1,
        """
        from contract import Client
        def test_it():
            client = Client()
            client.must_ping()
        """,
    ),
    "a method of an object that a fixture makes": (
        1,
        """
        import pytest
        from contract import make_client
        @pytest.fixture
        def client():
            return make_client()
        def test_it(client):
            client.must_ping()
        """,
    ),
    "a fixture that checks": (
        1,
        """
        import pytest
        @pytest.fixture
        def pong():
            assert x() == "PONG"
        def test_it(pong):
            pass
        """,
    ),
    "a fixture that hands out a check": (
        1,
        """
        import pytest
        @pytest.fixture
        def check():
            def inner(n):
                assert x() == n
            return inner
        def test_it(check):
            check(1)
        """,
    ),
    "a check that is handed on": (
        1,
        """
        from contract import eventually
        def ping():
            assert x() == 1
        def test_it():
            eventually(ping)
        """,
    ),
    "a check as a parameter": (
        1,
        """
        import pytest
        from contract import check
        @pytest.mark.parametrize("step", [check])
        def test_it(step):
            step(1)
        """,
    ),
    "a context manager": (
        1,
        """
        import contextlib
        @contextlib.contextmanager
        def unchanged():
            yield
            assert x() == 1
        def test_it():
            with unchanged():
                x()
        """,
    ),
    "a coroutine": (
        1,
        """
        async def test_it():
            assert x() == 1
        """,
    ),
    "a local import": (
        1,
        """
        def test_it():
            from contract import check
            check(1)
        """,
    ),
    "a local import of a module that nobody loaded": (
        1,
        """
        def test_it():
            import late
            late.check_both()
        """,
    ),
    "a class of a module that nobody loaded": (
        1,
        """
        def test_it():
            from late import Late
            Late().must_ping()
        """,
    ),
    "a module by its name": (
        1,
        """
        import pytest
        def test_it():
            late = pytest.importorskip("late")
            late.check_both()
        """,
    ),
    "a table of helpers": (
        1,
        """
        from contract import check
        CHECKS = {"red": check}
        def test_it():
            for name, call in CHECKS.items():
                call(name)
        """,
    ),
    "a method by another name": (
        1,
        """
        from contract import Client
        def test_it():
            client = Client()
            ping = client.must_ping
            ping()
        """,
    ),
    "a property": (
        1,
        """
        from contract import Client
        def test_it():
            client = Client()
            client.pinged
        """,
    ),
    "decorators of one kind": (
        1,
        """
        import functools
        def timed(test):
            @functools.wraps(test)
            def wrapper(*a, **k):
                return test(*a, **k)
            return wrapper
        @timed
        @timed
        def test_it():
            assert x() == 1
        """,
    ),
    "a decorator that tries again": (
        1,
        """
        import functools
        def patiently(test):
            @functools.wraps(test)
            def wrapper():
                for _ in range(3):
                    try:
                        return test()
                    except AssertionError as error:
                        last = error
                raise last
            return wrapper
        @patiently
        def test_it():
            assert x() == 1
        """,
    ),
    "a plugin for soft assertions": (
        1,
        """
        from pytest_check import check
        def test_it():
            check.equal(x(), 1)
        """,
    ),
    "its module": (
        1,
        """
        import pytest_check
        def test_it():
            pytest_check.equal(x(), 1)
        """,
    ),
    "its fixture": (
        1,
        """
        def test_it(check):
            check.equal(x(), 1)
        """,
    ),
    "a step of a scenario": (
        1,
        """
        import bdd
        @bdd.scenario("it answers", "there is a page")
        def test_it():
            pass
        @bdd.step("it answers", "pytestbdd_stepdef_then_")
        def answers():
            assert x() == 1
        """,
    ),
    "a step of a scenario of version 8": (
        1,
        """
        import bdd
        @bdd.scenario("it answers")
        def test_it():
            pass
        @bdd.step("it answers", "__pytest_bdd_step_def_then_")
        def answers():
            assert x() == 1
        """,
    ),
    "a step of another name": (
        0,
        """
        import bdd
        @bdd.scenario("it answers")
        def test_it():
            pass
        @bdd.step("it answers twice", "pytestbdd_stepdef_then_")
        def answers():
            assert x() == 1
        """,
    ),
    "a step that another module has as well": (
        0,
        """
        import bdd, other_steps
        @bdd.scenario("it answers otherwise")
        def test_it():
            pass
        @bdd.step("it answers otherwise", "pytestbdd_stepdef_then_")
        def answers():
            pass
        """,
    ),
    "an object that fails when it is asked for what it does not have": (
        1,
        """
        class Strict:
            def __getattr__(self, name):
                raise RuntimeError(name)
            def __bool__(self):
                raise RuntimeError("neither")
        STRICT = Strict()
        def test_it():
            STRICT.there(1)
            STRICT()
            assert x() == STRICT
        """,
    ),
    "Hypothesis": (
        1,
        """
        from hypothesis import given, strategies
        @given(n=strategies.integers())
        def test_it(n):
            assert x() == n
        """,
    ),
    "a method that hands on to one of the same name": (
        1,
        """
        import pytest
        from contract import Client
        @pytest.fixture
        def client():
            return Client()
        def test_it(client):
            client.raise_for_status()
        """,
    ),
    "a context manager that ends other errors": (
        1,
        """
        from contract import without_network_errors
        def test_it():
            with without_network_errors():
                assert x() == 1
        """,
    ),
    "a helper by its name": (
        1,
        """
        import contract
        def test_it():
            getattr(contract, "check")(1)
        """,
    ),
    "a helper by its name that is called later": (
        1,
        """
        import contract
        def test_it():
            call = getattr(contract, "check")
            call(1)
        """,
    ),
    "a helper whose name is made": (
        1,
        """
        class TestRed:
            def check_pong(self):
                assert x() == 1
            def test_it(self):
                for name in ("pong",):
                    getattr(self, f"check_{name}")()
        """,
    ),
    "a helper of a module by its name": (
        1,
        """
        import importlib
        def test_it():
            importlib.import_module("late").check_both()
        """,
    ),
    "a method by its name": (
        1,
        """
        from operator import methodcaller
        from contract import Client
        def test_it():
            methodcaller("must_ping")(Client())
        """,
    ),
    "a helper by the name of another": (
        0,
        """
        import contract
        def test_it():
            getattr(contract, "eventually")(print)
        """,
    ),
    "a test by a name that is made": (
        0,
        """
        import contract
        def test_it():
            getattr(contract.Contract(), f"test_{x()}")
        """,
    ),
    "an object that a decorator makes": (
        1,
        """
        class Patiently:
            def __init__(self, call):
                self.call = call
            def __call__(self, *arguments):
                return self.call(*arguments)
        @Patiently
        def check_pong():
            assert x() == 1
        def test_it():
            check_pong()
        """,
    ),
    "a fixture that is asked for by its name": (
        1,
        """
        import pytest
        @pytest.fixture
        def pong():
            assert x() == "PONG"
        def test_it(request):
            request.getfixturevalue("pong")
        """,
    ),
    "a fixture whose name is a parameter": (
        1,
        """
        import pytest
        @pytest.fixture
        def pong():
            assert x() == "PONG"
        @pytest.mark.parametrize("name", ["pong"])
        def test_it(request, name):
            request.getfixturevalue(name)
        """,
    ),
    "assertpy": (
        1,
        """
        from assertpy import assert_that
        def test_it():
            assert_that(x()).described_as("x").is_equal_to(1)
        """,
    ),
    "assertpy's object by a name": (
        1,
        """
        from assertpy import assert_that
        def test_it():
            answer = assert_that(x())
            answer.is_equal_to(1)
        """,
    ),
    "assertpy, of which nothing is demanded": (
        0,
        """
        from assertpy import assert_that
        def test_it():
            assert_that(x())
        """,
    ),
    "assertpy, of which nothing is demanded either": (
        0,
        """
        from assertpy import assert_that
        def test_it():
            assert_that(x()).described_as("x")
        """,
    ),
    "assertpy that warns": (
        0,
        """
        from assertpy import assert_warn
        def test_it():
            assert_warn(x()).is_equal_to(1)
        """,
    ),
    "hamcrest": (
        1,
        """
        from hamcrest import assert_that
        def test_it():
            assert_that(x())
        """,
    ),
    "a function that nobody calls": (
        0,
        """
        def is_ready():
            return x() == 1
        def test_it():
            assert is_ready
        """,
    ),
    "a method that nobody calls": (
        0,
        """
        class TestRed:
            def is_ready(self):
                return x() == 1
            def test_it(self):
                assert self.is_ready
        """,
    ),
    "a coroutine that nobody awaits": (
        0,
        """
        async def is_ready():
            return x() == 1
        async def test_it():
            assert is_ready()
        """,
    ),
    "a coroutine that is awaited": (
        1,
        """
        async def is_ready():
            return x() == 1
        async def test_it():
            assert await is_ready()
        """,
    ),
    "a value by the name of a function": (
        1,
        """
        def is_ready():
            return x() == 1
        def test_it():
            is_ready = x()
            assert is_ready
        """,
    ),
    "a fixture by its function's name": (
        1,
        """
        import pytest
        @pytest.fixture
        def is_ready():
            return x() == 1
        def test_it(is_ready):
            assert is_ready
        """,
    ),
    "a property that is asserted": (
        1,
        """
        class TestRed:
            @property
            def is_ready(self):
                return x() == 1
            def test_it(self):
                assert self.is_ready
        """,
    ),
    "a decorator that swallows": (
        0,
        """
        import functools
        def tolerant(test):
            @functools.wraps(test)
            def wrapper():
                try:
                    return test()
                except AssertionError as error:
                    print(error)
            return wrapper
        @tolerant
        def test_it():
            assert x() == 1
        """,
    ),
    "a context manager that swallows": (
        0,
        """
        from contract import softly
        def test_it():
            errors = []
            with softly(errors):
                assert x() == 1
        """,
    ),
    "an object that swallows": (
        0,
        """
        from contract import Soft, check
        def test_it():
            with Soft():
                check(1)
        """,
    ),
    "a method that only sounds like a check": (
        0,
        """
        import pytest
        from contract import Client
        @pytest.fixture
        def client():
            return Client()
        def test_it(client):
            client.verify_pong()
        """,
    ),
    "a local import that checks nothing": (
        0,
        """
        def test_it():
            from late import look
            look()
        """,
    ),
    "nothing": (
        0,
        """
        def test_it():
            x()
        """,
    ),
    "a helper that only sounds like a check": (
        0,
        """
        def verify_it(n):
            return n
        def test_it():
            verify_it(1)
        """,
    ),
    "a fixture that every test gets": (
        0,
        """
        import pytest
        @pytest.fixture(autouse=True)
        def clean():
            assert x() == 1
        def test_it():
            x()
        """,
    ),
    "a command in a container": (
        0,
        """
        from contract import Client
        class Other:
            def run(self):
                assert x()
        def test_it(inside):
            inside("red").run("redis-cli", "ping")
        """,
    ),
}
CONTRACT = """
import contextlib

def x(): ...

def check(n):
    assert x() == n

def check_all():
    for n in (1, 2):
        check(n)

def eventually(f):
    f()

class Client:
    def must_ping(self):
        assert x() == "PONG"

    def raise_for_status(self):
        return self.answer.raise_for_status()

    def verify_pong(self):
        return x() == "PONG"

    @property
    def pinged(self):
        assert x() == "PONG"

@contextlib.contextmanager
def softly(errors):
    try:
        yield
    except AssertionError as error:
        errors.append(error)

@contextlib.contextmanager
def without_network_errors():
    with contextlib.suppress(OSError):
        yield

class Soft:
    def __enter__(self):
        return self

    def __exit__(self, *error):
        return True

def make_client():
    return Client()

class Contract:
    def test_it(self):
        assert x() == 1
"""
PLUGINS = {
    "bdd.py": """
import pytest, sys
from types import SimpleNamespace
def scenario(*names):
    templated_scenario = SimpleNamespace(
        render=lambda example: SimpleNamespace(steps=[SimpleNamespace(name=n) for n in names])
    )
    def decorator(fn):
        def scenario_wrapper(request):
            templated_scenario.render({})
            return fn()
        return scenario_wrapper
    return decorator
def step(text, prefix):
    def decorator(func):
        parser = SimpleNamespace(is_matching=lambda name: name == text)
        context = SimpleNamespace(step_func=func, parser=parser)
        def step_function_marker():
            return context
        fixture = pytest.fixture(name=prefix + text)(step_function_marker)
        sys._getframe(1).f_globals[prefix + text] = fixture
        return func
    return decorator
""",
    "assertpy.py": """
def assert_that(x): ...
def assert_warn(x): ...
""",
    "hamcrest.py": """
def assert_that(x): ...
""",
    "pytest_check.py": """
import pytest
class Check:
    def __getattr__(self, name):
        return print
check = Check()
@pytest.fixture(name="check")
def check_fixture():
    return check
def equal(a, b): ...
""",
}
OTHER_STEPS = """
import bdd
@bdd.step("it answers otherwise", "pytestbdd_stepdef_then_")
def answers():
    assert x() == 1
"""
LATE = """
def check_both():
    check(1)

def check(n):
    assert n == 1

def look():
    return 1

class Late:
    def must_ping(self):
        super().__init__()
        check(1)

raise RuntimeError("nobody is to import this")
"""


@pytest.mark.case("field/b34")
@pytest.mark.case("field/b35")
@pytest.mark.case("freshness/a08-asserts-nothing")
@pytest.mark.parametrize("name", SUITES)
def test_checks_are_counted_where_they_are(name: str, pytester: pytest.Pytester) -> None:
    wanted, text = SUITES[name]
    pytester.makepyfile(contract=CONTRACT, late=LATE, other_steps=OTHER_STEPS)
    installed = pytester.mkdir("site-packages")
    for file, plugin in PLUGINS.items():
        (installed / file).write_text(plugin)
    pytester.syspathinsert(installed)
    pytester.makeini(f"[pytest]\n{ADDOPTS}\n")
    pytester.makeconftest('pytest_plugins = ["pytest_check"]')
    lines = text.splitlines()
    indent = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    body = "\n".join(line[indent:] for line in lines)
    items = pytester.getitems("def x(): ...\n" + body)
    assert len(items) == 1
    assert min(count_checks(items[0]), 1) == wanted
