"""Lists containers of services that the stack's files no longer have."""

from stacktest.bootstrap.context import Project
from stacktest.core.leftovers import leftover_lines
from stacktest.errors import StacktestError


def leftovers(project: Project) -> list[str]:
    """A line for each leftover; none if the engine does not answer, which is reported elsewhere."""
    try:
        containers = project.engine.containers(project.stack.name)
    except StacktestError:
        return []
    return leftover_lines(project.stack, containers)
