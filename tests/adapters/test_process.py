"""Programs are run as lists, their ends are answers, and what is absent is named."""

import os
import sys
import time
from pathlib import Path

import pytest

from stacktest.adapters import process
from stacktest.errors import StacktestError, ToolMissingError


def test_run_answers_code_and_both_streams() -> None:
    done = process.run(["sh", "-c", "cat; echo err >&2; exit 4"], input="fed")
    assert (done.code, done.out, done.err) == (4, "fed", "err\n")
    assert done.command == "sh -c 'cat; echo err >&2; exit 4'"


def test_nothing_is_read_from_our_own_input() -> None:
    assert process.run(["cat"], timeout=5).out == ""


def test_check_insists_on_code_0_and_quotes_the_last_lines() -> None:
    with pytest.raises(StacktestError) as caught:
        process.check(["sh", "-c", "echo lost; exit 2"])
    assert caught.value.lines() == [
        "error: sh ended with code 2: lost",
        "  at: sh -c 'echo lost; exit 2'",
    ]


def test_a_program_that_is_absent_is_a_tool_missing() -> None:
    with pytest.raises(ToolMissingError) as caught:
        process.run(["nosuchprogram", "--version"])
    assert caught.value.exit_code == 12
    assert caught.value.lines()[0] == "error: nosuchprogram is not installed or not on PATH"


def test_a_folder_that_is_absent_is_not_a_tool_missing(tmp_path: Path) -> None:
    with pytest.raises(StacktestError, match="does not exist") as caught:
        process.run(["true"], cwd=tmp_path / "nowhere")
    assert not isinstance(caught.value, ToolMissingError)


def test_a_program_that_does_not_end_is_ended() -> None:
    begun = time.monotonic()
    with pytest.raises(StacktestError, match="did not end within"):
        process.run(["sleep", "30"], timeout=0.1)
    assert time.monotonic() - begun < 10


@pytest.mark.skipif(not Path("/proc/1/stat").exists(), reason="this system has no /proc")
def test_what_it_started_is_ended_as_well(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with pytest.raises(StacktestError, match="did not end within"):
        process.run(["sh", "-c", f"sh -c 'sleep 30; true' & echo $! > {note}; wait"], timeout=0.5)
    started = Path(f"/proc/{int(note.read_text())}")
    deadline = time.monotonic() + 5
    while started.exists() and "(zombie)" not in (started / "status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_environment_is_replaced() -> None:
    done = process.run(
        [sys.executable, "-c", "import os; print(os.getenv('HOME'))"], env={"A": "b"}
    )
    assert done.out == "None\n"


def test_a_detached_program_has_a_session_of_its_own_and_a_pipe(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = "import os, sys; print(os.getsid(0) == os.getpid(), sys.stdin.read(), flush=True)"
    child = process.spawn_detached([sys.executable, "-c", code], log=log)
    child.pipe.write(b"until the end")
    child.pipe.close()
    os.waitpid(child.pid, 0)
    assert log.read_text() == "True until the end\n"


def test_no_argument_shows_in_a_representation() -> None:
    result = process.run(["true", "--requirepass=hunter2-Correct"])
    assert "hunter2" not in repr(result)
