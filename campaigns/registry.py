"""A registry of images on this machine, for campaigns that update from one."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from urllib.error import URLError
from urllib.request import urlopen

from stacktest.errors import ToolMissingError
from tests.faults.throwaway import free_port

PROGRAM = "docker-registry"
# The engine speaks HTTP with a registry on an address of its own machine.
_SETTINGS = """\
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}/images}}}}
http: {{addr: "{address}"}}
"""


@contextmanager
def registry() -> Iterator[str]:
    """Its address, HOST:PORT, as names of images begin; empty and gone at the end."""
    if which(PROGRAM) is None:
        raise ToolMissingError(
            f"{PROGRAM} serves the images, and is not installed", hint="scripts/setup campaigns"
        )
    address = f"127.0.0.1:{free_port()}"
    with TemporaryDirectory(prefix="sk-registry-") as folder:
        settings = Path(folder, "config.yml")
        settings.write_text(_SETTINGS.format(folder=folder, address=address))
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen([PROGRAM, "serve", settings], stdout=log, stderr=log)
        try:
            _wait_until_it_answers(process, address, Path(folder, "log"))
            yield address
        finally:
            process.terminate()
            process.wait()


def _wait_until_it_answers(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            urlopen(f"http://{address}/v2/", timeout=5).close()
        except URLError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                words = log.read_text(errors="replace")[-300:] or str(error.reason)
                raise ToolMissingError(f"{PROGRAM} does not start", where=words) from error
            time.sleep(0.1)
        else:
            return
