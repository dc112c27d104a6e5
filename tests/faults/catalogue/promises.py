"""Promises of the first documents: one that holds is broken, those that are known to be false are kept.

A check whose claim is known to be false turns red when the claim holds.
"""

from tests.faults.catalogue.common import COMPOSE, RELOAD, Suite, caddy
from tests.faults.model import Edit, Outside
from tests.faults.throwaway import FAULTY

SOCKET = "${DOCKER_SOCKET:-/var/run/docker.sock}:/var/run/docker.sock:ro"
VOLUMES = [
    "alertmanager",
    "clickhouse",
    "grafana",
    "homeassistant",
    "jellyfin",
    "ldap",
    "mariadb",
    "mongodb",
    "outline-postgres",
    "outline-redis",
    "paperless-postgres",
    "planka-postgres",
    "portainer",
    "prometheus",
    "redis",
]
OTHER_NAMES = {
    "auth": "authelia",
    "home": "homeassistant",
    "pdf": "stirling-pdf",
    "vault": "vaultwarden",
    "wiki": "outline",
}

door = Suite("caddy", "phase0", "test_promises_phase0")
alertmanager = Suite("alertmanager", "phase2", "test_promises_phase2", needs=("prometheus",))
prometheus = Suite("prometheus", "phase2", "test_promises_phase2", needs=("alertmanager",))
promtail = Suite("promtail", "phase2", "test_promises_phase2", needs=("alertmanager", "prometheus"))
kopia = Suite("kopia", "phase4", "test_promises_phase4")
librechat = Suite("librechat", "phase5", "test_promises_phase5", needs=("mongodb", "localai"))
outline = Suite(
    "outline", "phase8", "test_promises_phase8", needs=("outline-postgres", "outline-redis")
)


def without(*services: str) -> Outside:
    """These services are gone from the compose file, from their names to the next blank line."""
    gone = "; ".join(f"/^  {name}:$/,/^$/d" for name in services)
    names = "|".join(services)
    return Outside(f"sed -i '{gone}' {COMPOSE}; sed -E -i '/^  ({names}):/d' {FAULTY}")


FAULTS = (
    door.fault(
        "every host is named after its service",
        (
            Outside(
                "; ".join(
                    f"sed -i 's/^{old}\\.stack\\.local /{new}.stack.local /' configs/caddy/Caddyfile"
                    for old, new in OTHER_NAMES.items()
                )
            ),
        ),
        "test_every_host_is_named_after_its_service",
        undo=(),
    ),
    door.fault(
        "it listens for plain HTTP on port 80",
        caddy(
            "stack.local {\n\timport front\n\trespond",
            'http://stack.local {\n\trespond "plain"\n}\n\nstack.local {\n\timport front\n\trespond',
        ),
        "test_it_listens_for_plain_http",
        undo=(RELOAD,),
    ),
    door.fault(
        "it is given the socket of the engine",
        (Edit(COMPOSE, "      - site:/site:ro\n", f"      - site:/site:ro\n      - {SOCKET}\n"),),
        "test_it_has_no_socket_of_the_engine",
        undo=(),
    ),
    door.fault(
        "there are three services less",
        (without("promtail", "browserless", "test-runner"),),
        "test_there_are_thirty_three_containers",
        undo=(),
    ),
    alertmanager.fault(
        "somebody is told of alerts",
        (
            Edit("configs/alertmanager/alertmanager.yml", 'receiver: "null"', "receiver: me"),
            Edit("configs/alertmanager/alertmanager.yml", '- name: "null"', "- name: me"),
            Outside(
                "docker exec $PROJECT-alertmanager-1 curl -fsS -X POST localhost:9093/-/reload"
            ),
        ),
        "test_somebody_is_told_of_alerts",
        more=("alertmanager",),
    ),
    prometheus.fault(
        "the front door hides its measurements",
        caddy(
            "reverse_proxy prometheus:9090", "respond /metrics 404\n\treverse_proxy prometheus:9090"
        ),
        "test_nobody_outside_reads_its_own_measurements",
        undo=(RELOAD,),
    ),
    prometheus.fault(
        "strangers are sent to the portal",
        caddy(
            "reverse_proxy prometheus:9090",
            "redir /graph https://auth.stack.local/ 302\n\treverse_proxy prometheus:9090",
        ),
        "test_a_stranger_is_sent_to_the_portal",
        undo=(RELOAD,),
    ),
    promtail.fault(
        "it is denied the socket of the engine",
        (Edit(COMPOSE, f"/etc/promtail:ro\n      - {SOCKET}\n", "/etc/promtail:ro\n"),),
        "test_the_engines_socket_is_for_three_services_only",
        undo=(),
    ),
    kopia.fault(
        "it has every volume",
        (
            Edit(
                COMPOSE,
                "      - kopia:/backup\n",
                "      - kopia:/backup\n"
                + "".join(f"      - {name}:/sources/{name}:ro\n" for name in VOLUMES),
            ),
        ),
        "test_all_data_is_within_its_reach",
        undo=(),
    ),
    librechat.patched(
        "librechat",
        's/"registrationEnabled": False/"registrationEnabled": True/',
        "anybody may register",
        "test_a_person_may_register",
        "test_librechat::test_nobody_may_register",
    ),
    outline.patched(
        "outline",
        's/{"providers": \\[\\]}/{"providers": [{"id": "x", "name": "X"}]}/',
        "it has a way to sign in",
        "test_a_person_can_use_the_wiki",
        "test_outline::test_no_way_to_sign_in_is_configured",
        "test_outline::test_the_page_asks_who_is_there",
    ),
)
