"""A small compose project on disk, as the real `docker compose config` sees it."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from stacktest.adapters.compose.client import Compose
from stacktest.adapters.fingerprint_inputs import read_fingerprints
from stacktest.config import Config, ServiceSection
from stacktest.core.fingerprint.digest import Key
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.json_data import Json
from stacktest.core.unknown import Unknown

KEY = Key(secret=bytes(range(32)))


def image(name: str, **config: Json) -> Json:
    """What the engine says of an image with one layer named after `name`."""
    return {
        "Id": f"sha256:{name}",
        "Os": "linux",
        "Architecture": "amd64",
        "RootFS": {"Type": "layers", "Layers": [f"sha256:{name.encode().hex():0<64}"]},
        "Config": {"Cmd": ["run"], **config},
    }


class Project:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.images: dict[str, Json | Unknown] = {}
        self.sections: dict[str, ServiceSection] = {}
        self.key: Key | Unknown = KEY
        root.mkdir(exist_ok=True)
        self.git("init", "-q", "--template=")

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())

    def replace(self, name: str, old: str, new: str) -> None:
        text = (self.root / name).read_text()
        assert old in text
        self.write({name: text.replace(old, new)})

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.root, check=True, capture_output=True)

    def fingerprints(self) -> Mapping[str, Fingerprint]:
        self.git("add", "--all")
        stack = Compose(self.root).model()
        return read_fingerprints(
            stack,
            key=self.key,
            images={name: self.images.get(name, image(name)) for name in stack.services},
            config=Config(root=self.root, services=self.sections),
        )
