"""Names in the tests of a project that are not services of its stack, once they are collected."""

from functools import partial

from stacktest.adapters.service_markers import marker_place
from stacktest.bootstrap.context import Project
from stacktest.core.misnamed import Misnamed, misnamed_services


def misnamed_in(project: Project) -> tuple[Misnamed, ...]:
    """The misnamed services of the collected tests; none if no test was collected."""
    recorded, place_of = project.ledger.services(), partial(marker_place, project.suites.base)
    return misnamed_services(project.stack, project.collected.tests, recorded, place_of)
