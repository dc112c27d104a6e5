"""Credentials by role; where they come from is configured, what they are is never written.

[people.admin]                      user, and password_env or password_file
password_env = "NAME"               the environment, else what compose gives a service as NAME
password_file = "secrets/admin"     relative to the stack's folder
without a section                   STACKTEST_ADMIN_USER and STACKTEST_ADMIN_PASSWORD
"""

import os
from dataclasses import dataclass, field

from stacktest.config import Person, near_misses
from stacktest.errors import UsageError
from stacktest.running import RunningStack


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """Who signs in; the password is kept out of `repr`, so no assertion can show it."""

    role: str
    user: str
    password: str = field(repr=False)


def credentials(stack: RunningStack, role: str) -> Credentials:
    """Name and password of a role; a `UsageError` says where the password was looked for."""
    person = stack.config.people.get(role)
    if person is None:
        return _from_environment(stack, role)
    if person.password_file:
        return Credentials(role=role, user=person.user, password=_from_file(stack, role, person))
    return Credentials(role=role, user=person.user, password=_from_variable(stack, role, person))


# Private


def _from_environment(stack: RunningStack, role: str) -> Credentials:
    prefix = f"STACKTEST_{role.upper().replace('-', '_')}"
    user, password = os.environ.get(f"{prefix}_USER"), os.environ.get(f"{prefix}_PASSWORD")
    if not user or not password:
        raise UsageError(
            f"nobody has the role '{role}'",
            where=f"{stack.config.file or 'stacktest.toml'}:people.{role}",
            hint=near_misses(role, stack.config.people)
            or f"write [people.{role}], or set {prefix}_USER and {prefix}_PASSWORD",
        )
    return Credentials(role=role, user=user, password=password)


def _from_file(stack: RunningStack, role: str, person: Person) -> str:
    path = stack.config.root / person.password_file
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise UsageError(
            f"the password of '{role}' cannot be read: {error.strerror}",
            where=f"people.{role}.password_file = {person.password_file}",
        ) from None


def _from_variable(stack: RunningStack, role: str, person: Person) -> str:
    name = person.password_env
    if found := os.environ.get(name):
        return found
    values = {
        value
        for service in stack.model.services.values()
        if (value := service.environment.get(name))
    }
    if len(values) == 1:
        return values.pop()
    what = "several services have different values for it" if values else "nothing sets it"
    raise UsageError(
        f"the password of '{role}' is not known: {what}",
        where=f"people.{role}.password_env = {name or '(empty)'}",
        hint=f"export {name}=…" if name else "name a variable or a file",
    )
