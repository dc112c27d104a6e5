"""Reads and writes JSON documents; a write is atomic, and skipped if the content is equal."""

import json
from pathlib import Path

from stacktest.adapters.atomic_write import write_atomically, writing
from stacktest.adapters.plain_files import read_plain_text
from stacktest.core.json_data import Json
from stacktest.core.unknown import Unknown


def read_text(path: Path) -> str | Unknown | None:
    """The text of a file; None if it does not exist; Unknown with the reason if unreadable."""
    try:
        return read_plain_text(path)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return None
    except UnicodeDecodeError:
        return Unknown(f"{path.name} is not UTF-8")
    except OSError as error:
        return Unknown(f"{path.name} cannot be read: {error.strerror}")


def read_json(path: Path) -> Json | Unknown | None:
    """The document; None if the file does not exist; Unknown if it is unreadable or not JSON."""
    text = read_text(path)
    return text if text is None or isinstance(text, Unknown) else parse(text, path.name)


def parse(text: str, name: str) -> Json | Unknown:
    """The document in `text`; Unknown where it is not JSON, or names a key twice."""
    if not text.strip():
        return Unknown(f"{name} is empty")
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        return Unknown(f"{name} is not valid JSON: {error}")
    return Unknown(f"{name} is null") if document is None else document


def text_of(document: Json) -> str:
    """The document as text: indented by two spaces, LF, ASCII, with a final newline."""
    return json.dumps(document, indent=2) + "\n"


def compact_line(document: Json) -> str:
    """The document as one line of a `.jsonl` file, without optional white space."""
    return json.dumps(document, separators=(",", ":")) + "\n"


def write_text(path: Path, text: str, *, mode: int = 0o644) -> bool:
    """Replace the file atomically; False if it has exactly this text already."""
    if read_text(path) == text:
        return False
    with writing(path, _ELSEWHERE):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text, mode=mode)
    return True


def write_json(path: Path, document: Json, *, mode: int = 0o644) -> bool:
    """Replace the document atomically; False if the file has exactly this text already."""
    return write_text(path, text_of(document), mode=mode)


# Private

_ELSEWHERE = (
    "give yourself the right to write there, or name another place under [stack]: "
    "`status` and `ledger`"
)


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    document = dict(pairs)
    if len(document) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice!r} is there twice")
    return document


def _refuse(constant: str) -> Json:
    raise ValueError(f"{constant} is not JSON")
