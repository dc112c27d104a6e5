"""Every fault, in the order of the phases; a new suite gets its faults in the file of its phase."""

from tests.faults.catalogue import (
    applications,
    consoles,
    dashboards,
    datastores,
    directory,
    documents,
    documents_stores,
    front_door,
    further,
    hardening,
    lifecycle,
    logs,
    management,
    observability,
    portal,
    promises,
)
from tests.faults.model import Fault

FAULTS: tuple[Fault, ...] = (
    *front_door.FAULTS,
    *documents.FAULTS,
    *dashboards.FAULTS,
    *observability.FAULTS,
    *logs.FAULTS,
    *directory.FAULTS,
    *portal.FAULTS,
    *datastores.FAULTS,
    *documents_stores.FAULTS,
    *management.FAULTS,
    *consoles.FAULTS,
    *hardening.FAULTS,
    *applications.FAULTS,
    *further.FAULTS,
    *promises.FAULTS,
    *lifecycle.FAULTS,
)
