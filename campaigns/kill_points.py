"""A program is sent a signal at a point of its time."""

import os
import signal
import subprocess
from contextlib import suppress


def signal_after(
    process: subprocess.Popen[str], seconds: float, number: signal.Signals, *, group: bool = False
) -> bool:
    """Send the signal after that time, to its whole group if asked; whether it still ran.

    The program has ended when this returns.
    """
    with suppress(subprocess.TimeoutExpired):
        # Whatever it is doing by then: the point is its time, not its progress.
        process.wait(timeout=seconds)
    was_running = process.poll() is None
    if was_running:
        (os.killpg if group else os.kill)(process.pid, number)
    process.communicate()
    return was_running
