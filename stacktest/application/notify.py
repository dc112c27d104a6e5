"""Notifies channels of changed states, each change once; an error never fails the run.

The status last sent to each channel is stored beside the key, on this machine only. It is updated
only after the channel accepted the message: a message that failed is sent by the next run.
"""

import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

from stacktest.adapters.ledger.json_files import read_json, write_json
from stacktest.adapters.ledger.state_dir import state_dir, state_path
from stacktest.adapters.notify_channels import WATCHERS, Message, Target, send, send_start
from stacktest.adapters.private_files import PRIVATE_FILE, make_private_folder
from stacktest.adapters.tls import wide_context
from stacktest.application.judge import Judge
from stacktest.config import Channel
from stacktest.core.freshness.judgement import Judgement
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.records.documents import LastRun
from stacktest.core.records.status import StatusEntry
from stacktest.core.records.strict_json import RecordError
from stacktest.core.redaction import clean
from stacktest.core.runs.changes import (
    NOT_BEGUN,
    CurrentStatus,
    News,
    ReportedStatus,
    functional,
    known,
    news,
)
from stacktest.core.secrets import secrets_of
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError, UsageError
from stacktest.printable import one_line, visible, visible_data
from stacktest.reports.export.change_message import document, text, title, why

Statuses = Mapping[str, StatusEntry] | Unknown | None


def current_status(
    judge: Judge, judgements: Mapping[str, Judgement], moment: datetime, *, is_run: bool = True
) -> CurrentStatus:
    """The status to report now: states, gate, and the cause if the stack did not come up.

    `is_run`: it is the end of a run that had begun.
    """
    evidence = judge.memory.read_all(judge.stack.services)
    runs = {name: records.last_run for name, records in evidence.items()}
    starts = {
        name: run.start
        for name, run in runs.items()
        if isinstance(run, LastRun) and run.start is not None and run.start.whole
    }
    latest = max(starts.values(), key=lambda start: start.seq, default=None)
    return CurrentStatus(
        stack=judge.stack.name,
        at=moment,
        services={name: judgement.entry for name, judgement in judgements.items()},
        gate_open=judge.gate(judgements, moment).open,
        trouble=latest.cause if latest else "",
        not_up=frozenset(starts),
        is_run=is_run,
    )


class Notifier:
    """The channels of one stack. Methods return lines to print about channels that failed."""

    def __init__(
        self,
        stack: Stack,
        channels: Iterable[Channel],
        *,
        environ: Mapping[str, str],
        status: Callable[[], Statuses],
        ca: Callable[[], Path | None] = lambda: None,
    ) -> None:
        self._stack = stack
        self._channels = tuple(channels)
        self._environ = environ
        self._status = status
        self._ca = ca
        self._before: Statuses = None
        self._begun = self._over = False
        self._problems: set[tuple[Channel, str]] = set()
        """Problems that were printed already: a missing variable stays missing during a run."""

    @classmethod
    def of_nobody(cls, stack: Stack, status: Callable[[], Statuses]) -> "Notifier":
        """A notifier without channels, for shards and copies, whose end is not reported."""
        return cls(stack, (), environ={}, status=status)

    @property
    def has_channels(self) -> bool:
        """Whether anybody is told; if not, nobody has to compute the status for it."""
        return bool(self._channels)

    def begin(self) -> list[str]:
        """Remember the current status, and signal dead-man switches that a run begins."""
        if not self._channels or self._begun:
            return []
        self._begun, self._before = True, self._status()
        return [*self._to_all(lambda _, target, context: send_start(target, context))]

    def tell(self, now: CurrentStatus) -> list[str]:
        """Send each channel the changes since its last message; watchers get one at every run.

        There is one message per run: later calls send nothing.
        """
        if self._over:
            return []
        self._over = True
        now = clean(now, secrets_of(self._stack))
        return [*self._to_all(partial(self._tell, now))]

    def tell_trouble(self, what: str, at: datetime) -> list[str]:
        """Notify that the stack did not come up, unless the run ended before `begin`."""
        return (
            self.tell(CurrentStatus(stack=self._stack.name, at=at, trouble=what))
            if self._begun
            else []
        )

    def tell_not_begun(self, why: str, at: datetime) -> list[str]:
        """Notify that no test could run, for a reason that will stop the next run as well."""
        return [*self.begin(), *self.tell_trouble(f"{NOT_BEGUN}{why}", at)]

    def try_all(self, at: datetime) -> Iterator[tuple[str, str]]:
        """Send each channel a test message; yields channel and error, empty if accepted."""
        now = CurrentStatus(stack=self._stack.name, at=at, gate_open=True)
        shown = f"{now.stack}: a test of this channel"
        message = Message(
            title=shown,
            text="Nothing has changed: `stacktest notify --test` sent this to try the channel.",
            document={**document(news(ReportedStatus(), now)), "title": shown},
            well=True,
        )
        for channel in self._channels:
            yield channel.name, self._safely(channel, partial(_send, message))

    # Private

    def _to_all(self, tell: "Tell") -> Iterator[str]:
        for channel in self._channels:
            problem = self._safely(channel, tell)
            was_told = self._was_told(channel, self._unset(channel))
            if problem and not was_told and (channel, problem) not in self._problems:
                self._problems.add((channel, problem))
                yield f"notify   {channel.name}: {problem}"

    def _unset(self, channel: Channel) -> str:
        """The first variable of the channel that is not set; empty: all are set."""
        names = filter(None, (channel.url_env, channel.token_env))
        return next((name for name in names if not self._environ.get(name, "").strip()), "")

    def _was_told(self, channel: Channel, unset: str) -> bool:
        """Whether an earlier run reported that this variable is not set; stored until it is set."""
        path = self._file(channel, "unset-")
        before = read_json(path)
        if isinstance(before, Mapping) and before.get("unset") == unset:
            return bool(unset)
        if unset or before is not None:
            self._write(path, {"unset": unset})
        return False

    def _safely(self, channel: Channel, tell: "Tell") -> str:
        """The error of sending to the channel; empty if the message was accepted."""
        target = self._target(channel)
        if isinstance(target, Unknown):
            return target.why
        try:
            # The first start of a stack may have created its CA since the last message.
            return tell(channel, target, wide_context(self._ca()))
        except StacktestError as error:
            return error.what

    def _target(self, channel: Channel) -> Target | Unknown:
        secrets: dict[str, str] = {}
        for key, name in (("url", channel.url_env), ("token", channel.token_env)):
            value = self._environ.get(name, "").strip() if name else ""
            if name and not value:
                return Unknown(f"{name} is not set")
            if not value.isascii() or not value.isprintable():
                return Unknown(f"{name} holds letters that no address can hold")
            secrets[key] = value
        group = channel.group or self._stack.name
        return Target(kind=channel.kind, group=group, each=channel.each, **secrets)

    def _tell(
        self, now: CurrentStatus, channel: Channel, target: Target, context: ssl.SSLContext
    ) -> str:
        before = self._known(channel)
        changes = news(before, now)
        if not changes and channel.kind not in WATCHERS:
            return ""
        problem = send(target, _message(changes), context)
        self._keep(channel, before if problem else known(before, now))
        return problem

    def _known(self, channel: Channel) -> ReportedStatus:
        """The status last sent to this channel; without a record, the status before this run."""
        document = read_json(self._file(channel))
        if document is not None and not isinstance(document, Unknown):
            try:
                return ReportedStatus.from_dict(document)
            except RecordError:
                # At worst a person is notified twice of a service that works.
                return ReportedStatus()
        if self._before is None or isinstance(self._before, Unknown):
            return ReportedStatus()
        return ReportedStatus(functional=functional(self._before))

    def _keep(self, channel: Channel, what: ReportedStatus) -> None:
        self._write(self._file(channel), what.to_dict())

    def _write(self, path: Path, value: dict[str, Json]) -> None:
        # At worst a person is notified twice of a service that works.
        with suppress(UsageError):
            make_private_folder(state_dir(self._stack.root) / path.parent.name)
            write_json(path, value, mode=PRIVATE_FILE)

    def _file(self, channel: Channel, what: str = "") -> Path:
        return state_path(self._stack.root, "told", f"{what}{channel.kind}-{channel.url_env}.json")


Tell = Callable[[Channel, Target, ssl.SSLContext], str]


def _send(message: Message, _: Channel, target: Target, context: ssl.SSLContext) -> str:
    return send(target, message, context)


def _message(changes: News) -> Message:
    return Message(
        title=one_line(title(changes)),
        text=visible(text(changes)),
        document=visible_data(document(changes)),
        well=changes.now.well,
        services={
            name: "" if entry.functional else one_line(why(entry.state, entry.reasons))
            for name, entry in changes.now.services.items()
        },
    )
