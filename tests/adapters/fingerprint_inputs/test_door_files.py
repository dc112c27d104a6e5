"""The front door's files that can change what it says about a host name are named by a reason."""

from pathlib import Path

from stacktest.adapters.compose.model import read_model
from stacktest.adapters.fingerprint_inputs import read_fingerprints
from stacktest.config import Config
from stacktest.core.changed_copy import replace
from stacktest.core.fingerprint.digest import Key
from stacktest.core.route import Route

KEY = Key(secret=b"k" * 32)


def door_files(root: Path, front_door: str) -> set[str]:
    """The names behind the fingerprint of a service behind the front door."""
    mounts = [{"type": "bind", "source": f"{root}/conf", "target": "/c", "read_only": True}]
    services = {"app": {"image": "app:1"}, "door": {"image": "caddy:2", "volumes": mounts}}
    document = {"name": "s", "services": services}
    stack = replace(
        read_model(document, root=root, files=[root / "compose.yml"]),
        front_door=front_door,
        routes=(Route(host="app.lan", service="app", where="conf/Caddyfile:3"),),
    )
    prints = read_fingerprints(stack, key=KEY, images={}, config=Config(root=root))
    return set(prints["app"].detail["door"])


def test_files_with_routes_and_certificates_count(tmp_path: Path) -> None:
    (tmp_path / "conf").mkdir()
    for name in ("Caddyfile", "home.crt", "home.key", "index.html"):
        (tmp_path / "conf" / name).write_text(name)
    (tmp_path / "compose.yml").write_text("services: {app: {image: app:1}}\n")
    assert door_files(tmp_path, "door") == {"conf/Caddyfile", "conf/home.crt"}
    assert door_files(tmp_path, "") == set()
