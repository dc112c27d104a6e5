"""The stack as the fixtures see it: what it is, how to reach it, and whom to trust.

The plugin makes one per process, once the stack is up, and keeps it in `config.stash`; workers of
pytest-xdist make theirs from what the controller wrote down. It has no method that starts or stops
anything.
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
    """A stack that is up: the model, the way in, and the names of this run."""

    model: Stack
    config: Config
    engine: Engine = field(repr=False)
    names: NameMap
    """Host name and port → where to connect."""
    ca: Path | None
    """The private CA's certificate, or None when the system's trust serves."""
    scratch: Path
    """A folder of this run for throw-away files such as the browser's trust."""
    run_id: str
    diagnose: Callable[[Failure, float], Diagnosis | None] = field(
        default=lambda *_: None, repr=False
    )
    """What failed, and when the test began in Unix time → the cause, where the facts decide it."""
