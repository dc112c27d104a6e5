"""Stores when the stack was last judged with the result that `status.json` has already.

    .stacktest/look.json   `of`: when the document was judged; `at`: the last look, which agreed

It is a separate file, so that a look does not change a committed file. Pages and badges of this
machine use it as the age of the status. Without this file, as in a clone, the status looks older.
"""

from collections.abc import Mapping
from pathlib import Path

from stacktest.adapters.ledger.json_files import read_json, write_json
from stacktest.adapters.ledger.service_records import read_record
from stacktest.adapters.ledger.state_dir import state_dir, state_path
from stacktest.adapters.private_files import PRIVATE_FILE
from stacktest.core import timestamps
from stacktest.core.changed_copy import replace
from stacktest.core.records.status import StatusMeta, steady
from stacktest.core.unknown import Unknown

FILE = "look.json"


def read_meta(path: Path) -> StatusMeta | Unknown | None:
    """`status.meta.json` as it is in the file; None: it does not exist."""
    return read_record(read_json(path), StatusMeta.from_dict)


def settled(root: Path, old: StatusMeta, new: StatusMeta, *, asked: bool) -> StatusMeta:
    """`old` if `new` differs only by a recent time, which is then stored; else `new`."""
    settled = steady(old, new, asked=asked)
    if settled is old:
        moments = {"of": old.evaluated_at, "at": new.evaluated_at}
        document = {name: timestamps.to_text(moment) for name, moment in moments.items()}
        write_json(state_dir(root) / FILE, document, mode=PRIVATE_FILE)
    return settled


def with_look(root: Path, meta: StatusMeta | Unknown | None) -> StatusMeta | Unknown | None:
    """The document with the time of the last look, where that was at this very document."""
    document = read_json(state_path(root, FILE))
    if not isinstance(meta, StatusMeta) or not isinstance(document, Mapping):
        return meta
    if document.get("of") != timestamps.to_text(meta.evaluated_at):
        return meta
    try:
        look = timestamps.parse(document.get("at"))
    except ValueError:
        return meta
    return replace(meta, evaluated_at=max(meta.evaluated_at, look))
