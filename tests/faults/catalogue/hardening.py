"""Faults of phase 6: what is written, and what runs."""

from tests.faults.catalogue.common import COMPOSE
from tests.faults.model import Edit, Fault, Inside, Outside, Recreate, Step

CADDY = "  caddy:\n    <<: *service\n"
KOPIA = "  kopia:\n    <<: *stand-in\n"


def fault(
    name: str, seed: tuple[Step, ...], *red: str, undo: tuple[Step, ...] | None = ()
) -> Fault:
    return Fault(
        name=f"hardening: {name}",
        service="caddy",
        phase="phase6",
        seed=seed,
        red=tuple(f"test_hardening::{check}" for check in red),
        undo=undo,
    )


def written(name: str, rule: str, line: str, *red: str, stanza: str = KOPIA) -> Fault:
    """The compose file says it; nothing runs differently."""
    seed = (Edit(COMPOSE, stanza, f"{stanza}    {line}\n"),)
    return fault(name, seed, f"test_every_service_has[{rule}]", *red)


def running(name: str, line: str, *red: str) -> Fault:
    """The front door runs so; the compose file says it, too, so both kinds of checks see it."""
    seed = (Edit(COMPOSE, CADDY, f"{CADDY}    {line}\n"), Recreate("caddy"))
    return fault(name, seed, *red, undo=None)


FAULTS: tuple[Fault, ...] = (
    written("a service is privileged", "not privileged", "privileged: true"),
    written("a service gets a capability back", "no capabilities", "cap_add: [NET_RAW]"),
    written("a service may gain privileges", "no new privileges", "security_opt: [label=disable]"),
    written("a service may write to its image", "read-only files", "read_only: false"),
    written("a service may take all memory", "a memory limit", "mem_limit: 0"),
    written("a service may start any number of processes", "a process limit", "pids_limit: 0"),
    written("a service has no init", "an init", "init: false"),
    written("a service sees the host's processes", "namespaces of its own", "pid: host"),
    written("a service is not restarted", "a restart policy", 'restart: "on-failure:3"'),
    written(
        "a service follows the latest version",
        "an image with a version",
        "image: stacktest/stand-in:latest",
    ),
    written("a service has a port on the host", "no published port", 'ports: ["127.0.0.1::51515"]'),
    written(
        "a secret is short",
        "long secrets",
        "environment: {ANOTHER_PASSWORD: short}",
        stanza="  loki:\n    <<: *stand-in\n",
    ),
    written(
        "an application trusts a proxy by its name",
        "trusted proxies by address",
        "  TRUSTED_PROXIES: caddy",
        stanza="      NEXTCLOUD_TRUSTED_DOMAINS: nextcloud.stack.local\n",
    ),
    fault(
        "a service keeps the password that it comes with",
        (Edit(".env", "GRAFANA_ADMIN_PASSWORD=", "GRAFANA_ADMIN_PASSWORD=admin\nWAS="),),
        "test_every_service_has[long secrets]",
    ),
    fault(
        "a service has the engine's socket",
        (
            Edit(
                COMPOSE,
                "      - ./configs:/configs:ro\n",
                "      - ./configs:/configs:ro\n      - /var/run/docker.sock:/var/run/docker.sock:ro\n",
            ),
        ),
        "test_every_service_has[no engine socket]",
    ),
    fault(
        "a service may write to its configuration",
        (Edit(COMPOSE, "- ./configs:/configs:ro", "- ./configs:/configs"),),
        "test_every_service_has[read-only configuration]",
    ),
    fault(
        "a service has no health check",
        (
            Edit(
                COMPOSE,
                '    healthcheck: {<<: *health, test: ["CMD", "curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:51515/metrics"]}\n',
                "",
            ),
        ),
        "test_every_service_has[a health check]",
    ),
    fault(
        "an exception is not needed any more",
        (
            Edit(
                COMPOSE,
                '- ${DOCKER_SOCKET:-/var/run/docker.sock}:/var/run/docker.sock:ro\n    healthcheck: {<<: *health, test: ["CMD", "curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:9000',
                '- portainer:/cache\n    healthcheck: {<<: *health, test: ["CMD", "curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:9000',
            ),
        ),
        "test_no_exception_is_left_over",
    ),
    fault(
        "the backend has a way out",
        (Edit(COMPOSE, "    internal: true\n", ""),),
        "test_the_backend_has_no_way_out",
    ),
    fault(
        "a datastore is on the frontend",
        (
            Edit(
                COMPOSE,
                "  outline-redis:\n    <<: *redis\n",
                "  outline-redis:\n    <<: *redis\n    networks: [frontend, backend]\n",
            ),
        ),
        "test_datastores_are_on_the_backend_only",
    ),
    fault(
        "the front door is published to everybody",
        (
            Edit(
                COMPOSE,
                '"127.0.0.1:${STACK_HTTPS_PORT:-8443}:443"',
                '"${STACK_HTTPS_PORT:-8443}:443"',
            ),
        ),
        "test_the_front_door_is_published_to_this_machine_only",
    ),
    fault(
        "an application does not wait for its database",
        (
            Edit(
                COMPOSE,
                "      planka-postgres: {condition: service_healthy}",
                "      planka-postgres: {condition: service_started}",
            ),
        ),
        "test_applications_wait_for_what_they_need",
    ),
    fault(
        "two services share a secret",
        (Edit(COMPOSE, "SECRET_KEY: ${PLANKA_SECRET_KEY}", "SECRET_KEY: ${OUTLINE_SECRET_KEY}"),),
        "test_no_two_services_share_a_made_up_secret",
    ),
    fault(
        "a password is written into the compose file",
        (
            Edit(
                COMPOSE,
                "MARIADB_ROOT_PASSWORD: ${MARIADB_ROOT_PASSWORD}",
                "MARIADB_ROOT_PASSWORD: a-password-that-is-long-enough",
            ),
        ),
        "test_no_secret_is_written_into_the_compose_file",
    ),
    fault(
        "everybody can read the passwords",
        (Outside("chmod 644 .env"),),
        "test_only_its_owner_can_read[.env]",
        undo=(Outside("chmod 600 .env"),),
    ),
    fault(
        "everybody can read the authority's key",
        (Outside("chmod 644 certs/ca.key"),),
        "test_only_its_owner_can_read[certs/ca.key]",
        undo=(Outside("chmod 600 certs/ca.key"),),
    ),
    fault(
        "everybody can reach the certificate's key",
        (Outside("chmod 755 certs/private"),),
        "test_the_certificates_key_is_in_a_folder_of_its_owner",
        undo=(Outside("chmod 700 certs/private"),),
    ),
    running("a container runs as root", 'user: "0:0"', "test_nothing_runs_as_root"),
    fault(
        "a container was started from another folder",
        (
            Outside(
                "cp -a . ../elsewhere && cd ../elsewhere && docker compose -p $PROJECT "
                "--profile '*' up -d --force-recreate --no-deps caddy"
            ),
            Inside(
                "caddy",
                "until curl -s http://127.0.0.1:2019/config/ >/dev/null; do sleep 0.1; done",
            ),
        ),
        "test_nothing_runs_from_another_folder",
        undo=(Recreate("caddy"),),
    ),
    running(
        "a container has a capability",
        "cap_add: [NET_BIND_SERVICE]",
        "test_nothing_has_a_capability",
        "test_every_service_has[no capabilities]",
    ),
    running(
        "a container may gain privileges",
        "security_opt: [label=disable]",
        "test_nothing_can_gain_privileges",
        "test_every_service_has[no new privileges]",
    ),
    running(
        "a container may write to its image",
        "read_only: false",
        "test_nothing_can_write_to_its_image",
        "test_every_service_has[read-only files]",
    ),
)
