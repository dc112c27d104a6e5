"""Credentials by role; the configuration names their source and never holds a password.

[people.admin]                      user, and password_env or password_file
password_env = "NAME"               the environment, else the value of NAME in a service's
                                    environment, else NAME in Compose's `.env`
password_file = "secrets/admin"     relative to the stack's folder
without a section                   STACKTEST_ADMIN_USER and STACKTEST_ADMIN_PASSWORD
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stacktest.errors import UsageError

if TYPE_CHECKING:
    from stacktest.application.running_stack import RunningStack
    from stacktest.config import Person


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """User and password of a role; the password is not in `repr`, so no assertion can show it."""

    role: str
    user: str
    password: str = field(repr=False)


def credentials(stack: RunningStack, role: str) -> Credentials:
    """User and password of a role; a `UsageError` names the place that lacks the password."""
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
        from stacktest.core.suggestions import did_you_mean

        raise UsageError(
            f"no credentials are configured for the role '{role}'",
            where=f"{stack.config.file or 'stacktest.toml'}:people.{role}",
            hint=did_you_mean(role, stack.config.people)
            or f"write [people.{role}], or set {prefix}_USER and {prefix}_PASSWORD",
        )
    return Credentials(role=role, user=user, password=password)


def _from_file(stack: RunningStack, role: str, person: Person) -> str:
    from stacktest.adapters.compose.variables import read_secret_file
    from stacktest.core.unknown import Unknown

    password = read_secret_file(stack.config.root / person.password_file)
    if isinstance(password, Unknown):
        raise UsageError(
            f"the password of '{role}' {password.why}",
            where=f"people.{role}.password_file = {person.password_file}",
        )
    return password


def _from_variable(stack: RunningStack, role: str, person: Person) -> str:
    from stacktest.adapters.compose.variables import find_secret
    from stacktest.core.unknown import Unknown

    name = person.password_env
    password = find_secret(stack.model, name, stack.config.stack.env_files)
    if isinstance(password, Unknown):
        raise UsageError(
            f"the password of '{role}' is not known: {password.why}",
            where=f"people.{role}.password_env = {name or '(empty)'}",
            hint=f"export {name}=…" if name else "name a variable or a file",
        )
    return password
