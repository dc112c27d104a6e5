"""A suite made of a Playwright recording, with a claim and a marker, and without secrets.

The steps stay as they were recorded. Typed text that is or may be secret is replaced by
`person("ROLE")`; addresses of the service become relative to `SITE`. A recording without an
assertion ends with a failure that says what to write, since a test that cannot fail proves nothing.
"""

import ast
import dataclasses
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, count

from msgspec import Struct

from stacktest.core.redaction import redact
from stacktest.core.secret_names import is_secret_field, is_secret_name
from stacktest.core.secrets import is_common
from stacktest.errors import UsageError
from stacktest.init.render import quoted, render

TYPING = frozenset({"fill", "press_sequentially", "type"})
"""Methods of Playwright whose first argument is text that was typed."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TypedPerson:
    """The user name and password of a role of `person`, to recognise them in typed text."""

    role: str
    user: str
    password: str = dataclasses.field(repr=False)


class RecordedSuite(Struct, frozen=True, kw_only=True):
    """The text of a suite, and facts about it to print for the user."""

    text: str
    missing: tuple[str, ...]
    """Roles that the suite uses and that are not configured."""
    kept: tuple[str, ...]
    """Fields whose typed text is in the suite unchanged."""
    has_check: bool


def recorded_suite(
    code: str,
    *,
    service: str,
    site: str,
    people: Sequence[TypedPerson] = (),
    secrets: Iterable[str] = (),
) -> RecordedSuite:
    """The suite of `service`, whose pages are below `site`; UsageError if nothing was recorded.

    `secrets` are values that must not appear in the suite.
    """
    function = _recorded_function(code)
    recording = _Recording(
        code=code, service=service, site=site, people=people, secrets=set(secrets)
    )
    steps = recording.steps(function)
    has_check = "expect(" in steps
    text = render(
        "test_recorded.py.j2",
        service=service,
        site=site,
        steps=textwrap.indent(steps, "    "),
        has_check=has_check,
        fixtures="page, person" if "person(" in steps else "page",
        has_patterns=bool(re.search(r"\bre\.", steps)),
    )
    return RecordedSuite(
        text=text,
        missing=tuple(recording.missing),
        kept=tuple(recording.kept),
        has_check=has_check,
    )


# Private

_ORDINARY = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+|https?://\S+|[\d.:/+ -]+")
"""E-mail addresses, URLs, dates and numbers."""
_SECRET_LENGTH, _SECRET_KINDS = 8, 3
_JOINING = "-_."
"""Characters that also occur in ordinary names, so they do not make a text look secret."""


def _recorded_function(code: str) -> ast.FunctionDef:
    try:
        functions = [node for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)]
    except SyntaxError as error:
        raise UsageError(
            f"what the recorder wrote is not Python: {error.msg}",
            where="playwright codegen",
            hint="pip install --upgrade playwright",
        ) from error
    for function in functions:
        calls = [node for node in function.body if not isinstance(node, ast.Pass)]
        if function.name.startswith("test") and calls:
            return function
    raise UsageError(
        "nothing was recorded",
        where="playwright codegen",
        hint="do something on the page before you close its window",
    )


@dataclasses.dataclass(kw_only=True, slots=True)
class _Recording:
    """The steps of one recording, and the state of the replacements in them."""

    code: str
    service: str
    site: str
    people: Sequence[TypedPerson]
    secrets: set[str] = dataclasses.field(repr=False)
    """Values that must not appear in the suite; typed secrets are added."""
    roles: dict[str, str] = dataclasses.field(default_factory=dict, repr=False)
    """Typed secret → the role that replaces it."""
    missing: list[str] = dataclasses.field(default_factory=list)
    kept: list[str] = dataclasses.field(default_factory=list)

    def steps(self, function: ast.FunctionDef) -> str:
        """The statements of the function, with secrets replaced."""
        typed = list(self._typed(function))
        edits = {node: f"person({quoted(role)}).password" for node, role in typed if role}
        used = set(self.roles.values())
        users = {person.user: person.role for person in self.people if person.role in used}
        for node, role in typed:
            if not role and node.value in users:
                edits[node] = f"person({quoted(users[str(node.value)])}).user"
        for node in _texts(function):
            if node not in edits and (text := self._other_text(str(node.value))):
                edits[node] = text
        return _edited(self.code, function.body, edits)

    def _typed(self, function: ast.FunctionDef) -> Iterator[tuple[ast.Constant, str]]:
        """Each typed text in order, with the role whose password it is; empty: not secret."""
        calls = [node for node in ast.walk(function) if isinstance(node, ast.Call)]
        for call in sorted(calls, key=lambda node: (node.lineno, node.end_col_offset or 0)):
            if not isinstance(call.func, ast.Attribute) or call.func.attr not in TYPING:
                continue
            argument = call.args[0] if call.args else None
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                locator = ast.get_source_segment(self.code, call.func.value) or ""
                yield argument, self._role(argument.value, locator)

    def _role(self, value: str, locator: str) -> str:
        """The role whose password was typed, possibly a new one; empty if it is not secret."""
        is_field = _asks_for_secret(locator)
        is_secret = is_field or value in self.secrets or _looks_secret(value)
        known = next((person.role for person in self.people if person.password == value), "")
        if not value or not (is_secret or (known and not is_common(value))):
            if value and value not in {person.user for person in self.people}:
                self.kept.append(locator.removeprefix("page."))
            return ""
        if value not in self.roles:
            self.roles[value] = known or self._new_role()
            self.secrets |= set() if is_common(value) else {value}
        return self.roles[value]

    def _new_role(self) -> str:
        taken = {person.role for person in self.people} | set(self.missing)
        names = chain([self.service], (f"{self.service}-{number}" for number in count(2)))
        role = next(name for name in names if name not in taken)
        self.missing.append(role)
        return role

    def _other_text(self, value: str) -> str:
        """The replacement of a text that was not typed; empty if it stays unchanged."""
        if value in self.roles and value in self.secrets:
            return f"person({quoted(self.roles[value])}).password"
        clean = redact(value, self.secrets)
        if value == self.site or value.startswith(f"{self.site}/"):
            path = clean[len(self.site) :].replace("{", "{{").replace("}", "}}")
            return "f" + quoted("{SITE}" + path)
        return "" if clean == value else quoted(clean)


def _texts(function: ast.FunctionDef) -> Iterator[ast.Constant]:
    for statement in function.body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node


def _edited(code: str, body: Sequence[ast.stmt], edits: Mapping[ast.Constant, str]) -> str:
    """The source of the statements, unindented, with the constants in `edits` replaced."""
    text = code.encode()
    starts = [0, *accumulate(len(line.encode()) for line in code.splitlines(keepends=True))]

    def end_of(node: ast.stmt | ast.expr) -> int:
        return starts[(node.end_lineno or node.lineno) - 1] + (node.end_col_offset or 0)

    begin, end = starts[body[0].lineno - 1], end_of(body[-1])
    for node in sorted(edits, key=lambda item: (item.lineno, item.col_offset), reverse=True):
        new, at = edits[node].encode(), starts[node.lineno - 1] + node.col_offset
        end += len(new) - (end_of(node) - at)
        text = text[:at] + new + text[end_of(node) :]
    return textwrap.dedent(text[begin:end].decode())


def _asks_for_secret(locator: str) -> bool:
    names = re.findall(r"[\w-]+", locator)
    return is_secret_field(locator) or any(map(is_secret_name, names))


def _looks_secret(value: str) -> bool:
    """Whether it mixes kinds of characters like a generated password, and is not an `_ORDINARY`."""
    if len(value) < _SECRET_LENGTH or " " in value or _ORDINARY.fullmatch(value):
        return False
    kinds = (
        str.islower,
        str.isupper,
        str.isdigit,
        lambda sign: not sign.isalnum() and sign not in _JOINING,
    )
    return sum(any(map(kind, value)) for kind in kinds) >= _SECRET_KINDS
