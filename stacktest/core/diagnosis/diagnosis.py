"""A diagnosis: the service at fault, the cause, and a command that repairs or inspects it."""

import re
import shlex

from msgspec import Struct

from stacktest.core.diagnosis.facts import SourceLine


class Diagnosis(Struct, frozen=True, kw_only=True):
    """One sentence about the cause of a failure, and what to do."""

    service: str
    """The service at fault."""
    sentence: str
    command: str = ""
    """A shell command that works when it is pasted."""
    before: str = ""
    """What a person has to do before the command, where a command cannot."""
    witness: str = ""
    """The service whose log shows the cause; empty: `service`."""

    @property
    def hint(self) -> str:
        """What to do, as one line."""
        return ", then: ".join(part for part in (self.before, self.command) if part)


def edit_command(line: SourceLine | None, old: str, new: str) -> str:
    """The `sed` that replaces `old` by `new`; empty if `old` is not exactly once in the line."""
    if line is None or not old:
        return ""
    before = r"(?<![\w.-])" if old[0].isalnum() else ""
    after = r"(?![\w-])" if old[-1].isalnum() else ""
    whole = re.findall(before + re.escape(old) + after, line.text)
    if len(whole) != 1 or line.text.count(old) != 1:
        return ""
    script = f"{line.number}s|{_escaped(old, '.[]*^$|')}|{_escaped(new, '&|')}|"
    return shlex.join(["sed", "-i", script, line.path])


def in_turn(*commands: str) -> str:
    """The commands joined by `&&`; empty if one of them is empty."""
    return " && ".join(commands) if all(commands) else ""


def shown_place(line: SourceLine | None, otherwise: str = "") -> str:
    """` (file:line)` of the line, else of `otherwise`, or empty."""
    place = line.where if line else otherwise
    return f" ({place})" if place else ""


# Private


def _escaped(text: str, signs: str) -> str:
    return "".join(f"\\{sign}" if sign in signs + "\\" else sign for sign in text)
