"""Containers that Traefik leaves out: by an expression over their labels, or because one says so."""

from pathlib import Path

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.adapters.routes.traefik.constraints import why_constrained
from stacktest.core.model import Service
from tests.adapters.routes.front_doors import leads, stack

LEFT_OUT = "the constraints of Traefik's provider leave it out"
LABELS = {"tag": "public", "com.docker.compose.project": "t"}


@pytest.mark.parametrize(
    ("expression", "is_taken"),
    [
        ("", True),
        ("Label(`tag`, `public`)", True),
        ("Label(`tag`,`internal`)", False),
        ("!Label(`tag`,`internal`)", True),
        ("Label(`none`,`x`)", False),
        ("LabelRegex(`tag`, `^pub`)", True),
        ("LabelRegex(`none`, `.*`)", False),
        ("Label(`tag`,`internal`) || Label(`com.docker.compose.project`,`t`)", True),
        ("Label(`tag`,`public`) && !Label(`com.docker.compose.project`,`t`)", False),
    ],
)
def test_an_expression(expression: str, is_taken: bool) -> None:
    assert why_constrained(expression, LABELS) == ("" if is_taken else LEFT_OUT)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("tag==public", "it cannot be read from its character 4 on"),
        ("Tag(`public`)", "what tag means"),
        ("Label(`tag`)", "what label means"),
        ("LabelRegex(`tag`, `(`)", "one of its expressions"),
    ],
)
def test_an_expression_that_cannot_be_read(expression: str, why: str) -> None:
    sentence = "the constraints of Traefik's provider cannot be read"
    assert why_constrained(expression, LABELS) == f"{sentence}: {why}"


@pytest.mark.parametrize(
    ("option", "labels", "leads_to"),
    [
        ("constraints=Label(`tag`,`public`)", {}, LEFT_OUT),
        ("constraints=Label(`tag`,`public`)", {"tag": "public"}, "app:None"),
        ("constraints=Label(`com.docker.compose.project`,`t`)", {}, "app:None"),
        ("exposedbydefault=0", {}, "Traefik does not expose the service: traefik.enable is not true"),
        ("exposedbydefault=F", {"traefik.enable": "1"}, "app:None"),
        ("network=x", {"traefik.enable": "0"}, "Traefik does not expose the service: traefik.enable is not true"),
    ],
)  # fmt: skip
def test_a_container_that_is_left_out_has_no_route(
    option: str, labels: dict[str, str], leads_to: str, tmp_path: Path
) -> None:
    app = Service(name="app", labels={"traefik.http.routers.app.rule": "Host(`a.test`)", **labels})
    command = ("--providers.docker=true", f"--providers.docker.{option}")
    of = stack(tmp_path, app, image="traefik:v3", command=command)
    assert leads(read_routes(("traefik",), of)) == {"a.test": leads_to}
