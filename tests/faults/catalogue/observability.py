"""Faults of phase 2: Prometheus and Alertmanager."""

from tests.faults.catalogue.common import CADDYFILE, behind_the_door
from tests.faults.model import Edit, Fault, Inside, Pin, Recreate, Step

PROMETHEUS = "configs/prometheus/prometheus.yml"
RULES = "configs/prometheus/rules.yml"
ALERTMANAGER = "configs/alertmanager/alertmanager.yml"
HUP = Inside(
    "prometheus",
    # Targets that were read again take their turn up to five seconds later.
    "curl -fsS -X POST http://127.0.0.1:9090/-/reload || true; sleep 6",
)
REFUSED = (
    "curl -fsS http://127.0.0.1:9090/metrics | "
    "grep -q '^prometheus_notifications_errors_total{.*} [1-9]'"
)
ARRIVES = (
    "test_alertmanager::test_prometheus_lost_no_notification_on_the_way",
    "test_alertmanager::test_what_prometheus_fires_arrives_here",
)


def prometheus(name: str, seed: tuple[Step, ...], *red: str, undo: bool = True) -> Fault:
    return Fault(
        name=name,
        service="prometheus",
        phase="phase2",
        seed=seed,
        red=tuple(check if "::" in check else f"test_prometheus::{check}" for check in red),
        watch=("test_alertmanager",),
        needs=("alertmanager",),
        undo=(HUP,) if undo else None,
    )


def alertmanager(name: str, seed: tuple[Step, ...], *red: str) -> Fault:
    return Fault(
        name=name,
        service="alertmanager",
        phase="phase2",
        seed=seed,
        red=tuple(check if "::" in check else f"test_alertmanager::{check}" for check in red),
        # What could not be sent while Alertmanager was made anew is remembered for two minutes.
        more=("prometheus",),
        needs=("prometheus",),
    )


FAULTS = (
    *behind_the_door(
        service="prometheus",
        phase="phase2",
        upstream="prometheus:9090",
        routed=(
            "test_prometheus::*",
            "test_alertmanager::test_prometheus_lost_no_notification_on_the_way",
            "test_alertmanager::test_what_prometheus_fires_arrives_here",
        ),
        blind_to_ok=("test_prometheus::test_its_files_can_be_read_again_without_a_restart",),
        needs=("alertmanager",),
    ),
    prometheus(
        "the front door is asked for its measurements where it refuses everybody",
        (Edit(PROMETHEUS, "targets: [caddy:2020]", "targets: [caddy:2019]"), HUP),
        "test_every_target_is_up",
        "test_what_it_scraped_can_be_queried",
        "test_what_it_scraped_comes_from_the_front_door",
        undo=False,
    ),
    prometheus(
        "a target was forgotten",
        (
            Edit(
                PROMETHEUS,
                "  - job_name: caddy\n    static_configs:\n      - targets: [caddy:2020]\n",
                "",
            ),
            HUP,
        ),
        "test_every_target_is_up",
        "test_what_it_scraped_can_be_queried",
        "test_what_it_scraped_comes_from_the_front_door",
        undo=False,
    ),
    prometheus(
        "the front door counts nothing",
        (
            Edit(CADDYFILE, "\tservers {\n\t\tmetrics\n", "\tservers {\n"),
            Recreate("caddy"),
            Inside("prometheus", "sleep 16"),
        ),
        "test_what_it_scraped_comes_from_the_front_door",
        undo=False,
    ),
    prometheus(
        "the configuration has a mistake",
        (Edit(PROMETHEUS, "scrape_configs:", "scrape_config:"), HUP),
        "test_its_configuration_was_accepted",
        "test_its_files_can_be_read_again_without_a_restart",
    ),
    prometheus(
        "a rule was forgotten",
        (Edit(RULES, "alert: AlertmanagerDown", "alert: AlertmanagerGone"), HUP),
        "test_every_rule_is_evaluated",
    ),
    prometheus(
        "a rule cannot be evaluated",
        (
            Edit(
                RULES,
                "expr: up == 0",
                'expr: label_replace(label_replace(up, "job", "x", "", ".*"), "instance", "y", "", ".*")',
            ),
            HUP,
        ),
        "test_every_rule_is_evaluated",
    ),
    prometheus(
        "an alert fires",
        (
            Edit(
                RULES,
                "expr: prometheus_config_last_reload_successful == 0\n        for: 5m",
                "expr: prometheus_config_last_reload_successful == 1",
            ),
            HUP,
        ),
        "test_nothing_fires_but_the_watchdog",
    ),
    prometheus(
        "the watchdog is gone",
        (
            Edit(RULES, "expr: vector(1)\n", "expr: vector(1) > 1\n"),
            Recreate("alertmanager", "prometheus"),
        ),
        "test_nothing_fires_but_the_watchdog",
        *ARRIVES,
        undo=False,
    ),
    prometheus(
        "alerts are sent to nobody",
        (
            Edit(PROMETHEUS, "targets: [alertmanager:9093]\n\nscrape", "targets: []\n\nscrape"),
            Recreate("alertmanager", "prometheus"),
        ),
        "test_it_knows_where_alerts_go",
        *ARRIVES,
        undo=False,
    ),
    prometheus(
        "alerts are sent to a page that Alertmanager does not have",
        (
            Edit(
                PROMETHEUS,
                "    - static_configs:\n        - targets: [alertmanager:9093]\n\nscrape",
                "    - path_prefix: /elsewhere\n      static_configs:\n"
                "        - targets: [alertmanager:9093]\n\nscrape",
            ),
            Recreate("alertmanager", "prometheus"),
            Inside("prometheus", f"until {REFUSED}; do sleep 0.5; done; sleep 6"),
        ),
        "test_it_knows_where_alerts_go",
        *ARRIVES,
        undo=False,
    ),
    prometheus(
        "whoever comes by may write samples",
        (
            Edit(
                "docker-compose.yml",
                "    networks: [frontend, backend]\n    volumes:\n      - ./configs/prometheus",
                "    networks: [frontend, backend]\n    command: [--config.file=/etc/prometheus/prometheus.yml, --storage.tsdb.path=/prometheus, --web.enable-remote-write-receiver]\n    volumes:\n      - ./configs/prometheus",
            ),
            Recreate("prometheus"),
        ),
        "test_samples_cannot_be_written_from_outside",
        "test_its_files_can_be_read_again_without_a_restart",
        undo=False,
    ),
    prometheus(
        "Prometheus was not restarted after its update",
        (Pin("prometheus"),),
        "test_the_program_has_the_pinned_version",
        undo=False,
    ),
    *behind_the_door(
        service="alertmanager",
        phase="phase2",
        upstream="alertmanager:9093",
        routed=("test_alertmanager::*",),
        needs=("prometheus",),
    ),
    alertmanager(
        "the receiver has another name",
        (
            Edit(ALERTMANAGER, 'receiver: "null"', "receiver: nobody"),
            Edit(ALERTMANAGER, '- name: "null"', "- name: nobody"),
            Inside("alertmanager", "curl -fsS -X POST http://127.0.0.1:9093/-/reload"),
        ),
        "test_it_runs_with_the_configured_receiver",
        "test_an_alert_reaches_its_receiver",
    ),
    alertmanager(
        "somebody silenced everything",
        (
            Inside(
                "alertmanager",
                "curl -fsS -H 'Content-Type: application/json' http://127.0.0.1:9093/api/v2/silences -d "
                '\'{"matchers":[{"name":"alertname","value":".+","isRegex":true,"isEqual":true}],'
                '"startsAt":"2020-01-01T00:00:00Z","endsAt":"2099-01-01T00:00:00Z",'
                '"createdBy":"x","comment":"x"}\'',
            ),
        ),
        "test_an_alert_reaches_its_receiver",
        "test_a_silenced_alert_is_suppressed",
        "test_what_prometheus_fires_arrives_here",
    ),
    alertmanager(
        "its clocks wait for a cluster that never settles",
        (
            Edit(
                "docker-compose.yml",
                "    networks: [frontend, backend]\n    volumes:\n      - ./configs/alertmanager",
                "    networks: [frontend, backend]\n    command: [--config.file=/etc/alertmanager/alertmanager.yml, --storage.path=/alertmanager, --cluster.listen-address=]\n    volumes:\n      - ./configs/alertmanager",
            ),
            Recreate("alertmanager", "prometheus"),
        ),
        "test_its_cluster_has_settled",
    ),
    alertmanager(
        "Alertmanager was not restarted after its update",
        (Pin("alertmanager"), Recreate("prometheus")),
        "test_the_program_has_the_pinned_version",
    ),
)
