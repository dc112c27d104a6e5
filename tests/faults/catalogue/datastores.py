"""Faults of phase 4: MariaDB, the three PostgreSQL and the two Redis."""

from tests.faults.model import Edit, Fault, Inside, Pin, Recreate, Step

COMPOSE = "docker-compose.yml"
ACCOUNTS = ("stack", "nextcloud", "vaultwarden")


def sql(statement: str) -> Inside:
    """A statement of MariaDB's administrator, over its local socket."""
    login = 'MYSQL_PWD="$MARIADB_ROOT_PASSWORD" mariadb --no-defaults -S /tmp/mysqld.sock -u root'
    return Inside("mariadb", f'{login} -e "{statement}"')


def psql(instance: str, statement: str, database: str = "") -> Inside:
    """A statement of a PostgreSQL's administrator, over its local socket."""
    chosen = f'-d "{database}"' if database else '-d "$POSTGRES_DB"'
    return Inside(instance, f'psql -q -h /tmp -U postgres {chosen} -c "{statement}"')


def redis(instance: str, *command: str) -> Inside:
    return Inside(instance, f"redis-cli -h 127.0.0.1 {' '.join(command)}")


def mariadb_fault(name: str, seed: tuple[Step, ...], *red: str, but: tuple[str, ...] = ()) -> Fault:
    return Fault(
        name=name,
        service="mariadb",
        phase="phase4",
        seed=seed,
        red=tuple(f"test_mariadb::{check}" for check in red),
        but=tuple(f"test_mariadb::{check}" for check in but),
    )


def postgres_fault(
    name: str,
    instance: str,
    seed: tuple[Step, ...],
    *red: str,
    undo: tuple[Step, ...] | None = None,
) -> Fault:
    return Fault(
        name=f"{instance}: {name}",
        service=instance,
        phase="phase4",
        seed=seed,
        red=tuple(_cased("test_postgres", check, instance) for check in red),
        needs=("outline-postgres", "paperless-postgres", "planka-postgres"),
        undo=undo,
    )


def redis_fault(
    name: str,
    instance: str,
    seed: tuple[Step, ...],
    *red: str,
    undo: tuple[Step, ...] | None = None,
) -> Fault:
    return Fault(
        name=f"{instance}: {name}",
        service=instance,
        phase="phase4",
        seed=seed,
        red=tuple(_cased("test_redis", check, instance) for check in red),
        needs=("outline-redis", "redis"),
        undo=undo,
    )


def _cased(file: str, check: str, instance: str) -> str:
    """The check of one instance, unless it says which case it means or that it means all."""
    whole = check.endswith("]") or check.startswith("every:")
    return f"{file}::{check.removeprefix('every:')}" + ("" if whole else f"[{instance}]")


def mariadb_faults() -> tuple[Fault, ...]:
    network = "    networks: [backend]\n    mem_limit: 512m"
    return (
        mariadb_fault(
            "the seeded measurements are gone",
            (sql("DELETE FROM stack.metrics"),),
            "test_the_seeded_measurements_are_there",
        ),
        mariadb_fault(
            "an event is missing",
            (sql("DELETE FROM stack.events WHERE id = 2"),),
            "test_the_seeded_events_are_there",
        ),
        mariadb_fault(
            "an application has another password than the documented one",
            (sql("ALTER USER 'vaultwarden'@'%' IDENTIFIED BY 'other'"),),
            "test_the_application_can_write_to_its_own_database[vaultwarden]",
            "test_the_application_sees_no_database_of_another[vaultwarden]",
        ),
        mariadb_fault(
            "an application may only read",
            (
                sql(
                    "REVOKE ALL ON nextcloud.* FROM 'nextcloud'@'%'; "
                    "GRANT SELECT ON nextcloud.* TO 'nextcloud'@'%'"
                ),
            ),
            "test_the_application_can_write_to_its_own_database[nextcloud]",
        ),
        mariadb_fault(
            "the stack's own account may only read",
            (
                sql(
                    "REVOKE ALL ON stack.* FROM 'stack'@'%'; GRANT SELECT ON stack.* TO 'stack'@'%'"
                ),
            ),
            "test_what_was_written_can_be_read_back",
            "test_what_was_rolled_back_is_gone",
            "test_the_application_can_write_to_its_own_database[stack]",
        ),
        mariadb_fault(
            "an application sees the database of another",
            (sql("GRANT SELECT ON vaultwarden.* TO 'nextcloud'@'%'"),),
            "test_the_application_sees_no_database_of_another[nextcloud]",
            "test_an_application_cannot_enter_the_database_of_another",
        ),
        mariadb_fault(
            "the server is read-only",
            (sql("SET GLOBAL read_only = 1"),),
            "test_what_was_written_can_be_read_back",
            "test_what_was_rolled_back_is_gone",
            "test_the_application_can_write_to_its_own_database",
        ),
        mariadb_fault(
            "tables are made without transactions",
            (sql("SET GLOBAL enforce_storage_engine = MyISAM; SET GLOBAL sql_mode = ''"),),
            "test_what_was_rolled_back_is_gone",
        ),
        mariadb_fault(
            "whoever comes is let in",
            (
                sql(
                    "CREATE USER ''@'%' IDENTIFIED BY 'not-the-password'; GRANT ALL ON stack.* TO ''@'%'"
                ),
            ),
            "test_a_stranger_is_refused",
            "test_the_application_sees_no_database_of_another[nextcloud]",
            "test_the_application_sees_no_database_of_another[vaultwarden]",
        ),
        mariadb_fault(
            "the administrator may come over the network",
            (
                Inside(
                    "mariadb",
                    'MYSQL_PWD="$MARIADB_ROOT_PASSWORD" mariadb --no-defaults -S /tmp/mysqld.sock -u root -e '
                    "\"CREATE USER 'root'@'%' IDENTIFIED BY '$MARIADB_ROOT_PASSWORD'; "
                    "GRANT ALL ON *.* TO 'root'@'%'\"",
                ),
            ),
            "test_the_administrator_cannot_come_over_the_network",
        ),
        mariadb_fault(
            "the frontend can reach the server",
            (
                Edit(COMPOSE, network, network.replace("[backend]", "[frontend, backend]")),
                Recreate("mariadb"),
            ),
            "test_only_the_backend_has_a_way_to_the_server",
        ),
        mariadb_fault(
            "something that only sleeps runs instead of the server",
            (
                Edit(COMPOSE, network, f"    entrypoint: [sleep, infinity]\n{network}"),
                Recreate("mariadb"),
            ),
            "*",
        ),
        mariadb_fault(
            "the image was updated and the server was not",
            (Pin("mariadb"),),
            "test_the_program_has_the_pinned_version",
        ),
    )


def postgres_faults(instance: str, application: str, other: str) -> tuple[Fault, ...]:
    database = f"      POSTGRES_DB: {application}\n"
    stanza = f"  {instance}:\n    <<: *postgres\n"
    return (
        postgres_fault(
            "the application has another password than the documented one",
            instance,
            (psql(instance, f"ALTER ROLE {application} PASSWORD 'other'"),),
            *_ALL_WITH_SESSION,
        ),
        postgres_fault(
            "its application is an administrator",
            instance,
            (psql(instance, f"ALTER ROLE {application} SUPERUSER"),),
            "test_the_application_is_no_administrator",
            undo=(psql(instance, f"ALTER ROLE {application} NOSUPERUSER"),),
        ),
        postgres_fault(
            "the database belongs to somebody else",
            instance,
            (psql(instance, f"ALTER DATABASE {application} OWNER TO postgres"),),
            "test_the_database_belongs_to_its_application",
            "test_what_was_written_can_be_read_back",
            "test_what_was_rolled_back_is_gone",
            undo=(psql(instance, f"ALTER DATABASE {application} OWNER TO {application}"),),
        ),
        postgres_fault(
            "another application's database was put here",
            instance,
            (psql(instance, "CREATE DATABASE stranger"),),
            "test_no_other_application_has_a_database_here",
            undo=(psql(instance, "DROP DATABASE stranger"),),
        ),
        postgres_fault(
            "nothing can be written",
            instance,
            (psql(instance, f"ALTER ROLE {application} SET default_transaction_read_only = on"),),
            "test_what_was_written_can_be_read_back",
            "test_what_was_rolled_back_is_gone",
            undo=(psql(instance, f"ALTER ROLE {application} RESET default_transaction_read_only"),),
        ),
        postgres_fault(
            "passwords are kept in the old form",
            instance,
            (psql(instance, f"ALTER ROLE {application} SET password_encryption = md5"),),
            "test_passwords_are_never_sent_as_they_are",
            undo=(psql(instance, f"ALTER ROLE {application} RESET password_encryption"),),
        ),
        postgres_fault(
            "a commit does not wait for the disk",
            instance,
            (psql(instance, f"ALTER ROLE {application} SET synchronous_commit = off"),),
            "test_what_is_committed_is_on_disk",
            undo=(psql(instance, f"ALTER ROLE {application} RESET synchronous_commit"),),
        ),
        postgres_fault(
            "it serves the database of another application, too",
            instance,
            (Edit(COMPOSE, database, database.replace(application, other)), Recreate(instance)),
            "test_no_other_application_has_a_database_here",
        ),
        postgres_fault(
            "whoever comes is let in",
            instance,
            (
                Inside(instance, "sed -i 's/scram-sha-256/trust/' $PGDATA/pg_hba.conf"),
                psql(instance, "SELECT pg_reload_conf()"),
                psql(instance, f"CREATE ROLE {other} LOGIN"),
                psql(instance, 'CREATE ROLE \\"nobody-of-that-name\\" LOGIN'),
            ),
            "test_a_stranger_is_refused",
            "test_the_applications_of_the_other_instances_are_refused",
        ),
        postgres_fault(
            "the frontend can reach the server",
            instance,
            (
                Edit(COMPOSE, stanza, f"{stanza}    networks: [frontend, backend]\n"),
                Recreate(instance),
            ),
            "test_only_the_backend_has_a_way_to_the_server",
        ),
        postgres_fault(
            "something that only sleeps runs instead of the server",
            instance,
            (
                Edit(COMPOSE, stanza, f"{stanza}    entrypoint: [sleep, infinity]\n"),
                Recreate(instance),
            ),
            "test_only_the_backend_has_a_way_to_the_server",
            *_ALL_WITH_SESSION,
            "test_a_stranger_is_refused",
            "test_the_applications_of_the_other_instances_are_refused",
        ),
    )


def redis_faults(instance: str) -> tuple[Fault, ...]:
    stanza = f"  {instance}:\n    <<: *redis\n"
    return (
        redis_fault(
            "it throws keys away when memory is short",
            instance,
            (redis(instance, "CONFIG SET maxmemory-policy allkeys-lru"),),
            "test_it_throws_nothing_away_when_memory_is_short",
            undo=(redis(instance, "CONFIG SET maxmemory-policy noeviction"),),
        ),
        redis_fault(
            "it never writes to disk",
            instance,
            (redis(instance, "CONFIG SET save ''"),),
            "test_it_writes_to_disk_after_a_minute",
            undo=(redis(instance, "CONFIG SET save '60 1'"),),
        ),
        redis_fault(
            "the disk cannot be written to",
            instance,
            (
                Inside(
                    instance,
                    "rm -f /data/dump.rdb && mkdir /data/dump.rdb && redis-cli BGSAVE && "
                    "until redis-cli INFO persistence | "
                    "grep -q last_bgsave_status:err; do sleep 0.1; done",
                ),
            ),
            "test_it_answers",
            "test_it_can_write_to_disk_now",
            "test_a_subscriber_hears_what_is_published",
            *_WRITING,
        ),
        redis_fault(
            "it follows another server",
            instance,
            (redis(instance, "REPLICAOF 127.0.0.1 7000"),),
            *_WRITING,
            "test_a_subscriber_hears_what_is_published",
            "test_it_is_its_own_master_and_may_be_written_to",
            undo=(redis(instance, "REPLICAOF NO ONE"),),
        ),
        redis_fault(
            "memory is full",
            instance,
            (redis(instance, "CONFIG SET maxmemory 1"),),
            *_WRITING,
            undo=(redis(instance, "CONFIG SET maxmemory 0"),),
        ),
        redis_fault(
            "it asks for a password",
            instance,
            (redis(instance, "CONFIG SET requirepass secret"),),
            *_ALL_OF_REDIS,
            "every:test_the_other_instance_does_not_have_its_keys",
            undo=(redis(instance, "-a secret CONFIG SET requirepass ''"),),
        ),
        redis_fault(
            "the frontend can reach the server",
            instance,
            (
                Edit(COMPOSE, stanza, f"{stanza}    networks: [frontend, backend]\n"),
                Recreate(instance),
            ),
            "test_only_the_backend_has_a_way_to_the_server",
        ),
        redis_fault(
            "something that only sleeps runs instead of the server",
            instance,
            (
                Edit(
                    COMPOSE, stanza, f"{stanza}    entrypoint: [sleep, infinity]\n    command: []\n"
                ),
                Recreate(instance),
            ),
            "test_only_the_backend_has_a_way_to_the_server",
            *_ALL_OF_REDIS,
            "every:test_the_other_instance_does_not_have_its_keys",
        ),
    )


_ALL_WITH_SESSION = (
    "test_the_program_has_the_pinned_version",
    "test_what_was_written_can_be_read_back",
    "test_what_was_rolled_back_is_gone",
    "test_the_database_belongs_to_its_application",
    "test_no_other_application_has_a_database_here",
    "test_the_application_is_no_administrator",
    "test_text_is_stored_as_unicode",
    "test_passwords_are_never_sent_as_they_are",
    "test_what_is_committed_is_on_disk",
)
_WRITING = (
    "test_what_was_written_can_be_read_back",
    "test_what_has_a_lifetime_ends",
    "test_a_list_is_a_queue",
    "test_a_wrong_type_is_refused",
    "test_the_other_instance_does_not_have_its_keys",
)
_ALL_OF_REDIS = (
    *_WRITING,
    "test_it_answers",
    "test_the_program_has_the_pinned_version",
    "test_a_subscriber_hears_what_is_published",
    "test_it_is_its_own_master_and_may_be_written_to",
    "test_it_writes_to_disk_after_a_minute",
    "test_it_can_write_to_disk_now",
    "test_it_throws_nothing_away_when_memory_is_short",
)

FAULTS = (
    *mariadb_faults(),
    *postgres_faults("paperless-postgres", "paperless", "planka"),
    *postgres_faults("planka-postgres", "planka", "outline"),
    *postgres_faults("outline-postgres", "outline", "paperless"),
    postgres_fault(
        "the image was updated and the servers were not",
        "planka-postgres",
        (Pin("planka-postgres"),),
        "every:test_the_program_has_the_pinned_version",
    ),
    *redis_faults("redis"),
    *redis_faults("outline-redis"),
    redis_fault(
        "the image was updated and the servers were not",
        "redis",
        (Pin("redis"),),
        "every:test_the_program_has_the_pinned_version",
    ),
)
