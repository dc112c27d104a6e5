"""The command that clears one state of a service; it works when it is pasted.

| state              | command                                                                   |
|--------------------|---------------------------------------------------------------------------|
| drifted            | the command that applies the files, then `pytest --stale`; if another      |
|                    | container has its name, a person has to rename one of them; if an update   |
|                    | is open or was put back, `stacktest update`; if its rehearsal did not      |
|                    | pass, mend that before `stacktest update`                                  |
| error              | by its kind: remove the damaged record, check the engine, collect tests    |
| doc_stale          | acknowledge the page and commit it; if it is lost, write it                |
| doc_missing        | no command can do it: write the page                                       |
| no_tests           | no command can do it: write a test, or an exemption                        |
| any other          | `pytest --stale`; if its tests never contacted it, or one of them asserts  |
|                    | nothing, no command can do it: correct the tests first                     |

If the diagnosis of a service's last run has a command, it replaces every command that ends in
`pytest --stale`: the tests alone would fail in the same way. If a dependency or the front door is
drifted, its command replaces a mere `pytest --stale`: the tests alone would earn no pass.
"""

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from stacktest.core.compose_command import compose_command
from stacktest.core.fingerprint.fingerprint import OTHER_KEY
from stacktest.core.freshness.applying import Step, merged, steps_to_apply, typed_steps
from stacktest.core.freshness.inputs import NOT_RUN
from stacktest.core.freshness.judgement import Finding
from stacktest.core.freshness.reasons import GONE, MADE_FROM, Reason
from stacktest.core.freshness.states import State
from stacktest.core.model import Stack
from stacktest.core.records.strict_json import NEWER
from stacktest.core.runs.fold import asserts_nothing, is_unasked
from stacktest.core.runs.surroundings import drifted_before

PROVE = "pytest --stale"
EVIDENCE = {"last_pass": "last_pass.json", "last_run": "last_run.json"}


class NextStep(Struct, frozen=True, kw_only=True):
    """Makes the next command, with the paths and the Compose options of one stack."""

    stack: Stack = field(default_factory=lambda: Stack(name="", root=Path(), services={}))
    pages: str = ""
    status: str = "status.json"
    ledger: str = "data/tests"
    commands: Mapping[str, str] = field(default_factory=dict)
    """Service → the command of its last run's diagnosis, if this machine knows it and it holds."""
    drift: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Drifted service → the reasons."""

    def of(self, service: str, state: State, reasons: Iterable[str] = ()) -> str:
        """The command for a service in this state, for these reasons."""
        known = [Reason(text) for text in reasons]
        page = self.pages.replace("{service}", service) or f"the page of {service}"
        match state:
            case State.DRIFTED:
                return self._drifted(service, known)
            case State.ERROR:
                return self._typed(self._error(service, known[0] if known else Reason()))
            case State.NO_TESTS:
                return f"write a test marked service({service!r}), or an [[exempt]] entry"
            case State.DOC_MISSING | State.DOC_STALE if _is_unwritten(state, known):
                return f"write {page} and commit it"
            case State.DOC_STALE:
                commit = ["git", "commit", "-m", f"Review the page of {service}", "--", page]
                ack = f"stacktest ack {shlex.quote(service)}"
                return self._typed(f"{ack} && {shlex.join(commit)}" if self.pages else ack)
        return f"{_to_write(service, known)}{self._prove}"

    def out_of(self, service: str, findings: Sequence[Finding]) -> str:
        """The command that clears the first of these findings."""
        step = self._by_state(service, findings)
        if step.endswith(self._prove) and (command := self.commands.get(service)):
            # What the command mends is proved by the tests alone.
            is_enough = command.endswith(self._prove) or _ONLY_SHOWS.search(command)
            return command if is_enough else f"{command} && {self._prove}"
        if step == self._prove and (name := drifted_before(self.stack, service, self.drift)):
            # Tests alone earn no pass: they would reach a container that the files do not describe.
            return self._drifted(name, [Reason(text) for text in self.drift[name]])
        return step

    def together(self, drifted: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
        """The command of each drifted service that only has to match its files → that of all.

        Empty for fewer than two, and where another program than Compose runs the services.
        """
        own: list[str] = []
        steps: list[Step] = []
        for service, texts in sorted(drifted.items()):
            reasons = [reason for reason in map(Reason, texts) if reason.kind not in MADE_FROM]
            command = f"{self._apply(service, reasons)} && {self._prove}"
            if self._drifted(service, [Reason(text) for text in texts]) == command:
                own.append(command)
                steps += steps_to_apply(self.stack, service, reasons)
        if len(own) < _SEVERAL or self.stack.own_commands:
            return {}
        return dict.fromkeys(own, f"{typed_steps(self.stack, merged(steps))} && {self._prove}")

    def model_is_unreadable(self) -> str:
        """The command that shows what is wrong with the compose model."""
        return compose_command(self.stack, "config", "--quiet")

    # Private

    def _by_state(self, service: str, findings: Sequence[Finding]) -> str:
        """The command of the first state, or of another state that has to be cleared before tests.

        A drifted service has to match its files first, and its tests may have to be corrected.
        """
        step = self.of(service, findings[0].state, findings[0].reasons)
        if step != self._prove:
            return step
        drifted_first = sorted(findings, key=lambda finding: finding.state is not State.DRIFTED)
        is_failing = findings[0].state is State.FAILING
        for finding in drifted_first:
            other = self.of(service, finding.state, finding.reasons)
            # An update does not mend a test that fails on the present containers.
            is_update = finding.state is State.DRIFTED and not is_failing
            if other != step and (is_update or other.endswith(self._prove)):
                return other
        return step

    @property
    def _prove(self) -> str:
        return self._typed(PROVE)

    def _typed(self, command: str) -> str:
        """The command, run in the stack's folder if that is not the person's working folder."""
        folder = self.stack.far_folder
        return f"(cd {shlex.quote(folder)} && {command})" if folder else command

    def _drifted(self, service: str, reasons: list[Reason]) -> str:
        others = [reason for reason in reasons if reason.kind not in MADE_FROM]
        command = self._mended(service, others)
        made_from = next((reason for reason in reasons if reason not in others), None)
        return self._made_from(made_from, command) if made_from else command

    def _mended(self, service: str, reasons: list[Reason]) -> str:
        if unset := self._unset_variables(service, reasons):
            # Another container would run with blank values, and perhaps not at all.
            return f"set {', '.join(unset)} in .env, then: {self._typed('stacktest gate')}"
        if {reason.kind for reason in reasons} == {"name"}:
            return f"give one of the two another name, then: {self._prove}"
        updates = [reason for reason in reasons if reason.kind == "update"]
        if any(not reason.subject for reason in updates):
            return self._typed("stacktest update --continue")
        if updates:
            # An update that was put back must not simply be applied by `up`.
            return self._typed(f"stacktest update --again {shlex.quote(service)}")
        if rehearsal := next((r.subject for r in reasons if r.kind == "rehearsal"), ""):
            record = f".stacktest/rehearsals/{rehearsal}/rehearsal.json"
            update = self._typed(f"stacktest update {shlex.quote(service)}")
            return f"correct what {record} names, then: {update}"
        return f"{self._apply(service, reasons)} && {self._prove}"

    def _made_from(self, reason: Reason, command: str) -> str:
        """What can be meant if the container was made from elsewhere: to replace it, or not."""
        if reason.kind == "files":
            file = reason.subject or "the file that made it"
            return f"name {file} in [stack] compose, or leave it out: {command}"
        if reason.note == GONE:
            return command
        if not reason.subject:
            return f"judge it in the folder where it was made, or run it from here: {command}"
        there = f"(cd {shlex.quote(reason.subject)} && stacktest gate)"
        return f"judge it where it was made: {there}; or run it from here instead: {command}"

    def _unset_variables(self, service: str, reasons: list[Reason]) -> list[str]:
        """Variables that nothing sets and that leave keys of the drifted service blank."""
        if "env" not in {reason.kind for reason in reasons}:
            return []
        prefix = f"services.{service}."
        return [
            name
            for name, keys in self.stack.unset_variables.items()
            if any(key.startswith(prefix) for key in keys)
        ]

    def _apply(self, service: str, reasons: list[Reason]) -> str:
        """The Compose commands that make the container match the files."""
        return typed_steps(self.stack, steps_to_apply(self.stack, service, reasons))

    def _error(self, service: str, reason: Reason) -> str:
        match reason.kind:
            case "evidence" | "clock":
                return self._evidence(service, reason)
            case "part" if OTHER_KEY in reason.note:
                return PROVE
            case "part" | "live" | "stack" | "dependency":
                return "stacktest doctor"
            case "tests":
                by_running = reason.subject.startswith(NOT_RUN)
                return "stacktest gate --scope repo" if by_running else "pytest --collect-only -q"
            case "doc":
                return reason.partition("run: ")[2] or "git status"
        return "stacktest status" if reason else f"stacktest why {shlex.quote(service)}"

    def _evidence(self, service: str, reason: Reason) -> str:
        """Removes a damaged record, which stacktest never overwrites; then a new pass is needed."""
        name = reason.subject.partition(" ")[0]
        if "comes from another stack" in reason.subject:
            return PROVE
        if NEWER in reason:
            return "pip install --upgrade stacktest"
        if name == "status":
            return f"{shlex.join(['rm', self.status])} && stacktest status"
        if name == "last_runs":
            return f"rm .stacktest/last_runs.json && {PROVE}"
        path = f"{self.ledger}/{service}/{EVIDENCE.get(name, 'last_run.json')}"
        return f"{shlex.join(['rm', path])} && {PROVE}"


# Private

_SEVERAL = 2
_ONLY_SHOWS = re.compile(r"(?:^ss |\s(?:doctor|events|exec|logs|ls|ps|stats|top)(?:\s|$))")
"""Commands that mend nothing."""


def _is_unwritten(state: State, reasons: Iterable[Reason]) -> bool:
    """Whether there is no page that could be acknowledged."""
    return state is State.DOC_MISSING or "doc:lost" in [*reasons]


def _to_write(service: str, reasons: Iterable[Reason]) -> str:
    """What to change in the tests first, since the same tests would be refused again."""
    sentences = [reason.subject for reason in reasons if reason.kind == "run"]
    if any(map(is_unasked, sentences)):
        return f"let a test ask {service}, or say no_contact=WHY, then: "
    if any(map(asserts_nothing, sentences)):
        return f"let every test of {service} assert something, then: "
    return ""
