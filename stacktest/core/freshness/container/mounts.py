"""Compares options of mounts; `drift.mount_drift` compares which mounts exist."""

from collections.abc import Iterator

from stacktest.core.freshness.container.row import Created, Read, Row
from stacktest.core.freshness.container.values import amount
from stacktest.core.json_data import Json


def _volumes(container: Created, kind: str) -> Iterator[tuple[str, Json]]:
    """Target and long form of each entry of that type below `volumes`."""
    for entry in container.definition.get("volumes") or ():
        if isinstance(entry, dict) and entry.get("type") == kind:
            yield str(entry.get("target")), entry


def _propagation(container: Created) -> Json:
    rows = ((t, (v.get("bind") or {}).get("propagation")) for t, v in _volumes(container, "bind"))
    return {target: str(value) for target, value in rows if value not in (None, "", "rprivate")}


def _actual_propagation(container: Created) -> Json:
    binds = {target for target, _ in _volumes(container, "bind")}
    rows = {m["Destination"]: m.get("Propagation") for m in container.inspect.get("Mounts") or ()}
    return {t: v for t, v in rows.items() if t in binds and v not in (None, "", "rprivate")}


def _details(container: Created) -> Json:
    """Target of a volume → its options `nocopy` and `subpath`, if one is set."""
    rows = {t: v.get("volume") or {} for t, v in _volumes(container, "volume")}
    return _filled({t: [bool(v.get("nocopy")), v.get("subpath") or ""] for t, v in rows.items()})


def _actual_details(container: Created) -> Json:
    volumes = {target for target, _ in _volumes(container, "volume")}
    rows = {target: item.get("VolumeOptions") or {} for target, item in _asked(container, "volume")}
    details = {t: [bool(v.get("NoCopy")), v.get("Subpath") or ""] for t, v in rows.items()}
    for bind in container.host.get("Binds") or ():
        _, target, modes = (*str(bind).split(":"), "", "")[:3]
        details.setdefault(target, ["nocopy" in modes.split(","), ""])
    return _filled({target: row for target, row in details.items() if target in volumes})


def _tmpfs(container: Created) -> Json:
    rows = {t: v.get("tmpfs") or {} for t, v in _volumes(container, "tmpfs")}
    return {t: [amount(v.get("size")) or 0, amount(v.get("mode")) or 0] for t, v in rows.items()}


def _actual_tmpfs(container: Created) -> Json:
    rows = {target: item.get("TmpfsOptions") or {} for target, item in _asked(container, "tmpfs")}
    return {t: [v.get("SizeBytes") or 0, v.get("Mode") or 0] for t, v in rows.items()}


def _asked(container: Created, kind: str) -> Iterator[tuple[str, Json]]:
    """The mounts of that type as Compose requested them from the engine."""
    for item in container.host.get("Mounts") or ():
        if item.get("Type") == kind:
            yield str(item.get("Target")), item


def _filled(details: dict[str, list[Json]]) -> dict[str, list[Json]]:
    """The rows with at least one value that is set."""
    return {target: row for target, row in details.items() if any(row)}


def _row(expected: Read, actual: Read) -> Row:
    # Engines choose the propagation themselves if the source is below their own folder.
    return Row(
        key="volumes",
        expected=lambda c: expected(c) or None,
        actual=lambda c: actual(c) or None,
        firm=False,
    )


ROWS: tuple[Row, ...] = (
    _row(_propagation, _actual_propagation),
    _row(_details, _actual_details),
    _row(_tmpfs, _actual_tmpfs),
)
