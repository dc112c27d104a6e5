"""The exceptions that stacktest raises on purpose, each with what, where and the next command.

    StacktestError            exit  70   a bug in stacktest, unless a subclass says otherwise
    ├── UsageError                   2   an argument, a key or a file that the user can correct
    ├── StackNotReadyError          10   the stack did not come up; carries the cause per service
    ├── EvidenceError               11   records that are missing, unreadable, foreign or newer
    ├── ToolMissingError            12   engine, Compose, browser, certutil or git not available
    └── LockHeldError               13   another run holds the lock

Verdicts are data, not exceptions: a test that failed or a gate that is closed raises nothing.
"""

import errno
from typing import ClassVar


class StacktestError(Exception):
    """Something could not be done: `what`, `where` (file:key or command) and `hint` (next command).

    `code` is stable (`SK-…`) and has a heading in the reference. The package raises subclasses;
    this one has the exit code of a bug.
    """

    exit_code: ClassVar[int] = 70
    default_code: ClassVar[str] = "SK-BUG"

    def __init__(self, what: str, *, where: str = "", hint: str = "", code: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint
        self.code = code or self.default_code

    def lines(self) -> list[str]:
        """The message as printed: `error: what`, `  at: where`, `  hint: next command`."""
        # Every run of pytest imports this module, and few print an error.
        from stacktest.printable import one_line, printable

        first, *more = printable(self.what).split("\n")
        lines = [f"error: {first}", *(f"    {line}" for line in more)]
        if self.where:
            lines.append(f"  at: {one_line(self.where)}")
        if self.hint:
            lines.append(f"  hint: {one_line(self.hint)}")
        return lines

    def lines_with_code(self) -> list[str]:
        """The message as printed for users, with the code that the reference explains."""
        return [*self.lines(), f"  code: {self.code}"]

    def __str__(self) -> str:
        return "\n".join(self.lines())


class UsageError(StacktestError):
    """An argument, a configuration key or an input file that the user can correct."""

    exit_code = 2
    default_code = "SK-USAGE"


class StackNotReadyError(StacktestError):
    """The stack could not be brought up; `service` is the service that caused it, if known."""

    exit_code = 10
    default_code = "SK-NOT-READY"

    def __init__(
        self, what: str, *, where: str = "", hint: str = "", code: str = "", service: str = ""
    ) -> None:
        super().__init__(what, where=where, hint=hint, code=code)
        self.service = service


class EvidenceError(StacktestError):
    """Records that are missing, unreadable, foreign or written by a newer version."""

    exit_code = 11
    default_code = "SK-EVIDENCE"


class ToolMissingError(StacktestError):
    """A program that stacktest needs does not answer: engine, Compose, browser, certutil, git."""

    exit_code = 12
    default_code = "SK-TOOL"


class ToolFailedError(StacktestError):
    """A program that stacktest needs was run and failed; the message quotes the program's error."""

    exit_code = 12
    default_code = "SK-TOOL"


class LockHeldError(StacktestError):
    """Another run holds the lock; `where` names its holder."""

    exit_code = 13
    default_code = "SK-LOCK"


def refusal_of(error: OSError) -> UsageError | None:
    """The usage error for a refusal that a person can correct; None: the error may be a bug."""
    if error.errno not in _REFUSALS:
        return None
    reason = (error.strerror or "refused").lower()
    return UsageError(
        f"{error.filename or 'what is written'}: {reason}",
        where=str(error.filename or "standard output, or another open file"),
        hint="make room or give yourself the right to it, or name another place in stacktest.toml",
    )


# Private

_REFUSALS = frozenset(
    {
        *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EISDIR, errno.ELOOP),
        *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ESTALE, errno.ENAMETOOLONG),
        *(errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EBUSY, errno.ENXIO, errno.ENODEV),
    }
)
"""Error numbers whose cause is a disk, a permission or a limit, not a bug."""
