"""Which code is plain: its tests follow from its text, so that an inventory of them can be kept."""

import ast
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from stacktest.pytest_plugin.plain_code import first_act

PLAIN = {
    "imports and marks": """
import json, sys
from pathlib import Path
import pytest
pytestmark = [pytest.mark.service("web"), pytest.mark.flaky]
HERE = Path(__file__).resolve().parent / "data"
NAMES = sorted({"b", "a"}) + "c d".split()
if sys.version_info >= (3, 8):
    MORE = ("x",)
""",
    "parameters": """
import pytest
CASES = {"one": 1, "two": 2}
@pytest.mark.parametrize(("name", "number"), CASES.items(), ids=list(CASES))
@pytest.mark.parametrize("other", [pytest.param(n, id=f"n{n}") for n in range(3)])
def test_it(name, number, other): open("/anything")
""",
    "fixtures": """
import os, random, subprocess, time
import pytest
@pytest.fixture(scope="module", params=["a", "b"], ids=str)
def thing(request):
    yield os.environ.get("HOME"), random.random(), time.time(), subprocess.run(["date"])
""",
    "records": """
from dataclasses import dataclass, field
from enum import Enum
@dataclass(frozen=True)
class Case:
    name: str
    tags: list = field(default_factory=list)
    def show(self): return open(self.name)
class Kind(Enum):
    A = "a"
ALL = [Case("x"), Case(name="y")]
ONE = Case("z")
FIRST = ONE.name
""",
    "classes and methods": """
from contextlib import contextmanager
from functools import cache
class TestThings:
    limit: int = 3
    @property
    def path(self): return open("x")
    @staticmethod
    def helper(): return 1
    def test_it(self): assert self.helper()
@contextmanager
def opened():
    yield open("x")
@cache
def rare(): return open("y")
""",
    "hooks that run later": "def pytest_runtest_setup(item): open('x')\n",
    "hooks that register": """
def pytest_addoption(parser):
    "Options of this project."
    parser.addoption("--where", default=None, choices=["a", "b"], help="a place")
    parser.addini("depth", "how deep", default="1")
def pytest_configure(config): config.addinivalue_line("markers", "heavy: takes long")
""",
    "a program as well": "def main(): pass\nif __name__ == '__main__':\n    main()\n",
    "types of any package": "import click\ndef helper(x: click.Context, y: 'z' = None) -> click.Command: ...\n",
    "an optional import": "try:\n    import tomllib\nexcept ImportError:\n    tomllib = None\n",
}
ACTS = {
    "a file": "import io\nwith_it = io.open_code\nFILE = with_it('x').close()\n",
    "a path's file": "from pathlib import Path\nTEXT = Path(__file__).with_name('x').read_text()\n",
    "a folder": "from pathlib import Path\nALL = list(Path(__file__).parent.glob('*.yaml'))\n",
    "a listing": "import os\nALL = os.listdir('.')\n",
    "whether a file exists": "from pathlib import Path\nHAS = Path(__file__).exists()\n",
    "a variable": "import os\nNAME = os.environ['HOME']\n",
    "a variable, imported": "from os import environ\nNAME = environ.get('HOME')\n",
    "a variable by a function": "import os\nNAME = os.getenv('HOME')\n",
    "the clock": "import datetime\nNOW = datetime.datetime.now()\n",
    "the day": "from datetime import date\nTODAY = date.today()\n",
    "another clock": "import time\nNOW = time.time()\n",
    "the time zone": "import time\nZONE = time.timezone\n",
    "chance": "import random\nN = random.random()\n",
    "a program": "import subprocess\nOUT = subprocess.run(['date'])\n",
    "a name of this machine": "import socket\nNAME = socket.gethostname()\n",
    "the arguments": "import sys\nWORDS = sys.argv\n",
    "the arguments, imported": "from sys import argv\nWORDS = argv\n",
    "a context": "import contextlib\nwith contextlib.nullcontext():\n    pass\n",
    "an own function": "def load(): return id('x')\nALL = load()\n",
    "an own decorator": "def mark(f): return f\n@mark\ndef test_it(): pass\n",
    "an own function as ids": """
import pytest
def name(x): return str(id('x'))
@pytest.mark.parametrize("x", [1], ids=name)
def test_it(x): pass
""",
    "a lambda as ids": """
import pytest
@pytest.mark.parametrize("x", [1], ids=lambda x: str(id('x')))
def test_it(x): pass
""",
    "ids by their place": """
import pytest
@pytest.mark.parametrize("x", [1], False, lambda x: str(id('x')))
def test_it(x): pass
""",
    "an own scope": "import pytest\n@pytest.fixture(scope=lambda **_: id('x'))\ndef f(): pass\n",
    "arguments by a dictionary": """
import pytest
OPTIONS = {"ids": lambda x: str(id('x'))}
@pytest.mark.parametrize("x", [1], **OPTIONS)
def test_it(x): pass
""",
    "a key": "def key(x): return id(x)\nALL = sorted(['a'], key=key)\n",
    "a hook": "def pytest_generate_tests(metafunc): pass\n",
    "a hook that registers what it reads": (
        "def pytest_configure(config): config.addinivalue_line('markers', open('m').read())\n"
    ),
    "a hook that registers elsewhere": "def pytest_configure(config): X.addinivalue_line('a', 'b')\nX = 1\n",
    "a hook that does more": (
        "def pytest_configure(config):\n    if config: config.addinivalue_line('a', 'b')\n"
    ),
    "a hook with another method": "def pytest_configure(config): config.issue_config_time_warning('a', 1)\n",
    "a hook that makes nodes": "def pytest_collect_file(file_path, parent): pass\n",
    "a module's __getattr__": "def __getattr__(name): return id(name)\n",
    "a metaclass": "class Meta(type): pass\nclass A(metaclass=Meta): pass\n",
    "a class that is told of its heirs": """
class A:
    def __init_subclass__(cls): cls.test_it = lambda self: None
class TestB(A): pass
""",
    "an object that does something": """
class A:
    def __init__(self): self.lines = id('x')
ALL = A()
""",
    "a record that does something": """
from dataclasses import dataclass
@dataclass
class A:
    name: str
    def __post_init__(self): id(self.name)
ALL = A('x')
""",
    "a default that does something": """
from dataclasses import dataclass, field
def load(): return id('x')
@dataclass
class A:
    name: list = field(default_factory=load)
ALL = A()
""",
    "a property of a record": """
from dataclasses import dataclass
@dataclass
class A:
    name: str
    @property
    def text(self): return id(self.name)
ALL = A('x').text
""",
    "a property in a loop": """
from dataclasses import dataclass
@dataclass
class A:
    name: str
    @property
    def text(self): return id(self.name)
ALL = [item.text for item in (A('x'),)]
""",
    "an Enum that does something": """
import enum
class A(enum.Enum):
    X = 1
    def __init__(self, number): id('x')
""",
    "a name with two meanings": """
def load(x): return id(x)
for str in [load]:
    ALL = str('x')
""",
    "another object's attribute": "import types\nBOX = types.SimpleNamespace()\nBOX.name = 1\n",
    "a package's value": "import pluggy\nALL = pluggy.__version__\n",
    "a package's value, imported": "from pluggy import __version__\nALL = [__version__]\n",
    "a package's function": "import click\n@click.command()\ndef main(): pass\n",
    "everything of a package": "from pluggy import *\n",
    "a default": "def helper(x=id('x')): pass\n",
    "a type that is called": "def helper(x: id('x')): pass\n",
    "code as text": "exec('ALL = id(1)')\n",
    "an import by name": "import importlib\nM = importlib.import_module('json')\n",
    "a loop until": "while True:\n    break\n",
}  # fmt: skip


@pytest.fixture
def act(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], str]:
    """A function that imports code as a module of the project, and answers its first act."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").write_text("x")
    (tmp_path / "cases.json").write_text("{}")

    def first(code: str) -> str:
        file = tmp_path / "plain_or_not.py"
        file.write_text(code)
        module = types.ModuleType("plain_or_not")
        module.__file__ = str(file)
        monkeypatch.setitem(sys.modules, "plain_or_not", module)
        exec(compile(code, str(file), "exec"), vars(module))
        return first_act(ast.parse(code), vars(module))

    return first


@pytest.mark.parametrize("code", PLAIN.values(), ids=PLAIN)
def test_code_that_only_defines_is_plain(act: Callable[[str], str], code: str) -> None:
    assert act(code) == ""


@pytest.mark.parametrize("code", ACTS.values(), ids=ACTS)
def test_code_that_does_something_is_not(act: Callable[[str], str], code: str) -> None:
    assert act(code).startswith("line ")


def test_the_line_and_the_act_are_named(act: Callable[[str], str]) -> None:
    assert act("import os\n\nNAMES = [os.getcwd()]\n") == "line 3 calls os.getcwd"
