"""A recording becomes a suite: with a recorder that is not one, and with Playwright's own."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from stacktest.adapters.browser import network_namespace
from stacktest.adapters.names import NameMap
from stacktest.adapters.suites import Suites, locate_suites
from stacktest.application.record import WrittenRecording, record_service
from stacktest.config import Config
from stacktest.config.sections import Person
from stacktest.core.model import Service, Stack
from stacktest.core.route import Route
from stacktest.errors import ToolMissingError, UsageError
from tests.faults.throwaway import free_port
from tests.support.tls_servers import HOST, Pki

REPOSITORY = Path(__file__).parents[2]
SITE = f"https://{HOST}"
RECORDED = f"""\
import re
from playwright.sync_api import Page, expect


def test_example(page: Page) -> None:
    page.goto("{SITE}/login")
    page.get_by_role("textbox", name="Password").fill("hunter2")
    expect(page.get_by_text("Welcome")).to_be_visible()
"""


@dataclass(kw_only=True)
class Recorded:
    """A stack with one page, as a recording sees it."""

    root: Path
    names: NameMap
    readable_ca: Path | None = None
    config: Config = field(init=False)
    stack: Stack = field(init=False)

    def __post_init__(self) -> None:
        people = {"admin": Person(user="admin", password_file="secret")}
        self.config = Config(root=self.root, people=people)
        self.stack = Stack(
            name="t",
            root=self.root,
            services={"app": Service(name="app"), "db": Service(name="db")},
            routes=(Route(host=HOST, service="app"),),
        )

    @property
    def suites(self) -> Suites:
        return locate_suites(self.root, ())


@pytest.fixture
def project(tmp_path: Path) -> Recorded:
    (tmp_path / "secret").write_text("hunter2\n")
    (tmp_path / "suites/phase1").mkdir(parents=True)
    mark = 'import pytest\n\npytestmark = pytest.mark.service("app")\n'
    (tmp_path / "suites/phase1/test_app.py").write_text(mark)
    return Recorded(root=tmp_path, names=NameMap(hosts=(HOST,), doors={443: ("127.0.0.1", 1)}))


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A program in the place of Python that notes how it was called, and writes a recording."""
    program, notes = tmp_path / "python", tmp_path / "notes"
    program.write_text(
        f"#!{sys.executable}\n"
        "import os, sys\n"
        f"open({str(notes)!r}, 'w').write('\\n'.join([*sys.argv[1:], os.environ['HOME'], os.environ['PWTEST_CLI_EXECUTABLE_PATH'], os.getcwd()]))\n"
        f"open(sys.argv[sys.argv.index('--output') + 1], 'w').write({RECORDED!r})\n"
    )
    program.chmod(0o755)
    (tmp_path / "bin").mkdir()
    browser = tmp_path / "bin/chromium"
    browser.write_text("#!/bin/sh\n")
    browser.chmod(0o755)
    monkeypatch.setattr("stacktest.adapters.browser.chromium.playwright_build", lambda: "")
    monkeypatch.setattr("stacktest.adapters.browser.recorder.sys.executable", str(program))
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setattr(
        network_namespace, "in_own_network", lambda program, **_: f"{program} apart"
    )
    monkeypatch.setenv("DISPLAY", ":77")
    return notes


def test_the_recorder_gets_names_trust_and_browser_and_its_output_becomes_a_suite(
    project: Recorded, recorder: Path, tmp_path: Path
) -> None:
    written = record_service(project, "app", path="/login")
    module, *argv, home, browser, folder = recorder.read_text().splitlines()[1:]
    assert (module, argv[:4]) == ("-m", ["playwright", "codegen", "--target", "python-pytest"])
    assert argv[-1] == f"{SITE}/login"
    assert argv[argv.index("--proxy-server") + 1].startswith("http://127.0.0.1:")
    assert browser == f"{tmp_path}/bin/chromium apart"
    assert not Path(home).exists(), "its home is left behind"
    assert Path(folder).parent == Path(home).parent
    assert written.file == tmp_path / "suites/phase1/test_app_recorded.py"
    assert (written.suite.missing, written.suite.kept) == ((), ())
    text = written.file.read_text()
    assert "hunter2" not in text
    assert 'page.goto(f"{SITE}/login")' in text
    assert '.fill(person("admin").password)' in text


def test_a_window_that_is_reached_by_tcp_stays_in_the_network_of_this_machine(
    project: Recorded, recorder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DISPLAY", "localhost:10.0")
    record_service(project, "app")
    assert f"{tmp_path}/bin/chromium" in recorder.read_text().splitlines()


def test_a_second_recording_gets_another_file(project: Recorded, recorder: Path) -> None:
    files = [record_service(project, "app").file.name for _ in range(3)]
    assert files == [f"test_app_recorded{end}.py" for end in ("", "_2", "_3")]
    assert recorder.exists()


def test_a_file_that_exists_is_never_replaced(
    project: Recorded, recorder: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.py"
    mine.write_text("precious")
    with pytest.raises(UsageError, match="exists"):
        record_service(project, "app", output=mine)
    assert mine.read_text() == "precious"
    assert not recorder.exists(), "the window was opened in vain"


def test_without_a_screen_the_reason_and_the_command_for_elsewhere(
    project: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(ToolMissingError, match="no window can be opened here") as caught:
        record_service(project, "app")
    assert "ssh -X" in caught.value.hint
    assert "record app" in caught.value.hint


def test_a_service_without_a_page_is_refused(project: Recorded, recorder: Path) -> None:
    with pytest.raises(UsageError, match="'db' has no host name"):
        record_service(project, "db")
    assert not recorder.exists()


def test_a_name_that_leads_nowhere_is_refused_with_the_command_that_helps(
    project: Recorded, recorder: Path
) -> None:
    project.names = NameMap(hosts=(HOST,))
    with pytest.raises(UsageError, match="leads nowhere now") as caught:
        record_service(project, "app")
    assert caught.value.hint == "stacktest up app"
    assert not recorder.exists()


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A display that nobody looks at."""
    if not shutil.which("Xvfb") or not shutil.which("chromium"):
        pytest.skip("needs Xvfb and a Chromium with a window: make measuring")
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        assert server.stdout is not None
        monkeypatch.setenv("DISPLAY", f":{server.stdout.readline().decode().strip()}")
        yield
        server.terminate()


def network_of(process: Path) -> list[str]:
    """Goes before a program that is to see the network of the browser whose number is written."""
    deadline = time.monotonic() + 60
    while not (process.exists() and process.read_text()):
        assert time.monotonic() < deadline, "the recorder started no browser"
        time.sleep(0.05)
    of_a_user = ["--user", "--preserve-credentials"] if os.geteuid() != 0 else []
    return ["nsenter", f"--target={process.read_text().strip()}", "--net", *of_a_user, "--"]


@pytest.mark.real_browser
def test_playwrights_recorder_opens_the_page_by_its_name_and_writes_what_was_done(
    project: Recorded, pki: Pki, screen: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The person is a program that sends clicks to the recorder's window, in the browser's network."""
    project.names = NameMap(
        hosts=(HOST,), domain="stack.local", doors={443: ("127.0.0.1", pki.ports["good"])}
    )
    project.readable_ca = pki.ca
    port = free_port()
    wrapper = tmp_path / "bin/chromium"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f"#!/bin/sh\necho $$ > {tmp_path}/process\n"
        f'exec {shutil.which("chromium")} --remote-debugging-port={port} "$@"\n'
    )
    wrapper.chmod(0o755)
    monkeypatch.setattr("stacktest.adapters.browser.chromium.playwright_build", lambda: "")
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    written: list[WrittenRecording] = []
    recording = threading.Thread(
        target=lambda: written.append(record_service(project, "app", path="/x"))
    )
    recording.start()
    person = [sys.executable, "-m", "tests.support.recorder_person", str(port)]
    person += [f"{SITE}/x", f"GET {HOST} /x"]
    subprocess.run([*network_of(tmp_path / "process"), *person], cwd=REPOSITORY, check=True)
    recording.join(timeout=60)
    text = written[0].file.read_text()
    assert 'page.goto(f"{SITE}/x")' in text
    assert f'page.get_by_text("GET {HOST} /x").click()' in text
    assert "pytest.fail(" in text
    assert not written[0].suite.has_check
