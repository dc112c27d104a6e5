"""The exit code that a verb decides on is the one that the shell sees."""

import sys

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
