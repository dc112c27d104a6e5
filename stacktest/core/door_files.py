"""Which front door reads a file, by the file's name alone."""

from pathlib import PurePath


def kind_by_name(path: str) -> str:
    """`caddy` or `nginx`; empty where the name does not show it, so that `routes` has to say it."""
    name = PurePath(path).name.lower()
    if "caddyfile" in name or name.endswith(".caddy"):
        return "caddy"
    return "nginx" if name.endswith((".conf", ".conf.template")) or "nginx" in name else ""
