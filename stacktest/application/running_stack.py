"""The running stack for the fixtures: its model, how to reach it, and which CA to trust.

The plugin makes one per process, once the stack is up, and keeps it in `config.stash`; workers of
pytest-xdist make theirs from the file that the controller wrote. It has no method that starts or
stops anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from stacktest.adapters.engine.client import Engine
    from stacktest.adapters.names import NameMap
    from stacktest.config import Config
    from stacktest.core.diagnosis.diagnosis import Diagnosis
    from stacktest.core.diagnosis.facts import Failure
    from stacktest.core.model import Stack


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningStack:
    """A stack that is up: the model, the engine, the addresses, and the id of this run."""

    model: Stack
    config: Config
    engine: Engine = field(repr=False)
    names: NameMap
    """Host name and port → the address to connect to."""
    ca: Path | None
    """The private CA's certificate; None if the system's trusted CAs are enough."""
    scratch: Path
    """A folder of this run for temporary files such as the browser's trust store."""
    run_id: str
    diagnose: Callable[[Failure, float], Diagnosis | None] = field(
        default=lambda *_: None, repr=False
    )
    """A failure, and the beginning of the test in Unix time → the cause, if the facts decide it."""
