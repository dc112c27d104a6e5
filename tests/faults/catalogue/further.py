"""Faults of phase 8: Planka, Outline, Jellyfin, Home Assistant, Benthos and Watchtower."""

from tests.faults.catalogue.common import COMPOSE, RELOAD, Suite, caddy, psql
from tests.faults.model import Edit, Fault, Inside, Outside, Recreate, Step

planka = Suite(
    "planka", "phase8", "test_planka", upstream="planka:1337", needs=("planka-postgres",)
)
outline = Suite(
    "outline",
    "phase8",
    "test_outline",
    upstream="outline:3000",
    needs=("outline-postgres", "outline-redis"),
)
jellyfin = Suite("jellyfin", "phase8", "test_jellyfin", upstream="jellyfin:8096")
home = Suite("homeassistant", "phase8", "test_homeassistant", upstream="homeassistant:8123")
benthos = Suite("benthos", "phase8", "test_benthos", upstream="benthos:4195")
watchtower = Suite("watchtower", "phase8", "test_watchtower")

PROJECTS = (
    "test_a_project_can_be_made",
    "test_a_project_that_was_deleted_is_gone",
    "test_a_board_belongs_to_its_project",
    "test_a_project_is_kept_in_its_database",
    "test_a_person_finds_the_project_on_the_page",
)
PEOPLE = (
    "test_a_person_can_be_added_and_signs_in",
    "test_a_person_who_was_removed_is_gone",
    "test_an_ordinary_person_may_not_add_others",
)
OWNER = (
    "test_its_owner_is_let_in",
    "test_the_program_has_the_pinned_version",
    "test_it_is_running",
    "test_it_knows_its_own_address",
    "test_a_state_can_be_written_and_read",
    "test_a_state_that_was_removed_is_gone",
)
CONFIGURATION = "configs/homeassistant/configuration.yaml"
BENTHOS = "configs/benthos/benthos.yaml"
WATCHTOWER = "  watchtower:\n    <<: *stand-in\n"
WATCHTOWER_AGAIN = Outside(
    "docker compose -f docker-compose.yml -f faulty.yml --profile '*' "
    "up -d --force-recreate --no-deps watchtower && sleep 2"
)
OLD_CLIENT = "curl -sS --unix-socket /var/run/docker.sock http://engine/v1.1/containers/json"


def jellyfin_forgets(kind: str) -> tuple[Inside, ...]:
    """Documents of one kind are gone from its own store."""
    return (
        Inside(
            "jellyfin",
            "python -c \"import sqlite3; d = sqlite3.connect('/data/documents.sqlite'); "
            f"d.execute('DELETE FROM documents WHERE {kind}'); d.commit()\"",
        ),
    )


def broken_watchtower(stanza: str) -> tuple[Step, ...]:
    """Watchtower with these lines in its stanza, nobody waiting for it to become healthy."""
    command = f"{WATCHTOWER}    command: [watchtower]\n"
    return (Edit(COMPOSE, command, f"{WATCHTOWER}{stanza}"), WATCHTOWER_AGAIN)


FAULTS: tuple[Fault, ...] = (
    *planka.behind_the_door(),
    planka.fault(
        "the front door asks for it on another port than its own",
        caddy("reverse_proxy planka:1337", "reverse_proxy planka:3000"),
        "*",
        undo=(RELOAD,),
    ),
    planka.other_value(
        "DEFAULT_ADMIN_PASSWORD: ${PLANKA_ADMIN_PASSWORD}",
        "DEFAULT_ADMIN_PASSWORD: other",
        "its administrator has another password",
        *PROJECTS,
        "test_a_project_without_a_name_is_refused",
        "test_who_signed_out_is_nobody",
    ),
    planka.fault(
        "projects cannot be kept",
        (psql("planka-postgres", "ALTER TABLE project RENAME TO elsewhere"),),
        *PROJECTS,
        more=("planka",),
    ),
    planka.fault(
        "its database does not let it in",
        (psql("planka-postgres", "ALTER ROLE planka PASSWORD 'other'"),),
        *PROJECTS,
        "test_a_made_up_name_is_refused",
        "test_a_project_without_a_name_is_refused",
        "test_who_signed_out_is_nobody",
        "test_a_refused_person_is_told_on_the_page",
        more=("planka",),
    ),
    *outline.behind_the_door(),
    outline.fault(
        "its cache asks for a password",
        (Inside("outline-redis", "redis-cli -h 127.0.0.1 CONFIG SET requirepass secret"),),
        "test_it_reaches_its_database_and_its_cache",
        more=("outline",),
    ),
    outline.fault(
        "its tables are gone",
        (psql("outline-postgres", "DROP TABLE documents, teams"),),
        "test_no_way_to_sign_in_is_configured",
        "test_its_own_tables_are_in_its_database",
        "test_the_page_asks_who_is_there",
        more=("outline",),
    ),
    *jellyfin.behind_the_door(),
    jellyfin.fault(
        "it was never set up",
        jellyfin_forgets("id = 'wizard'".replace("'", '\\"')),
        "test_it_was_set_up",
        "test_nobody_can_set_it_up_again",
        "test_who_is_not_signed_in_learns_nothing",
        "test_a_person_signs_in_on_the_page",
        "test_a_refused_person_is_told_on_the_page",
        more=("jellyfin",),
    ),
    jellyfin.fault(
        "its administrator is gone",
        jellyfin_forgets("kind = 'user'".replace("'", '\\"')),
        *PEOPLE,
        "test_a_person_signs_in_on_the_page",
        more=("jellyfin",),
    ),
    jellyfin.newer_upstream("10.10.3", "test_the_program_has_the_pinned_version"),
    *home.behind_the_door(),
    home.fault(
        "it does not trust the front door",
        (
            Edit(
                CONFIGURATION,
                "trusted_proxies: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]",
                "trusted_proxies: [192.0.2.1]",
            ),
            Recreate("homeassistant"),
        ),
        "*",
    ),
    home.fault(
        "it was given another address",
        (
            Edit(
                CONFIGURATION,
                "external_url: https://home.stack.local",
                "external_url: https://elsewhere.example",
            ),
            Recreate("homeassistant"),
        ),
        "test_it_knows_its_own_address",
    ),
    home.old_image("test_the_program_has_the_pinned_version"),
    *benthos.behind_the_door(),
    benthos.fault(
        "its output has another name",
        (Edit(BENTHOS, "label: drop_output", "label: other_output"), Recreate("benthos")),
        "test_its_input_and_output_are_connected",
        "test_a_message_went_all_the_way",
        "test_nothing_was_lost_on_the_way",
        "test_it_runs_what_was_configured",
    ),
    benthos.fault(
        "it was configured to run at another pace",
        (Edit(BENTHOS, "interval: 1h", "interval: 2h"), Recreate("benthos")),
        "test_it_runs_what_was_configured",
    ),
    watchtower.sleeps(
        WATCHTOWER,
        "*",
        but=("test_it_runs_without_restarting", "test_it_reaches_the_engine"),
    ),
    watchtower.changed(
        f"{WATCHTOWER}    command: [watchtower]\n",
        f"{WATCHTOWER}    command: [localai]\n",
        "another program runs in its place",
        "*",
        but=("test_it_runs_without_restarting", "test_it_reaches_the_engine"),
    ),
    watchtower.fault(
        "it crashes again and again",
        broken_watchtower("    entrypoint: [sh, -c, 'exit 3']\n    command: []\n"),
        "*",
        more=("watchtower",),
    ),
    watchtower.fault(
        "it speaks a version that the engine has forgotten",
        broken_watchtower(f"    entrypoint: [sh, -c, '{OLD_CLIENT}; exit 1']\n    command: []\n"),
        "*",
        more=("watchtower",),
    ),
    watchtower.fault(
        "the engine's socket is looked for where there is none",
        (
            Edit(
                COMPOSE, 'volumes: ["${DOCKER_SOCKET:-/var/run/docker.sock}:', 'volumes: ["./none:'
            ),
            WATCHTOWER_AGAIN,
        ),
        "*",
        more=("watchtower",),
    ),
    watchtower.newer_upstream("1.7.1", "test_it_says_the_pinned_version"),
)
