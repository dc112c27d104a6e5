"""The result of one check of `stacktest doctor`: its subject, a message, and the fix."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from stacktest.core.changed_copy import replace


class Checkup(Struct, frozen=True, kw_only=True):
    """The subject of a check, the message about it, and the fix if it is not fine."""

    subject: str
    is_fine: bool
    message: str
    fix: str = ""
    exit_code: int = 0

    def lines(self) -> Iterator[str]:
        """`ok  engine   20.10.24` or `--  engine   no answer` with the fix below."""
        yield f"{'ok' if self.is_fine else '--'}  {self.subject:<8} {self.message}"
        if not self.is_fine and self.fix:
            yield f"{'':<13}fix: {self.fix}"

    def as_json(self) -> dict[str, object]:
        """The result as JSON data."""
        return {
            "subject": self.subject,
            "ok": self.is_fine,
            "said": self.message,
            "fix": self.fix,
        }


def causes_once(checks: Iterable[Checkup]) -> Iterator[Checkup]:
    """The checks; a check that fails for the reason of an earlier one only refers to that one."""
    subjects: dict[tuple[str, str], str] = {}
    for check in checks:
        cause = (check.message, check.fix)
        first = check.subject if check.is_fine else subjects.setdefault(cause, check.subject)
        is_told = first != check.subject
        yield replace(check, message=f"not known: see {first}", fix="") if is_told else check
