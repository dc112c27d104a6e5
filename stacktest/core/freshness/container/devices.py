"""Compares the keys about devices: graphics cards, and limits of block devices."""

from collections.abc import Mapping

from stacktest.core.freshness.container.row import Created, Row
from stacktest.core.freshness.container.values import amount, options
from stacktest.core.json_data import Json

_REQUEST = ("Driver", "Count", "DeviceIDs", "Capabilities", "Options")
_RESERVED = ("driver", "count", "device_ids", "capabilities", "options")

_BLOCK_DEVICES: Mapping[str, str] = {
    "weight_device": "BlkioWeightDevice",
    "device_read_bps": "BlkioDeviceReadBps",
    "device_write_bps": "BlkioDeviceWriteBps",
    "device_read_iops": "BlkioDeviceReadIOps",
    "device_write_iops": "BlkioDeviceWriteIOps",
}


def _reserved(container: Created) -> Json:
    """Requests for devices of a driver: `gpus`, and what `deploy` reserves."""
    resources = (container.definition.get("deploy") or {}).get("resources") or {}
    reserved = (resources.get("reservations") or {}).get("devices") or ()
    gpus = container.definition.get("gpus") or ()
    items = [item for item in (*reserved, *gpus) if isinstance(item, dict)]
    return sorted(_request(item, *_RESERVED) for item in items) or None


def _actual_reserved(container: Created) -> Json:
    items = container.host.get("DeviceRequests") or ()
    return sorted(_request(item, *_REQUEST) for item in items) or None


def _request(item: Mapping[str, Json], *names: str) -> list[Json]:
    """One request in a normal form; without a number and ids it is for all devices."""
    driver, count, ids, capabilities, settings = (item.get(name) for name in names)
    groups = [group if isinstance(group, list) else [group] for group in capabilities or ()]
    # Compose adds `gpu` below `gpus`.
    words = sorted({str(word) for group in groups for word in group} - {"gpu"})
    listed = sorted(str(name) for name in ids or ())
    number = 0 if listed else -1 if count in (None, 0, "all") else amount(count)
    return [str(driver or ""), number, listed, words, sorted(options(settings).items())]


def _block_limits(container: Created) -> Json:
    section = container.definition.get("blkio_config") or {}
    return _filled({name: _limits(section.get(name)) for name in _BLOCK_DEVICES})


def _actual_block_limits(container: Created) -> Json:
    return _filled({key: _limits(container.host.get(n)) for key, n in _BLOCK_DEVICES.items()})


def _limits(items: Json) -> list[Json]:
    """Pairs of path and number; Compose prints these keys in two spellings."""
    rows = [{name.lower(): value for name, value in item.items()} for item in items or ()]
    return sorted([row.get("path"), amount(row.get("rate", row.get("weight")))] for row in rows)


def _filled(limits: dict[str, list[Json]]) -> Json:
    return {name: rows for name, rows in limits.items() if rows} or None


ROWS: tuple[Row, ...] = (
    Row(key="gpus", expected=_reserved, actual=_actual_reserved),
    Row(
        key="blkio_config",
        expected=lambda c: amount((c.definition.get("blkio_config") or {}).get("weight")),
        actual=lambda c: c.host.get("BlkioWeight"),
        usual=lambda _: (0, None),
        firm=False,
        invents=False,
    ),
    Row(
        key="blkio_config",
        expected=_block_limits,
        actual=_actual_block_limits,
        # The engine discards limits that its kernel does not support.
        firm=False,
    ),
)
