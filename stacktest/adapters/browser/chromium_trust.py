"""Makes Chromium trust the private CA: an NSS database in a temporary home.

Chromium reads its own trust from `$HOME/.pki/nssdb`. The database is made once per CA (30 ms) and
kept under the hash of its certificates; each browser gets a copy, so that the user's own home is
neither read nor written.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from stacktest.adapters.atomic_write import write_file
from stacktest.adapters.process import check
from stacktest.adapters.temporary import make_folder, remove_folder
from stacktest.adapters.tls.ca import HINT, WHERE, pem_certificates
from stacktest.core.fingerprint.digest import content_digest
from stacktest.errors import StacktestError, ToolMissingError, UsageError

DATABASE = Path(".pki/nssdb")
"""Path below the home where Chromium looks for additional CAs on Linux."""


def browser_home(ca: Path | None, home: Path, *, cache: Path | None = None) -> dict[str, str]:
    """Make `home` a home in which Chromium trusts `ca`; returns the variables to launch it with.

    `cache` keeps the database for the next run; the file name is the hash of the certificates.
    """
    home.mkdir(parents=True, exist_ok=True)
    if ca is not None and not (home / DATABASE).exists():
        (home / DATABASE).parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(_database(ca, cache or home / "trust"), home / DATABASE)
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "XDG_DATA_HOME": str(home / ".local/share"),
    }


# Private

_TOOL_HINT = "apt-get install libnss3-tools (Debian), dnf install nss-tools (Fedora)"


def _database(ca: Path, cache: Path) -> Path:
    certificates = pem_certificates(ca)
    database = cache / f"nss2-{content_digest(b''.join(certificates))[:16]}"
    if database.is_dir():
        return database
    cache.mkdir(parents=True, exist_ok=True)
    fresh = make_folder("nss", place=cache)
    try:
        _make(ca, certificates, fresh)
        # Two workers may do this at once: the rename is atomic, and the first one wins.
        fresh.rename(database)
    except OSError:
        if not database.is_dir():
            raise
    finally:
        remove_folder(fresh)
    return database


def _make(ca: Path, certificates: Sequence[bytes], folder: Path) -> None:
    where = f"sql:{folder}"
    environment = {**os.environ, "LC_ALL": "C"}
    try:
        check(["certutil", "-N", "-d", where, "--empty-password"], env=environment, timeout=30)
    except ToolMissingError:
        raise ToolMissingError(
            "certutil is not installed, so Chromium cannot be told to trust the stack's CA",
            where="browser",
            hint=_TOOL_HINT,
        ) from None
    try:
        # certutil reads only the first certificate of a file: a bundle has to be split.
        for number, certificate in enumerate(certificates):
            single = folder / "certificate.pem"
            write_file(single, certificate)
            adding = ["certutil", "-A", "-d", where, "-n", f"stacktest-{number}", "-t", "C,,"]
            check([*adding, "-i", str(single)], env=environment, timeout=30)
            single.unlink()
    except StacktestError as error:
        raise UsageError(
            f"the CA {ca} is not a certificate that Chromium can read: {error.what}",
            where=WHERE,
            hint=HINT,
            code="SK-CA",
        ) from None
