"""Every fault, in the order of the phases; a new suite gets its faults in the file of its phase."""

from tests.faults.catalogue import (
    datastores,
    directory,
    documents,
    front_door,
    management,
    observability,
)
from tests.faults.model import Fault

FAULTS: tuple[Fault, ...] = (
    *front_door.FAULTS,
    *documents.FAULTS,
    *observability.FAULTS,
    *directory.FAULTS,
    *datastores.FAULTS,
    *management.FAULTS,
)
