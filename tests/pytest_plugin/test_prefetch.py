"""Compose is asked once, while pytest collects, and only in a run that asks for a stack."""

import json
import sys
import textwrap
import time

import pytest

pytestmark = pytest.mark.processes

MODEL = {"name": "shop", "services": {"app": {"image": "app:1"}}}
DOCKER = """\
#!{python}
import json, sys
said = " ".join(sys.argv[1:])
with open({log!r}, "a") as log:
    log.write(said + "\\n")
print("2.26.1" if "version" in said else json.dumps({model}))
"""
PATIENCE = 20
SLOW = f"import time; time.sleep({PATIENCE})"
LAST = """
    def pytest_collection_finish():
        # The answer is waited for later; the question has been put by now.
        import pathlib, time
        end = time.monotonic() + 20
        while "config" not in pathlib.Path({log!r}).read_text():
            assert time.monotonic() < end
            time.sleep(0.01)
        print("asked while collecting")
"""


class Asked:
    """A stack whose docker command writes down what it is asked; no engine answers."""

    def __init__(self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
        self._pytester, self.path = pytester, pytester.path
        self.log = pytester.path / "asked.log"
        self.log.touch()
        program = pytester.mkdir("bin") / "docker"
        program.write_text(
            DOCKER.format(python=sys.executable, log=str(self.log), model=json.dumps(MODEL))
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent), prepend=":")
        monkeypatch.setenv("DOCKER_HOST", f"unix://{pytester.path}/nobody.sock")
        (pytester.path / "compose.yaml").write_text("services: {app: {image: app:1}}\n")
        pytester.makeini("[pytest]\naddopts = -p no:cacheprovider --import-mode=importlib\n")
        self.test("stack", '@pytest.mark.service("app")\ndef test_it(stack): assert stack\n')
        self.test("plain", "def test_it(): assert 1\n")

    def test(self, name: str, text: str) -> None:
        (self.path / f"test_{name}.py").write_text(f"import pytest\n\n\n{text}")

    def run(self, *arguments: str) -> pytest.RunResult:
        return self._pytester.runpytest_subprocess("--stack", ".", *arguments, timeout=60)

    def questions(self) -> list[str]:
        """The last two words of each question."""
        return [" ".join(line.split()[-2:]) for line in self.log.read_text().splitlines()]


@pytest.fixture
def asked(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Asked:
    return Asked(pytester, monkeypatch)


def test_once_and_while_tests_are_collected(asked: Asked) -> None:
    (asked.path / "conftest.py").write_text(textwrap.dedent(LAST.format(log=str(asked.log))))
    done = asked.run("-s")
    done.stdout.fnmatch_lines(["*asked while collecting", "*the container engine does not answer*"])
    assert done.ret == 10
    assert asked.questions() == ["--format json", "version --short"]


@pytest.mark.parametrize("listing", ["--collect-only", "--setup-plan", "--fixtures-per-test"])
def test_by_nobody_in_a_mere_listing(asked: Asked, listing: str) -> None:
    assert asked.run(listing, "test_stack.py").ret == 0
    assert asked.questions() == []


def test_nobody_waits_for_an_answer_that_is_not_needed(asked: Asked) -> None:
    program = asked.path / "bin/docker"
    program.write_text(program.read_text().replace("import json, sys", f"{SLOW}\nimport json, sys"))
    begun = time.monotonic()
    assert asked.run("-k", "nothing").ret == 5
    assert time.monotonic() - begun < PATIENCE / 2
    assert len(asked.questions()) == 0


def test_by_nobody_without_a_test_of_the_stack(asked: Asked) -> None:
    assert asked.run("test_plain.py").ret == 0
    assert asked.questions() == []


def test_once_by_each_process_that_needs_the_answer(asked: Asked) -> None:
    assert asked.run("-n", "2").ret == 10
    # Two workers and the controlling process, which alone writes down with what it was proved.
    assert asked.questions().count("--format json") == 3
    assert asked.questions().count("version --short") == 1


def test_what_is_wrong_with_the_files_is_told_once(asked: Asked) -> None:
    (asked.path / "compose.yaml").unlink()
    done = asked.run()
    assert done.ret == 4
    assert done.stderr.str().count("no compose file here") == 1
