"""The exit code that a verb decides on is the one that the shell sees."""

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from stacktest import cli


@pytest.mark.parametrize("code", [0, 1, 11, 12])
def test_the_shell_sees_the_code_of_a_verb(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    @click.command()
    def decide() -> None:
        raise click.exceptions.Exit(code)

    monkeypatch.setitem(cli.cli.commands, "decide", decide)
    monkeypatch.setattr(sys, "argv", ["stacktest", "decide"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == code


def test_a_verb_that_only_returns_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["stacktest", "config", "schema"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 0


def test_a_wrong_option_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["stacktest", "gate", "--no-such-option"])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8:strict"])
def test_no_encoding_of_the_terminal_ends_a_command(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "stacktest.toml").write_text("[stäck…]\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from stacktest.cli import main; main()", "status", "--stack", "…"],
        cwd=tmp_path, env={**os.environ, "PYTHONIOENCODING": encoding}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert b"error: " in done.stderr
