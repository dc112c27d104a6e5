"""Containers that services left behind which the stack's files no longer have."""

from stacktest.bootstrap.context import Project
from stacktest.core.leftovers import leftover_lines
from stacktest.errors import StacktestError


def leftovers(project: Project) -> list[str]:
    """A sentence for each; none where the engine does not answer, which others say."""
    try:
        containers = project.engine.containers(project.stack.name)
    except StacktestError:
        return []
    return leftover_lines(project.stack, containers)
