"""What a person meets at the prompt: help, mistakes, completion, colour, and what programs get."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.core import Command
from click.testing import CliRunner

from stacktest import cli
from stacktest.cli.colour import painted
from stacktest.cli.group import Verbs
from stacktest.cli.terminal import wants_colour
from stacktest.core.freshness.states import State
from stacktest.errors import StacktestError
from tests.support.terminal import Terminal, plain

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent / "stacktest"


def commands(
    group: Command | Verbs = cli.cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from commands(command, (*path, name))


@pytest.fixture
def ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """`ask("gate", "--json")`: exit code, standard output and errors, in this process."""

    def ask(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["stacktest", *words])
        # However pytest itself was started: the command is the installed one.
        monkeypatch.setattr(sys.modules["__main__"], "__package__", None)
        with pytest.raises(SystemExit) as end:
            cli.main()
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return end.value.code, said.out, said.err

    return ask


# Help


@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_help_is_never_cut(path: tuple[str, ...], columns: int) -> None:
    done = CliRunner().invoke(cli.cli, [*path, "--help"], terminal_width=columns)
    assert done.exit_code == 0
    assert "..." not in done.output.replace("]...", "")
    assert max(map(len, done.output.splitlines())) <= columns


def test_each_command_has_one_line_in_the_help_of_an_ordinary_terminal() -> None:
    done = CliRunner().invoke(cli.cli, ["--help"], terminal_width=80)
    listed = done.output.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in listed] == sorted(cli.cli.commands)


def test_the_readme_shows_the_help() -> None:
    done = CliRunner().invoke(cli.cli, ["--help"], terminal_width=80, prog_name="stacktest")
    shown = (ROOT / "README.md").read_text().partition("$ stacktest --help\n")[2]
    assert shown.partition("```")[0] == done.output


# Mistakes


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        (["gaet"], ["error: no command 'gaet'", "  at: stacktest", "  hint: did you mean 'gate'?"]),
        (
            ["config", "shwo"],
            ["error: no command 'shwo'", "  at: stacktest config", "  hint: did you mean 'show'?"],
        ),
        (
            ["gate", "--offlien"],
            [
                "error: no option '--offlien'",
                "  at: stacktest gate",
                "  hint: did you mean '--offline'?",
            ],
        ),
        (
            ["gate", "-f", "/srv/shop/compose.yaml"],
            [
                "error: no option '-f'",
                "  at: stacktest gate",
                "  hint: name the folder of the stack: --stack DIR",
            ],
        ),
        (
            ["--stack", "/srv/shop", "gate"],
            [
                "error: no option '--stack'",
                "  at: stacktest",
                "  hint: write it after the verb: stacktest status --stack DIR",
            ],
        ),
        (
            ["status", "wiki"],
            [
                "error: Got unexpected extra argument (wiki)",
                "  at: stacktest status",
                "  hint: it judges all services; of a single one: stacktest why wiki",
            ],
        ),
        (
            ["zzz"],
            ["error: no command 'zzz'", "  at: stacktest", "  hint: stacktest --help"],
        ),
        (
            ["why"],
            [
                "error: Missing argument 'SERVICE'",
                "  at: stacktest why",
                "  hint: stacktest why --help",
            ],
        ),
        (
            ["status", "--format", "xml"],
            [
                "error: Invalid value for '--format': 'xml' is not one of 'text', 'md', 'json'",
                "  at: stacktest status",
                "  hint: stacktest status --help",
            ],
        ),
    ],
    ids=lambda value: " ".join(value) if len(value) < 3 else "",
)
def test_a_mistake_is_told_with_the_nearest_name(
    ask: Callable[..., tuple[int, str, str]], words: list[str], lines: list[str]
) -> None:
    code, out, err = ask(*words)
    assert (code, out, err.splitlines()) == (2, "", lines)


@pytest.mark.parametrize("words", [[], ["config"], ["export"]])
def test_without_a_verb_the_help_is_shown(
    ask: Callable[..., tuple[int, str, str]], words: list[str]
) -> None:
    code, out, err = ask(*words)
    assert (code, out) == (2, "")
    assert err.startswith(f"{' '.join(['Usage: stacktest', *words])} [OPTIONS] COMMAND")
    assert "\n\nCommands:\n  " in err


@pytest.mark.real_docker
def test_a_service_that_does_not_exist(
    ask: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    (tmp_path / "compose.yaml").write_text("services: {redis: {image: redis}}")
    (tmp_path / "stacktest.toml").write_text("")
    code, _, err = ask("why", "--stack", str(tmp_path), "reddis")
    assert code == 2
    assert "  hint: did you mean 'redis'?" in err.splitlines()
    assert err.splitlines()[-1] == "  code: SK-USAGE"


# Exit codes


def kinds(base: type[StacktestError] = StacktestError) -> Iterator[type[StacktestError]]:
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.__name__)
def test_an_error_ends_with_its_exit_code_and_its_name(
    ask: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    kind: type[StacktestError],
) -> None:
    @click.command()
    def fails() -> None:
        raise kind("it cannot be", where="here", hint="go there")

    monkeypatch.setitem(cli.cli.commands, "fails", fails)
    code, out, err = ask("fails")
    assert code == kind.exit_code
    assert out == ""
    assert err.splitlines() == [
        "error: it cannot be",
        "  at: here",
        "  hint: go there",
        f"  code: {kind.default_code}",
    ]


@pytest.mark.parametrize(
    ("raised", "code", "first"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (ZeroDivisionError("x"), 70, "error: a bug in stacktest: ZeroDivisionError: x"),
    ],
)
def test_what_is_no_error_of_ours(  # noqa: PLR0917
    ask: Callable[..., tuple[int, str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    raised: BaseException,
    code: int,
    first: str,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    @click.command()
    def fails() -> None:
        raise raised

    monkeypatch.setitem(cli.cli.commands, "fails", fails)
    ended, _, err = ask("fails")
    assert (ended, err.strip().splitlines()[0]) == (code, first)
    assert "Traceback" not in err


# Colour


@pytest.mark.parametrize("state", list(State))
def test_a_state_has_a_colour_and_keeps_its_word(state: State) -> None:
    line = f"redis  {state.value}  2026-01-01"
    assert painted(line) != line
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted(line)) == line


def test_a_part_of_a_name_has_none() -> None:
    assert painted("redis  config:changed.conf") == "redis  config:changed.conf"
    assert painted("the error is elsewhere: error") != ""


TTY = type("Tty", (), {"isatty": lambda _: True})()
PIPE = type("Pipe", (), {"isatty": lambda _: False})()


@pytest.mark.parametrize(
    ("stream", "environ", "colour"),
    [
        (TTY, {}, True),
        (TTY, {"CI": "1"}, False),
        (TTY, {"NO_COLOR": "1"}, False),
        (TTY, {"TERM": "dumb"}, False),
        (PIPE, {}, False),
        (PIPE, {"FORCE_COLOR": "1"}, True),
        (PIPE, {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_who_gets_colour(stream: object, environ: dict[str, str], colour: bool) -> None:
    assert wants_colour(stream, environ) is colour


@pytest.mark.processes
@pytest.mark.parametrize(
    ("environ", "controls"),
    [({}, {"m"}), ({"CI": "1"}, set()), ({"NO_COLOR": "1"}, set()), ({"TERM": "dumb"}, set())],
    ids=str,
)
def test_an_error_on_a_real_terminal(
    environ: dict[str, str], controls: set[str], tmp_path: Path
) -> None:
    with Terminal([str(BIN), "gaet"], cwd=tmp_path, environ=environ) as terminal:
        assert terminal.finish() == 2
    assert terminal.controls == controls
    assert terminal.seen.splitlines()[0] == "error: no command 'gaet'"


@pytest.mark.processes
def test_an_error_in_a_pipe(tmp_path: Path) -> None:
    done = subprocess.run(
        [BIN, "gaet"], cwd=tmp_path, env=plain({}), capture_output=True, check=False
    )
    assert b"\x1b" not in done.stderr


# Completion


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a status of two services."""
    (tmp_path / "stacktest.toml").write_text("")
    status = tmp_path / "docs/_data/status.json"
    status.parent.mkdir(parents=True)
    entry = {
        "status": "untested", "fingerprint": None, "last_change": None, "last_test_pass": None,
        "spoke_updated": None, "functional": False, "documented": False,
    }  # fmt: skip
    status.write_text(json.dumps({"redis": entry, "grafana": entry}))
    return tmp_path


@pytest.mark.processes
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["stacktest", "ga"], ["gate"]),
        (["stacktest", "gate", "--of"], ["--offline"]),
        (["stacktest", "why", "re"], ["redis"]),
        (["stacktest", "config", "s"], ["schema", "show"]),
        (["stacktest", "completion", ""], ["bash", "zsh", "fish"]),
    ],
    ids=" ".join,
)
def test_bash_completes(folder: Path, typed: list[str], offered: list[str]) -> None:
    script = f"""
        eval "$(stacktest completion bash)"
        COMP_WORDS=({" ".join(word or "''" for word in typed)})
        COMP_CWORD={len(typed) - 1}
        _stacktest_completion stacktest
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        cwd=folder,
        env=plain({"PATH": f"{BIN.parent}:{os.environ['PATH']}"}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.split(), done.stderr) == (offered, "")


@pytest.mark.processes
@pytest.mark.parametrize(
    ("shell", "said", "answer"),
    [
        ("zsh", "#compdef stacktest", "plain\ngate\nDecide"),
        ("fish", "complete --no-files --command stacktest", "plain,gate\tDecide"),
    ],
)
def test_other_shells_are_given_their_script_and_its_answers(
    folder: Path, shell: str, said: str, answer: str
) -> None:
    environ = plain({"PATH": f"{BIN.parent}:{os.environ['PATH']}"})
    script = subprocess.run(
        [BIN, "completion", shell], capture_output=True, text=True, check=True, env=environ
    ).stdout
    assert said in script
    asked = {"COMP_WORDS": "stacktest ga", "COMP_CWORD": "ga" if shell == "fish" else "1"}
    done = subprocess.run(
        [BIN],
        env={**environ, **asked, "_STACKTEST_COMPLETE": f"{shell}_complete"},
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.replace("\\n", "\n").startswith(answer)


def test_no_stack_completes_to_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from stacktest.cli.completion import complete_services

    monkeypatch.chdir(tmp_path)
    context = click.Context(cli.cli)
    context.params = {"folder": ""}
    assert complete_services(context, click.Argument(["service"]), "") == []


# For programs


@pytest.mark.parametrize(
    "verb", ["status", "gate", "why", "fingerprint", "history", "plan", "doctor", "check", "names"]
)
def test_what_prints_a_list_prints_json_too(verb: str) -> None:
    options = {name for parameter in cli.cli.commands[verb].params for name in parameter.opts}
    assert "--json" in options


@pytest.mark.parametrize("verb", ["status", "doctor", "init", "gate"])
def test_a_folder_that_was_removed_is_named(
    verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    monkeypatch.setenv("PWD", str(folder))
    monkeypatch.setattr(sys, "argv", ["stacktest", verb])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 2
    shown = capsys.readouterr().err
    assert "does not exist any more" in shown
    assert str(folder) in shown
    assert "--stack DIR" in shown


STREAMS = """
import sys
from pathlib import Path

import click

from stacktest import cli
from stacktest.cli.output import print_json, say, say_text


@click.command()
def ends() -> None:
    with Path("kept").open("w") as kept:
        for number in range(2000):
            say(f"line {number}")
            say_text(f"line {number}\\n")
            print_json({"line": number})
        kept.write("whole")
    sys.exit(1)


cli.cli.commands["ends"] = ends
sys.argv = ["stacktest", "ends"]
cli.main()
"""


@pytest.mark.processes
@pytest.mark.parametrize("shell", ["{} | head -1", "{} | true", "{} >&-", "{} <&- >&-", "{} 2>&-"])
def test_a_stream_that_is_closed_changes_nothing_of_the_verdict(shell: str, tmp_path: Path) -> None:
    (tmp_path / "ends.py").write_text(STREAMS)
    line = shell.format(f"{sys.executable} ends.py")
    done = subprocess.run(
        ["bash", "-c", f"{line}; exit ${{PIPESTATUS[0]}}"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(cli.__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert (tmp_path / "kept").read_text() == "whole"
