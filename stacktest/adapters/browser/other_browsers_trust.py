"""Makes Playwright's own builds of Firefox and WebKit trust the private CA.

Firefox    installs the CA from a policy file that a variable of its environment names
WebKit     trusts only the system's bundle: it runs in a mount namespace of its own, in which the
           bundle also holds the CA; other programs see the bundle unchanged
"""

import json
import os
import shlex
import ssl
from pathlib import Path

from stacktest.adapters.atomic_write import write_file
from stacktest.adapters.process import run, write_wrapper
from stacktest.adapters.tls.ca import pem_certificates
from stacktest.errors import ToolMissingError

BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
)
"""Files in which systems keep all CAs that they trust."""


def firefox_environment(ca: Path | None, folder: Path) -> dict[str, str]:
    """The variables with which Playwright's Firefox (1.53 and later) trusts the CA."""
    if ca is None:
        return {}
    policies = folder / "firefox-policies.json"
    files = []
    # Firefox reads only the first certificate of a file: a bundle has to be split.
    for number, certificate in enumerate(pem_certificates(ca)):
        single = (folder / f"firefox-ca-{number}.crt").resolve()
        write_file(single, certificate)
        files.append(str(single))
    document = {"policies": {"Certificates": {"Install": files}}}
    write_file(policies, json.dumps(document))
    return {"PLAYWRIGHT_FIREFOX_POLICIES_JSON": str(policies)}


def with_system_trust(program: str, ca: Path | None, folder: Path) -> str:
    """A script that runs `program` with the CA added to the system's bundle.

    ToolMissingError where this machine allows no namespace: WebKit would refuse every page.
    """
    if ca is None:
        return program
    certificates = b"".join(pem_certificates(ca))
    bundle = _bundle()
    joined = folder / "ca-bundle.crt"
    write_file(joined, bundle.read_bytes() + b"\n" + certificates)
    entering = ["unshare", "--mount"]
    if os.geteuid() != 0:
        entering += ["--user", "--map-root-user"]
    bind = shlex.join(["mount", "--bind", str(joined), str(bundle)])
    if run([*entering, "--", "sh", "-c", bind]).code != 0:
        raise ToolMissingError(
            "WebKit cannot be told to trust the stack's CA: no mount namespace can be made here",
            where="browser",
            hint="allow user namespaces (sysctl kernel.unprivileged_userns_clone=1), or use "
            "--browser chromium",
        )
    inner = f'{bind} && exec {shlex.quote(program)} "$@"'
    return write_wrapper(folder / "webkit", [*entering, "--", "sh", "-c", inner, "sh"])


# Private


def _bundle() -> Path:
    bundle = next((Path(path) for path in BUNDLES if Path(path).is_file()), None)
    if bundle is None:
        named = ssl.get_default_verify_paths().cafile
        bundle = Path(named) if named else None
    if bundle is None:
        raise ToolMissingError(
            "no bundle of CAs was found on this system, so WebKit would trust no certificate",
            where="browser",
            hint="apt-get install ca-certificates (Debian)",
        )
    return bundle.resolve()
