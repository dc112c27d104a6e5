"""What the compose model says is secret is known, and no report holds it."""

import json
from pathlib import Path
from typing import Any

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.model import Service, Stack
from stacktest.core.redaction import redact
from stacktest.core.route import Route
from stacktest.core.secrets import secrets_of
from stacktest.reports.export import ctrf, docs_data, markdown, metrics
from stacktest.reports.export.badge import badge, badge_svg
from stacktest.reports.page.page import render_page
from stacktest.reports.recorded_outcomes import recorded_outcomes
from stacktest.reports.report_data import Board
from tests.support.known import known


def stack(**service: Any) -> Stack:
    one = Service(name="app", **service)
    return Stack(
        name="demo", root=Path("demo"), services={"app": one}, domain="b.c",
        routes=(Route(host="app.b.c", service="app"),),
    )  # fmt: skip


@pytest.mark.parametrize(
    "service",
    [
        {"environment": {"DB_PASSWORD": "hunter-2"}},
        {"environment": {"API_KEY": "hunter-2"}},
        {"environment": {"LDAP_PASSWORD_ADMIN": "hunter-2"}},
        {"environment": {"REDISCLI_AUTH": "hunter-2"}},
        {"environment": {"clientSecret": "hunter-2"}},
        {"environment": {"DATABASE_URL": "postgres://app:hunter-2@db/app"}},
        {"environment": {"REDIS": "redis://:hunter-2@cache:6379/0"}},
        {"command": ("redis-server", "--requirepass", "hunter-2")},
        {"command": ("kopia", "--server-password=hunter-2")},
        {"labels": {"traefik.http.middlewares.a.basicauth.users": "hunter-2"}},
        {"labels": {"traefik.http.middlewares.a.digestauth.users": "hunter-2"}},
        {"labels": {"caddy.basic_auth.somebody": "hunter-2"}},
        {"environment": {"LDAP_BINDPW": "hunter-2"}},
    ],
)
def test_a_secret_is_found_where_people_write_it(service: dict[str, Any]) -> None:
    assert secrets_of(stack(**service)) == {"hunter-2"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_KEY", "base64:hunter-2"),
        ("API_KEYS", "first-of-two,hunter-2"),
        ("BASIC_AUTH", "admin:hunter-2"),
        ("traefik.http.middlewares.a.basicauth.users", "x:other-one,y:hunter-2"),
        (
            "traefik.http.middlewares.a.headers.customrequestheaders.Authorization",
            "Bearer hunter-2",
        ),
        ("HTTP_AUTHORIZATION", "Basic YWRtaW46aHVudGVyLTI="),
    ],
)
def test_a_part_of_a_value_is_found(name: str, value: str) -> None:
    assert "hunter-2" in secrets_of(stack(environment={name: value}))
    assert "hunter-2" in secrets_of(stack(labels={name: value}))


@pytest.mark.parametrize(
    "environment",
    [
        {"LOG_LEVEL": "debug-all"},
        {"AUTH_ENABLED": "true"},
        {"KEY_LENGTH": "4096"},
        {"PASSWORD_FILE": "/run/secrets/db"},
        {"AUTH_DOMAIN": "b.c"},
        {"AUTH_HOST": "app.b.c"},
        {"OAUTH_URL": "https://app.b.c/oauth"},
        {"PASSWORD": ""},
        {"PASSWORD": None},
        {"SPINDLE": "something"},
        {"KEYCLOAK_ADMIN": "somebody"},
        {"AUTHELIA_LOG_LEVEL": "debug-all"},
        {"MASTER_KEY_PATH": "/etc/secret-key"},
        {"ADMIN_PASSWORD": "admin"},
    ],
)
def test_what_reports_must_be_able_to_say_is_no_secret(environment: dict[str, Any]) -> None:
    assert secrets_of(stack(environment=environment)) == frozenset()


def test_a_secret_in_a_reason_reaches_no_report(board: Board) -> None:
    canary = "canary-in-the-environment"
    said = f"AssertionError: password {canary} was refused"
    status = {
        name: replace(entry, reasons=(said,)) if name == "loki" else entry
        for name, entry in board.status.items()
    }
    lines = [replace(line, reasons=(f"{next(iter(line.tests))} failed: {said}",))
             for line in board.histories["loki"]]  # fmt: skip
    leaky = replace(board, status=status, histories={**board.histories, "loki": lines})
    outputs = [
        render_page(leaky), metrics.metrics(leaky), markdown.summary(leaky),
        badge_svg(badge(leaky)), json.dumps(docs_data.docs_data(leaky)),
        json.dumps(ctrf.ctrf(leaky, known(leaky.latest_run), recorded_outcomes(leaky))),
    ]  # fmt: skip
    assert any(canary in text for text in outputs), "the canary has to be there to be taken out"
    secrets = secrets_of(leaky.stack)
    assert [text for text in outputs if canary in redact(text, secrets)] == []


def test_a_secret_that_looks_like_a_path_is_still_one() -> None:
    assert secrets_of(stack(environment={"API_KEY": "/9j4AAQ+Sk=="})) == {"/9j4AAQ+Sk=="}
