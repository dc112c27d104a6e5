"""Faults of phase 1: Grafana, the browser service and the test runner."""

from tests.faults.catalogue.common import CADDYFILE, COMPOSE, RELOAD, Suite, caddy
from tests.faults.model import Edit, Fault, Outside, Recreate

SOURCES = "configs/grafana/provisioning/datasources/datasources.yml"
grafana = Suite(
    "grafana", "phase1", "test_grafana", upstream="grafana:3000", needs=("loki", "prometheus")
)
browserless = Suite("browserless", "phase1", "test_browserless")
runner = Suite("test-runner", "phase1", "test_test_runner", needs=("browserless",))

SIGNED_IN = (
    "test_the_administrator_is_known_by_name",
    "test_exactly_the_provisioned_sources_are_there",
    "test_the_source_is_healthy",
    "test_measurements_come_through_from_prometheus",
    "test_lines_come_through_from_loki",
    "test_a_dashboard_can_be_made_and_opened",
    "test_a_dashboard_that_was_deleted_is_gone",
    "test_a_dashboard_without_a_title_is_refused",
)
BROWSER = '    profiles: [tools]\n    labels: {stacktest.stand-in: "the browserless'
RUNNER = "    entrypoint: [sleep, infinity]\n"

FAULTS: tuple[Fault, ...] = (
    *grafana.behind_the_door(),
    grafana.other_value(
        'GF_SECURITY_ADMIN_PASSWORD: "${GRAFANA_ADMIN_PASSWORD}"',
        "GF_SECURITY_ADMIN_PASSWORD: other",
        "its administrator has another password",
        *SIGNED_IN,
        "test_a_person_signs_in",
    ),
    grafana.fault(
        "its source asks Prometheus where nobody listens",
        (Edit(SOURCES, "http://prometheus:9090", "http://prometheus:9"), Recreate("grafana")),
        "test_the_source_is_healthy[prometheus]",
        "test_measurements_come_through_from_prometheus",
    ),
    grafana.fault(
        "its source for Loki has another name",
        (Edit(SOURCES, "name: Loki", "name: Logs"), Recreate("grafana")),
        "test_exactly_the_provisioned_sources_are_there",
        "test_the_source_is_healthy[loki]",
        "test_lines_come_through_from_loki",
    ),
    grafana.newer_upstream("11.0.0", "test_the_program_has_the_pinned_version"),
    browserless.other_value(
        "TOKEN: ${BROWSERLESS_TOKEN}\n    volumes",
        "TOKEN: another-token-than-documented\n    volumes",
        "it wants another token",
        "test_a_browser_can_be_had",
        "test_a_page_is_rendered",
        "test_the_stack_can_be_visited_with_full_verification",
    ),
    browserless.changed(
        "      DOMAIN: stack.local\n      TOKEN",
        "      DOMAIN: other.local\n      TOKEN",
        "it does not know the stack's names",
        "test_the_stack_can_be_visited_with_full_verification",
    ),
    browserless.fault(
        "it trusts another authority",
        (
            Outside(
                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 "
                "-subj /CN=other -keyout certs/other.key -out certs/other.crt 2>/dev/null"
            ),
            Edit(
                COMPOSE,
                'TOKEN: ${BROWSERLESS_TOKEN}\n    volumes: ["./certs/ca.crt:',
                'TOKEN: ${BROWSERLESS_TOKEN}\n    volumes: ["./certs/other.crt:',
            ),
            Recreate("browserless"),
        ),
        "test_the_stack_can_be_visited_with_full_verification",
    ),
    browserless.sleeps("  browserless:\n    <<: *service\n", "*"),
    browserless.changed(
        "    networks: [backend]\n    mem_limit: 1g",
        "    networks: [frontend, backend]\n    mem_limit: 1g",
        "the frontend can reach it",
        "test_only_the_backend_has_a_way_to_it",
    ),
    runner.changed(
        "      SSL_CERT_FILE: /certs/ca.crt\n",
        "      SSL_CERT_FILE: /dev/null\n",
        "it does not trust the stack's own authority",
        "test_every_routed_name_is_verified_and_known_from_there",
    ),
    runner.fault(
        "one of the names is not among those that it can reach",
        (
            *caddy("alertmanager.stack.local {", "alarm.stack.local {"),
            Edit(CADDYFILE, "alarm.stack.local {", "alertmanager.stack.local {"),
        ),
        "test_every_routed_name_is_verified_and_known_from_there",
        undo=(RELOAD,),
    ),
    runner.changed(
        "BROWSER_ADDRESS: ws://browserless:3000/",
        "BROWSER_ADDRESS: ws://browserless:3001/",
        "it looks for the browser where nobody listens",
        "test_it_reaches_the_browser_next_door",
    ),
    runner.changed(
        f"    networks: [backend]\n{RUNNER}",
        f"    networks: [frontend]\n{RUNNER}",
        "it cannot reach the backend",
        "test_it_reaches_the_browser_next_door",
    ),
    runner.changed(
        RUNNER,
        f'{RUNNER}    user: "0:0"\n',
        "it runs as root",
        "test_it_runs_as_nobody_in_particular",
    ),
    runner.changed(
        RUNNER,
        f"{RUNNER}    tmpfs: [/tmp, /opt/stacktest/bin]\n",
        "its tools are gone",
        "test_stacktest_starts_in_it",
        "test_every_routed_name_is_verified_and_known_from_there",
        "test_it_reaches_the_browser_next_door",
        "test_it_has_no_way_out_of_the_stack",
    ),
    runner.changed(
        RUNNER,
        f"{RUNNER}    tmpfs: [/tmp, /usr/libexec/docker, /usr/lib/docker]\n",
        "it has no Compose",
        "test_it_has_the_tools_of_a_run",
    ),
)
