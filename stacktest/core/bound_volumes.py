"""Named volumes that are folders of this machine: `driver_opts` with `o: bind` and a `device`."""

from collections.abc import Mapping

from stacktest.core.changed_copy import replace
from stacktest.core.model import Mount, Stack


def as_bind(stack: Stack, mount: Mount) -> Mount:
    """The mount as a bind mount where its volume is a folder of this machine; else unchanged."""
    definition = (stack.definitions.get("volumes") or {}).get(mount.source)
    if mount.kind != "volume" or not isinstance(definition, Mapping):
        return mount
    options = definition.get("driver_opts") or {}
    device = str(options.get("device") or "")
    flags = str(options.get("o") or "").split(",")
    is_local = definition.get("driver") in (None, "", "local")
    if not is_local or not device.startswith("/") or not {"bind", "rbind"} & set(flags):
        return mount
    return replace(mount, kind="bind", source=device, read_only=mount.read_only or "ro" in flags)
