"""Hostile strings in every place that others can write, through every output.

    python -m campaigns.strings

Each string stands in reasons, names of tests, images, labels, versions, commits, warnings and errors
of a stack; each output is then read as its reader would: a terminal, a CI system, a browser, a forge,
a parser of JSON, XML or metrics.
"""

import contextlib
import io
import json
import re
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from click.testing import CliRunner

from campaigns.common import Options, Report, main
from stacktest import docs_macros
from stacktest.adapters.startup.failure_report import NotReadyError
from stacktest.application import notify
from stacktest.application.evidence_folder import write_evidence
from stacktest.bootstrap import context, recorded_runs, report_source
from stacktest.cli import cli
from stacktest.core.changed_copy import replace
from stacktest.core.freshness.gate import Blocker, Gate
from stacktest.core.freshness.states import State
from stacktest.core.model import Service, Stack
from stacktest.core.records.common import ContainerRef
from stacktest.core.runs.changes import CurrentStatus, ReportedStatus, news
from stacktest.errors import UsageError
from stacktest.printable import printable, visible
from stacktest.reports.export import allure, docs_data, junit
from stacktest.reports.report_data import Board
from stacktest.reports.terminal.gate import gate_lines
from stacktest.reports.terminal.progress_display import ProgressDisplay
from stacktest.reports.terminal.run import failure_lines
from tests.support.board import build_board

STRINGS: Mapping[str, str] = {
    "clear screen": "a\x1b[2J\x1b[Hb",
    "title": "a\x1b]0;OWNED\x07b",
    "clipboard": "a\x1b]52;c;Y3VybA==\x07b",
    "link": "\x1b]8;;https://evil.example\x1b\\x\x1b]8;;\x1b\\",
    "one byte controls": "a\x9b31m\x9d0;OWNED\x9cb",
    "overwriting": "failing\rfunctional\b\b",
    "direction": "a\u202egpj.exe\u2066b\u2069",
    "invisible": "a\u200b\u2060\ufeff\U000e0041b",
    "workflow command": "x\n::error::owned\n::set-output name=a::b",
    "other workflow commands": "##vso[task.setvariable]x\n##[error]y\n##teamcity[z]",
    "a line of its own": "x\ngate open\n",
    "line separators": "x\u2028y\u2029z\x85w\x0bv\x0cu",
    "mention": "@octocat and @everyone #12",
    "image": "![x](https://evil.example/p.png) [y](javascript:alert(1))",
    "table": "a | b | c `code` **bold** ~~x~~\n# heading\n- item",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&",
    "attribute": '" onmouseover="alert(1)" x=\'',
    "end of a script": "</script><!--<script>",
    "template": "{{ 7*7 }} {% raw %} ${HOME} %s %n {0}",
    "metrics": 'x"} 1\nowned{a="b\\',
    "xml": "]]><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>&a;",
    "not UTF-8": "f\udcfcr \ud83d.conf",
    "null": "a\x00b",
    "formula": "=cmd|'/C calc'!A0",
    "long": "a" * 20_000 + "\x1b[2J",
}
"""Kind → the string."""
PLANTED = re.compile(r"<script>alert|<img src=x|onmouseover=\"alert|javascript:alert\(1\)\)?\"")
RAW_MARKUP = re.compile(r"(?<!\\)!\[x\]|@octocat|@everyone|<script|<img")

Output = Callable[[str, Path], str]


def run(_: Options) -> Report:
    """Every string through every output."""
    faults, rows = list[str](), list[tuple[str, int, int]]()
    for name, (output, checks) in OUTPUTS.items():
        wrong = [f"{name}, {kind}: {why}" for kind, why in _faults(output, checks)]
        rows.append((name, len(STRINGS), len(wrong)))
        faults += wrong
    return Report(columns=("output", "strings", "faults"), rows=rows, faults=faults)


# Private, what is looked at

Check = Callable[[str], str]
"""What is wrong with a text, or empty."""


def _faults(output: Output, checks: tuple[Check, ...]) -> Iterator[tuple[str, str]]:
    for kind, text in STRINGS.items():
        with tempfile.TemporaryDirectory(prefix="strings-") as folder:
            try:
                result = output(text, Path(folder))
                result.encode("utf-8")
                whys = [why for check in checks if (why := check(result))]
            except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault of the output
                yield kind, f"{type(error).__name__}: {str(error)[:100]}"
                continue
        yield from ((kind, why) for why in whys)


def _acts(text: str) -> str:
    return "" if visible(text) == text else "holds what a terminal obeys"


def _commands(text: str) -> str:
    return "" if printable(text) == text else "holds a command of a CI system"


def _forged(text: str) -> str:
    return "a name begins a line" if "gate open" in text.splitlines() else ""


def _annotations(text: str) -> str:
    lines = text.splitlines()
    return (
        ""
        if lines and all(line.startswith("::error title=") for line in lines)
        else "a line of another kind"
    )


def _markdown(text: str) -> str:
    match = RAW_MARKUP.search(re.sub(r"`[^`]*`", "", text))
    return f"markup stands as it is: {match[0]}" if match else ""


def _html(text: str) -> str:
    match = PLANTED.search(text)
    return f"not escaped: {match[0]}" if match else ""


def _json(text: str) -> str:
    return _values_act(json.loads(text))


def _values_act(value: Any) -> str:
    if isinstance(value, str):
        return _acts(value)
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    return next((why for pair in items for part in pair if (why := _values_act(part))), "")


def _xml(text: str) -> str:
    root = ET.fromstring(text)
    return (
        ""
        if {element.tag.rpartition("}")[2] for element in root.iter()} <= _SVG
        else "another element"
    )


_SVG = {"svg", "title", "clipPath", "rect", "g", "text"}


def _metrics(text: str) -> str:
    from prometheus_client.parser import text_string_to_metric_families

    names = {
        sample.name for family in text_string_to_metric_families(text) for sample in family.samples
    }
    return (
        ""
        if names and all(name.startswith("stacktest_") for name in names)
        else f"other metrics: {names}"
    )


# Private, a stack whose every text is the string


def _board(text: str) -> Board:
    board = build_board(runs=3)
    app = Service(
        name="app", image=f"img{text}:1", labels={"stacktest.stand-in": text}, environment={"A": text}
    )  # fmt: skip
    record = board.passes["caddy"]
    run_ = replace(
        record.run, id=f"r{text}", stack=text, git_commit=text, versions={"pytest": text, text: "1"}
    )
    lines = [
        replace(
            line, service="app", run=run_.id, git_commit=text, reasons=(f"t.py::t[{text}] failed: {text}",),
            tests={f"suites/phase1_x/t{text}.py::t[{text}]": "F"},
        )
        for line in board.histories["caddy"]
    ]  # fmt: skip
    entry = replace(
        board.status["caddy"],
        state=State.FAILING,
        reasons=(f"config:conf/{text}", f"test:{text}", text),
    )
    live = (ContainerRef(container="c", image="sha256:" + "ab" * 32, started_at=text),)
    blocker = Blocker(
        service="app", state=State.FAILING, reasons=(text, f"test:{text}"), command="pytest"
    )
    timeline = board.timeline
    assert timeline is not None
    spans = tuple(replace(span, word=text) for span in timeline.boots[:2])
    tests = tuple(replace(span, name=f"t{text}.py::t[{text}]") for span in timeline.tests[:2])
    return replace(
        board,
        stack=Stack(
            name="demo", root=Path("/demo"), services={"app": app}, phases=board.stack.phases
        ),
        status={"app": entry},
        meta=replace(board.meta, warnings=(text,), versions={"stacktest": text}),
        passes={"app": replace(record, service="app", run=run_, live=live)},
        runs={"app": replace(board.runs["caddy"], service="app", run=run_, reasons=(text,))},
        histories={"app": lines},
        timeline=replace(timeline, run=run_.id, boots=spans, tests=tests),
        gate=Gate(open=False, exit_code=1, blockers=(blocker,), warnings=(text,)),
    )


def _verb(words: str) -> Output:
    def output(text: str, folder: Path) -> str:
        board = _board(text)
        ledger = SimpleNamespace(status_path=folder / "status.json")
        project = SimpleNamespace(stack=board.stack, ledger=ledger, root=folder)
        finds = mock.patch.object(context, "find_project", return_value=project)
        reads = mock.patch.object(report_source, "read_board", return_value=board)
        runs = mock.patch.object(recorded_runs, "read_runs", return_value=board.histories)
        with finds, reads, runs, contextlib.chdir(folder):
            done = CliRunner().invoke(cli, words.split())
        assert done.exit_code == 0, done.output
        files = [
            path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.is_file()
        ]
        return "".join(files) or done.output

    return output


def _terminal(text: str, _: Path) -> str:
    """What a run says in pytest's terminal."""
    stream = io.StringIO()
    writer = SimpleNamespace(hasmarkup=False, fullwidth=80, width_of_current_line=0)
    reporter = SimpleNamespace(
        config=SimpleNamespace(get_terminal_writer=lambda: writer), isatty=False, verbosity=0,
        ensure_newline=lambda: None, write_line=lambda line, **_: stream.write(f"{line}\n"),
    )  # fmt: skip
    display = ProgressDisplay(reporter, {})
    error = NotReadyError(text, where=text, hint=text, service="app", details=[f"  | {text}"])
    display.say_all(error.lines_with_code())
    told: Any = {"evidence": text, "again": text, "diagnosis": text, "command": text}
    display.say_all(failure_lines(f"t.py::t[{text}]", text, **told))
    display.not_started("app", text, [])
    display.say_all(gate_lines(_board(text).gate or Gate(open=True, exit_code=0)))
    return stream.getvalue()


def _error(text: str, _: Path) -> str:
    return str(UsageError(text, where=text, hint=text))


def _evidence(text: str, folder: Path) -> str:
    write_evidence(folder / "x.log", lambda: text, frozenset())
    return (folder / "x.log").read_text(encoding="utf-8")


def _message(text: str, _: Path) -> str:
    board = _board(text)
    now = CurrentStatus(stack="demo", at=board.now, services=board.status, trouble=text)
    message = notify._message(news(ReportedStatus(), now))
    return json.dumps([message.title, message.text, message.document, dict(message.services)])


def _properties(text: str, _: Path) -> str:
    rows = junit.properties(services=[text], phase=text, contacts=[text])
    labels = allure.labels(services=[text], phase=None)
    table = allure.properties({"a": text})
    assert table.count("\n") == 1, "a value begins a row"
    return json.dumps([rows, labels, table])


def _site(text: str, _: Path) -> str:
    data = docs_data.docs_data(_board(text).without_secrets())["stacktest"]
    return docs_macros.table(data) + docs_macros.badge(data, "app")


OUTPUTS: Mapping[str, tuple[Output, tuple[Check, ...]]] = {
    "page": (_verb("page"), (_acts, _html)),
    "badge": (_verb("export badge --service app"), (_acts, _json)),
    "badge as SVG": (_verb("export badge --svg --service app"), (_acts, _xml)),
    "CTRF": (_verb("export ctrf"), (_acts, _json)),
    "data for sites": (_verb("export docs"), (_acts, _json)),
    "in-toto": (_verb("export in-toto app"), (_acts, _json)),
    "metrics": (_verb("export metrics"), (_acts, _metrics)),
    "summary": (_verb("export summary"), (_acts, _commands, _markdown)),
    "annotations": (_verb("export summary --annotations"), (_acts, _annotations)),
    "history": (_verb("history"), (_acts, _commands, _forged)),
    "history as JSON": (_verb("history --json"), (_acts, _json)),
    "terminal of a run": (_terminal, (_acts, _commands, _forged)),
    "errors": (_error, (_acts, _commands)),
    "evidence": (_evidence, (_acts,)),
    "notifications": (_message, (_json,)),
    "JUnit and Allure": (_properties, (_json,)),
    "documentation site": (_site, (_acts, _markdown)),
}
"""Output → how it is made, and how it is looked at."""


if __name__ == "__main__":
    raise SystemExit(main("strings", run))
