"""The page that says what is real in the reference stack agrees with its compose file."""

import re
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]


def test_real_and_stand_in_services_are_those_of_the_compose_file() -> None:
    compose = YAML(typ="safe").load(
        (ROOT / "fixtures/stacks/reference/docker-compose.yml").read_text()
    )
    stand_ins = {
        name: service["labels"]["stacktest.stand-in"]
        for name, service in compose["services"].items()
        if "stacktest.stand-in" in (service.get("labels") or {})
    }
    page = (ROOT / "docs/reference/reference-stack.md").read_text()
    real_part, stand_in_part = page.split("## Proved on a stand-in")
    rows = re.compile(r"^\| ([a-z0-9-]+) \| (.+) \|$", re.MULTILINE)
    told_real = {name for name, _ in rows.findall(real_part) if name != "service"}
    told = {name: why for name, why in rows.findall(stand_in_part) if name != "service"}
    assert told == stand_ins
    assert told_real == set(compose["services"]) - set(stand_ins)
    assert f"({len(stand_ins)})" in stand_in_part.splitlines()[0]
