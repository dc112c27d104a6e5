"""Checks the browser that loads pages: a program of this machine, or a browser server."""

import shutil

from stacktest.application.checkup import Checkup
from stacktest.core.browser_endpoint import read_endpoint
from stacktest.errors import ToolMissingError


def check_browser(address: str) -> Checkup:
    """Check the browser that a run would start, or the server at `address`."""
    return _check_server(address) if address else _check_program()


def check_certutil() -> Checkup:
    """Check the program that makes a browser of this machine trust the CA."""
    program = shutil.which("certutil")
    if program is None:
        raise ToolMissingError(
            "certutil is not installed: browsers cannot be taught the private CA",
            hint="apt-get install libnss3-tools",
        )
    return Checkup(subject="certutil", is_fine=True, message=program)


# Private


def _check_program() -> Checkup:
    from stacktest.adapters.browser.chromium import WITHOUT_WINDOW, find_chromium

    program = find_chromium(headless=True)
    if program is None:
        raise ToolMissingError(
            "no Chromium on PATH",
            hint=f"apt-get install {WITHOUT_WINDOW}, or: playwright install chromium",
        )
    faster = "" if program.endswith(WITHOUT_WINDOW) else f"; {WITHOUT_WINDOW} would be faster"
    return Checkup(subject="browser", is_fine=True, message=program + faster)


def _check_server(address: str) -> Checkup:
    from stacktest.adapters.browser.server_check import ENGINES, client_version, engines_of

    endpoint = read_endpoint(address)
    versions = engines_of(endpoint)
    if not versions:
        raise ToolMissingError(
            f"the browser server at {endpoint.shown} starts none of {', '.join(ENGINES)}",
            hint="on that machine: playwright install --with-deps chromium",
        )
    engines = ", ".join(f"{engine} {number}" for engine, number in versions.items())
    summary = f"{endpoint.shown}, Playwright as here ({client_version()}): {engines}"
    return Checkup(subject="browser", is_fine=True, message=summary)
