"""Faults of phase 5: Adminer."""

from tests.faults.catalogue.common import behind_the_door
from tests.faults.model import Edit, Fault, Inside, Pin, Recreate, Step

SIGNED_IN = (
    "test_a_person_signs_in_to_mariadb",
    "test_a_person_reads_the_seeded_rows",
    "test_a_person_signs_out_again",
)


def adminer(name: str, seed: tuple[Step, ...], *red: str, more: tuple[str, ...] = ()) -> Fault:
    return Fault(
        name=name,
        service="adminer",
        phase="phase5",
        seed=seed,
        red=tuple(f"test_adminer::{check}" for check in red),
        needs=("mariadb", "planka-postgres"),
        more=more,
    )


FAULTS = (
    *behind_the_door(
        service="adminer",
        phase="phase5",
        upstream="adminer:8080",
        routed=("test_adminer::*",),
        needs=("mariadb", "planka-postgres"),
    ),
    adminer(
        "the form names another server",
        (
            Edit(
                "docker-compose.yml",
                "ADMINER_DEFAULT_SERVER: mariadb",
                "ADMINER_DEFAULT_SERVER: elsewhere",
            ),
            Recreate("adminer"),
        ),
        "test_the_sign_in_form_is_complete",
    ),
    adminer(
        "the database's own account has another password",
        (
            Inside(
                "mariadb",
                'MYSQL_PWD="$MARIADB_ROOT_PASSWORD" mariadb --no-defaults -S /tmp/mysqld.sock -u root '
                "-e \"ALTER USER 'stack'@'%' IDENTIFIED BY 'other'\"",
            ),
        ),
        *SIGNED_IN,
    ),
    adminer(
        "the other database does not let Adminer in",
        (
            Inside(
                "planka-postgres",
                "psql -q -h /tmp -U postgres -c \"ALTER ROLE planka PASSWORD 'other'\"",
            ),
        ),
        "test_a_person_signs_in_to_postgresql",
    ),
    adminer(
        "the rows that a person looks for are gone",
        (
            Inside(
                "mariadb",
                'MYSQL_PWD="$MARIADB_ROOT_PASSWORD" mariadb --no-defaults -S /tmp/mysqld.sock -u root '
                "-e 'DELETE FROM stack.metrics WHERE id = 2'",
            ),
        ),
        "test_a_person_reads_the_seeded_rows",
    ),
    adminer(
        "the image was updated and Adminer was not",
        (Pin("adminer"),),
        "test_the_program_has_the_pinned_version",
    ),
)
