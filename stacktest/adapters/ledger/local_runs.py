"""Stores the newest run of each service on this machine, in a file that git does not change.

    .stacktest/last_runs.json   service → a copy of the last `last_run.json` written here

A checkout, a stash or a merge replaces the records. With this copy, a failure or a run on this
machine is not forgotten by that. A clone has no such file, and works without it.
"""

import shlex
from collections.abc import Collection, Mapping
from enum import Enum
from pathlib import Path

from stacktest.adapters.ledger.json_files import read_json, write_json
from stacktest.adapters.ledger.state_dir import state_dir, state_path
from stacktest.adapters.private_files import PRIVATE_FILE
from stacktest.core.json_data import Json
from stacktest.core.records.documents import LastPass, LastRun
from stacktest.core.records.strict_json import RecordError
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError

FILE = "last_runs.json"


Memory = Mapping[str, LastRun | Unknown] | Unknown
"""Service → its newest run here, or why that is unreadable; Unknown: the file is unreadable."""


def read_memory(root: Path) -> Memory:
    """The runs in this machine's file; empty if the file does not exist."""
    document = read_json(state_path(root, FILE))
    if document is None or isinstance(document, Unknown):
        return {} if document is None else document
    if not isinstance(document, Mapping):
        return Unknown(f"{FILE} is not a JSON object")
    return {service: _read(value) for service, value in document.items()}


def read_local_runs(root: Path) -> Mapping[str, LastRun]:
    """Service → its newest run here, without unreadable ones."""
    return readable_runs(read_memory(root))


def readable_runs(memory: Memory) -> Mapping[str, LastRun]:
    """Service → its newest run here, of those in `memory` that are readable."""
    if isinstance(memory, Unknown):
        return {}
    return {service: run for service, run in memory.items() if isinstance(run, LastRun)}


def damage_of(memory: Memory, service: str) -> str:
    """Why the local run of a service cannot be read; empty if it can, or if there is none."""
    run = memory if isinstance(memory, Unknown) else memory.get(service)
    return run.why if isinstance(run, Unknown) else ""


def save_local_runs(root: Path, records: Mapping[str, LastRun]) -> None:
    """Store these runs beside those of other services; EvidenceError if the file is unreadable."""
    if not records:
        return
    document = read_json(state_path(root, FILE))
    if isinstance(document, Unknown) or not isinstance(document, Mapping | None):
        path = state_path(root, FILE)
        raise EvidenceError(
            f"{FILE} cannot be read and is not replaced",
            where=str(path),
            hint=f"look at it and remove it: rm {shlex.quote(str(path))}",
        )
    new = {service: run.to_dict() for service, run in records.items()}
    runs = dict(sorted({**(document or {}), **new}.items()))
    write_json(state_dir(root) / FILE, runs, mode=PRIVATE_FILE)


def newer_run(committed: LastRun, local: LastRun | None) -> LastRun:
    """The record, or this machine's later run of the same service and stack."""
    if local is None:
        return committed
    match _order(local, committed):
        case _Order.UNRELATED | _Order.OLDER:
            return committed
        case _Order.SAME_RUN:
            return committed if committed.is_finished and not local.is_finished else local
        case _Order.SAME_NUMBER:
            return committed if _has_failed(committed) and not _has_failed(local) else local
        case _Order.NEWER:
            return local


def missing_run(
    committed: LastRun | Unknown | None, local: LastRun | None, known: Collection[str]
) -> LastRun | None:
    """The local newest run, if the records were replaced by ones that do not include it.

    `known` are the runs of the history. Only a run with a verdict or failure counts: the loss of
    another changes no state. If the record has a higher number, the run is missing unless the
    history has it, as it does when another clone continued from there.
    """
    if local is None or not isinstance(committed, LastRun):
        return None
    if local.verdict not in ("passed", "failed") and not _has_failed(local):
        return None
    match _order(local, committed):
        case _Order.UNRELATED | _Order.SAME_RUN:
            return None
        case _Order.OLDER | _Order.SAME_NUMBER:
            is_held = local.run.id in known or local.run.id == committed.run.id
            return None if is_held else local
        case _Order.NEWER:
            return local


def is_cut_short(local: LastRun | None, last_pass: LastPass | Unknown | None) -> bool:
    """Whether the run that passed was killed here before its line of the history was written.

    Such a run knew of all lines in the history.
    """
    if local is None or not isinstance(last_pass, LastPass):
        return False
    return local.run.id == last_pass.run.id and not local.is_finished


# Private


class _Order(Enum):
    """The order of this machine's run and the record, by their numbers."""

    UNRELATED = "unrelated"
    """They are of two services or two stacks."""
    OLDER = "older"
    """The local run has the lower number."""
    SAME_RUN = "same run"
    """Both are of one run: one of them may be from before its end."""
    SAME_NUMBER = "same number"
    """Two clones gave one number to two runs. Which is later is not known."""
    NEWER = "newer"
    """The local run has the higher number."""


def _order(local: LastRun, committed: LastRun) -> _Order:
    if (local.service, local.run.stack) != (committed.service, committed.run.stack):
        return _Order.UNRELATED
    if local.run.seq < committed.run.seq:
        return _Order.OLDER
    if local.run.id == committed.run.id:
        return _Order.SAME_RUN
    return _Order.SAME_NUMBER if local.run.seq == committed.run.seq else _Order.NEWER


def _has_failed(run: LastRun) -> bool:
    """Whether a failure is open after the run: its own, or an earlier one."""
    return run.failure is not None or run.start is not None


def _read(value: Json) -> LastRun | Unknown:
    try:
        return LastRun.from_dict(value)
    except RecordError as error:
        return Unknown(f"{FILE}: {error}")
