"""The labels that mark what stacktest creates; only objects with these labels are ever removed.

    label               on                       value
    stacktest.run       containers, networks     the run that created it
    stacktest.stack     containers, networks     the mark of the checkout that it belongs to
    stacktest.stanza    containers               digest of the definition that it was created from
    stacktest.holder    probe containers         the process that uses them
    stacktest.keep      containers, networks     meant to outlive its run (`up`, `--stack-keep`)
    stacktest.copy-of   all objects of a copy    the folder of the stack that it is a copy of
    stacktest.update    spares, copies of data   the update that can be undone with them
    stacktest.update-of the same                 the mark of the checkout that it belongs to

The labels are passed to Compose as one more file on standard input. A network that exists already
keeps its labels, since newer versions of Compose replace a network whose definition differs.
Volumes of the stack get no labels and are never removed, unless a person names one. Volumes of a
copy carry the labels of its run, and are removed with it. The objects that an update saves outlive
its process, and carry neither run nor stack: only the end of the update removes them.
"""

from collections.abc import Iterable, Mapping

from stacktest.adapters.engine.documents import PROJECT, SERVICE
from stacktest.adapters.ledger.stack_identity import stack_mark
from stacktest.core.denied_egress import NO_NAME_SERVER, asks_nobody
from stacktest.core.fingerprint.digest import canonical, content_digest
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack

RUN = "stacktest.run"
STACK = "stacktest.stack"
STANZA = "stacktest.stanza"
HOLDER = "stacktest.holder"
KEEP = "stacktest.keep"
COPY_OF = "stacktest.copy-of"
UPDATE = "stacktest.update"
UPDATE_OF = "stacktest.update-of"


def stack_id(stack: Stack) -> str:
    """The label's value for a stack, or for one copy of it."""
    mark = stack_mark(stack.root)
    return f"{mark}-{stack.copy}" if stack.copy else mark


def stack_labels(stack: Stack) -> dict[str, str]:
    """The labels of objects of this stack, or of this copy of it."""
    labels = {STACK: stack_id(stack)}
    return {**labels, COPY_OF: stack_mark(stack.root)} if stack.copy else labels


def holder_labels(stack: Stack, run_id: str, holder: str) -> dict[str, str]:
    """The labels of containers that one process of a run starts for itself, and removes itself."""
    return {RUN: run_id, **stack_labels(stack), HOLDER: f"{run_id}.{holder}"}


def update_labels(stack: Stack, update: str) -> dict[str, str]:
    """The labels of objects that one update keeps until its end."""
    return {UPDATE: update, UPDATE_OF: stack_mark(stack.root)}


def without_project(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels for a container that belongs to no Compose project.

    A container inherits the labels of its image, and an image that Compose built has labels for a
    project and a service: these are overwritten.
    """
    return {PROJECT: "", SERVICE: "", **labels}


def definition_digest(service: Service) -> str:
    """Digest of the service's definition, to detect a container of an older definition."""
    return content_digest(canonical(service.definition))[:32]


def label_override(
    stack: Stack,
    services: Iterable[str],
    run_id: str,
    *,
    networks: Mapping[str, Mapping[str, str]],
    keep: bool = False,
) -> Json:
    """The compose document that adds the labels, and the settings that deny a stack egress.

    `networks` are the existing networks, with their labels.
    """
    labels = {RUN: run_id, **stack_labels(stack), **({KEEP: "yes"} if keep else {})}
    chosen = sorted(services)
    document: dict[str, Json] = {
        "services": {
            name: {
                "labels": {**labels, STANZA: definition_digest(stack.services[name])},
                **(NO_NAME_SERVER if asks_nobody(stack, name) else {}),
            }
            for name in chosen
        }
    }
    if labelled := _network_labels(stack, chosen, labels, networks):
        document["networks"] = labelled
    return document


# Private


def _network_labels(
    stack: Stack,
    services: Iterable[str],
    labels: Mapping[str, str],
    existing: Mapping[str, Mapping[str, str]],
) -> dict[str, Json]:
    """Entries for all networks: Compose also creates those of services that it does not create."""
    definitions = stack.definitions.get("networks") or {}
    used = {key for name in services for key in stack.services[name].networks}
    labelled: dict[str, Json] = {}
    for key in sorted(used | set(definitions)):
        definition = definitions.get(key) or {}
        if definition.get("external"):
            continue
        name = definition.get("name", f"{stack.name}_{key}")
        present = existing.get(name, labels)
        own = {label: value for label, value in present.items() if label.startswith("stacktest.")}
        entry: dict[str, Json] = {"labels": own} if own else {}
        if stack.denies_egress and (own or key in used):
            entry["internal"] = True
        if entry:
            labelled[key] = entry
    return labelled
