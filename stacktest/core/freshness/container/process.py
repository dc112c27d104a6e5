"""Compares the keys that the engine stores in `Config`: command, user, labels, health check."""

import posixpath
from collections.abc import Mapping

from stacktest.core.freshness.container.row import Created, Read, Row, from_image, scalar
from stacktest.core.freshness.container.values import ANY, amount, flag, nanoseconds, whole_seconds
from stacktest.core.json_data import Json

FOREIGN_LABELS = ("com.docker.compose.", "stacktest.", "desktop.docker.io/", "io.podman.")
"""Labels that Compose, stacktest and engines add."""

_CHECK = ("Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries")
_ENGINE_DEFAULTS: Mapping[str, Json] = {
    "Interval": 30 * 10**9,
    "Timeout": 30 * 10**9,
    "StartInterval": 5 * 10**9,
    "Retries": 3,
}


def _argv(key: str, name: str, *, dropped_by: str = "") -> Read:
    """The definition's list, else the image's, unless the key `dropped_by` is set."""

    def expected(container: Created) -> Json:
        argv = container.definition.get(key)
        if argv is None and dropped_by and container.definition.get(dropped_by) is not None:
            return None
        if argv is None:
            argv = container.of_image(name)
        return argv if argv == ANY else _words(argv)

    return expected


def _words(argv: Json) -> Json:
    # The engine receives `entrypoint: ""` as [""], which means no entrypoint.
    return [str(word) for word in argv] if argv and list(argv) != [""] else None


def _declared(container: Created) -> Mapping[str, Json]:
    """The labels of the definition: the model of a copy has those of the stack as well."""
    labels = container.definition.get("labels")
    return labels if isinstance(labels, dict) else {}


def _labels(container: Created) -> Json:
    return {str(name): str(value) for name, value in _declared(container).items()} or None


def _actual_labels(container: Created) -> Json:
    """The container's labels, without those that its image or a program gives it."""
    inherited = container.of_image("Labels")
    labels = container.config.get("Labels") or {}
    # If the image is gone, any label may come from it.
    image = labels if inherited == ANY else inherited or {}
    declared = _declared(container)
    foreign = {n for n, v in labels.items() if image.get(n) == v or n.startswith(FOREIGN_LABELS)}
    return {n: v for n, v in labels.items() if n in declared or n not in foreign} or None


def _healthcheck(container: Created) -> Json:
    check = container.definition.get("healthcheck") or {}
    if check.get("disable") or check.get("test") == ["NONE"]:
        return {"Test": ["NONE"]}
    inherited = container.of_image("Healthcheck")
    if inherited == ANY:
        return ANY
    # Field by field: fields that the definition does not set come from the image.
    return _fields({**(inherited or {}), **{n: v for n, v in _own_check(check).items() if v}})


def _own_check(check: Mapping[str, Json]) -> dict[str, Json]:
    test = check.get("test")
    return {
        "Test": ["CMD-SHELL", test] if isinstance(test, str) else test,
        "Interval": nanoseconds(check.get("interval")),
        "Timeout": nanoseconds(check.get("timeout")),
        "StartPeriod": nanoseconds(check.get("start_period")),
        "StartInterval": nanoseconds(check.get("start_interval")),
        "Retries": amount(check.get("retries")),
    }


def _actual_healthcheck(container: Created) -> Json:
    check = container.config.get("Healthcheck") or {}
    return {"Test": ["NONE"]} if check.get("Test") == ["NONE"] else _fields(check)


def _fields(check: Mapping[str, Json]) -> dict[str, Json]:
    """The fields that differ from the engine's defaults, which absent fields have."""
    return {
        name: check[name]
        for name in _CHECK
        if check.get(name) and check[name] != _ENGINE_DEFAULTS.get(name)
    }


ROWS: tuple[Row, ...] = (
    from_image("user", "User", str, "", None),
    from_image("working_dir", "WorkingDir", posixpath.normpath, "", "/", None),
    from_image("stop_signal", "StopSignal", str, "", "SIGTERM", "15", None),
    from_image("stop_grace_period", "StopTimeout", whole_seconds, None, 0, 10),
    scalar("domainname", "Domainname", str, "", None, section="Config"),
    scalar("tty", "Tty", flag, 0, None, section="Config"),
    scalar("stdin_open", "OpenStdin", flag, 0, None, section="Config"),
    Row(
        key="command",
        expected=_argv("command", "Cmd", dropped_by="entrypoint"),
        actual=lambda c: _words(c.config.get("Cmd")),
    ),
    Row(
        key="entrypoint",
        expected=_argv("entrypoint", "Entrypoint"),
        actual=lambda c: _words(c.config.get("Entrypoint")),
    ),
    Row(key="labels", expected=_labels, actual=_actual_labels),
    Row(key="healthcheck", expected=_healthcheck, actual=_actual_healthcheck),
)
