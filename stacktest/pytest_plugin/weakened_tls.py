"""Refuses browser settings that would hide a wrong certificate or another server.

options        of contexts, pages, requests and launches
arguments      of Chromium and of WebKit, in every spelling that they accept
preferences    of Firefox
variables      from which a browser's start script takes arguments
commands       of Chromium's debugging protocol
"""

from __future__ import annotations

import functools
import os
import shlex
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stacktest.errors import UsageError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

OPTIONS = {
    "ignore_https_errors": "switches the verification of certificates off",
    # Playwright tells the browser to ignore certificate errors in such a context, and then checks
    # only the origins that a client certificate is meant for.
    "client_certificates": "makes Playwright skip the verification of other certificates",
    "proxy": "leads round the proxy that knows the stack's names",
}
"""Options of Playwright under which a wrong certificate, or another server, would go unnoticed."""

ARGUMENTS = (
    "ignore-certificate-errors",
    "allow-insecure-localhost",
    "ignore-urlfetcher-cert-requests",
    "ignore-tls-errors",
    "ssl-version-min",
    "no-proxy-server",
    "proxy",
    "host-rules",
    "host-resolver-rules",
)
"""Prefixes of browser arguments that do the same, without their dashes."""

PREFERENCES = (
    "network.dns.",
    "network.proxy.",
    "security.cert",
    "security.enterprise_roots",
    "security.pki.",
    "security.ssl",
    "security.tls.",
)
"""Prefixes of Firefox's preferences that do the same."""

VARIABLES = ("CHROMIUM_FLAGS", "CHROMIUM_USER_FLAGS")
"""Variables from which the start scripts of distributions take arguments."""

COMMANDS = (
    "Security.setIgnoreCertificateErrors",
    "Security.setOverrideCertificateErrors",
    "Security.handleCertificateError",
    "Target.createBrowserContext",
    "Target.exposeDevToolsProtocol",
    "Target.sendMessageToTarget",
)
"""Commands of the debugging protocol that do the same, or that carry other commands."""


def refuse_weakening(
    options: Mapping[str, Any], where: str, *, own_arguments: Collection[str] = ()
) -> None:
    """Raise a `UsageError` for an option under which a wrong certificate would go unnoticed.

    `own_arguments` are those that stacktest itself gives to the browser.
    """
    for name, why in _weaknesses(options, own_arguments):
        raise UsageError(
            f"the browser option {name} {why}",
            where=where,
            hint="trust the stack's CA with `ca` under [stack]; for client certificates use "
            "the fixture `api` with a `tls_context` of your own",
            code="SK-TLS",
        )


def guard_commands(target: Browser | BrowserContext, name: str) -> None:
    """Make debugging sessions that `target` opens refuse commands that weaken TLS."""
    open_session = getattr(target, name)

    @functools.wraps(open_session)
    def open_guarded(*arguments: Any, **options: Any) -> Any:
        session = open_session(*arguments, **options)
        send = session.send

        @functools.wraps(send)
        def send_guarded(method: str, params: dict[str, Any] | None = None) -> Any:
            if method in COMMANDS:
                raise UsageError(
                    f"the command {method} can switch the verification of certificates off",
                    where=name,
                    code="SK-TLS",
                )
            return send(method, params)

        vars(session)["send"] = send_guarded
        return session

    vars(target)[name] = open_guarded


# Private


def _weaknesses(options: Mapping[str, Any], own: Collection[str]) -> Iterator[tuple[str, str]]:
    """Each weakening option, with its effect."""
    for name, why in OPTIONS.items():
        if options.get(name):
            yield name, why
    why = "weakens what the browser checks, or leads round the stack's proxy"
    for argument in map(str, options.get("args") or ()):
        if argument not in own and _is_weakening(argument):
            yield argument, why
    for preference in options.get("firefox_user_prefs") or {}:
        if str(preference).startswith(PREFERENCES):
            yield f"firefox_user_prefs {preference}", why
    for variable, argument in _arguments_of_variables(options.get("env") or os.environ):
        if _is_weakening(argument):
            yield f"{argument} (from the variable {variable})", why


def _is_weakening(argument: str) -> bool:
    """Whether an argument weakens TLS; Chromium accepts one dash or two, and skips blanks."""
    return argument.strip().lstrip("-").lower().startswith(ARGUMENTS)


def _arguments_of_variables(environment: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for variable in VARIABLES:
        try:
            arguments = shlex.split(str(environment.get(variable, "")))
        except ValueError:
            arguments = str(environment[variable]).split()
        for argument in arguments:
            yield variable, argument
