"""Makes the `Mover` of a run's containers for the fixtures."""

import os
from collections.abc import Callable

from stacktest.adapters.startup.moves import Mover
from stacktest.application.run_snapshot import add_move
from stacktest.application.running_stack import RunningStack
from stacktest.bootstrap.context import Project
from stacktest.core.readiness import parse_rule
from stacktest.core.runs.moves import Move


def mover_of(running: RunningStack) -> Mover:
    """The mover of a running stack's services; it reads addresses again after each move."""
    project = Project(running.config.root, os.environ)

    def declare(move: Move) -> None:
        add_move(running.scratch, move)
        running.names.move_to(project.names)

    config = running.config
    return Mover(
        running.model,
        project.deployment,
        running.engine,
        run_id=running.run_id,
        rules={
            name: parse_rule(section.ready, where=f"{config.file}:services.{name}.ready")
            for name, section in config.services.items()
            if section.ready
        },
        timeouts={
            name: section.timeout for name, section in config.services.items() if section.timeout
        },
        probe_image=config.stack.probe_image,
        declare=declare,
    )


def address_reader(running: RunningStack) -> Callable[[], None]:
    """A function that reads the stack's addresses again after a move by another process."""
    project = Project(running.config.root, os.environ)
    return lambda: running.names.move_to(project.names)
