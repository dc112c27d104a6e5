"""Faults of phase 4: MongoDB, ClickHouse and the backup."""

from tests.faults.catalogue.common import Suite
from tests.faults.model import Edit, Fault, Inside, Recreate, Step

mongodb = Suite("mongodb", "phase4", "test_mongodb")
clickhouse = Suite("clickhouse", "phase4", "test_clickhouse", upstream="clickhouse:8123")
kopia = Suite("kopia", "phase4", "test_kopia", upstream="kopia:51515")
USERS = "configs/clickhouse/users.xml"
MONGO = "    networks: [backend]\n    volumes:\n      - ./configs/mongodb"
NATIVE = "test_the_folder_is_mounted_for_reading_only"
REFUSALS = ("test_a_stranger_is_refused", "test_who_gives_no_name_is_refused")
SIGNED_IN = (
    "test_the_program_has_the_pinned_version",
    "test_it_computes",
    "test_what_was_written_can_be_read_back",
    "test_rows_are_counted",
    "test_a_mistake_is_named",
)
WITH_TOKEN = (
    "test_the_program_has_the_pinned_version",
    "test_a_password_alone_does_not_open_the_api",
    "test_a_repository_is_connected",
    "test_the_repository_may_be_written_to",
    "test_a_snapshot_holds_every_file",
    "test_a_snapshot_is_listed_under_its_source",
    "test_a_folder_that_is_not_there_is_refused",
)


def mongo(statement: str) -> tuple[Step, ...]:
    """A statement of the Python driver on the database `stack`."""
    code = f"import pymongo; d = pymongo.MongoClient()['stack']; {statement}"
    return (Inside("mongodb", f'/opt/mongo/bin/python -c "{code}"'),)


FAULTS: tuple[Fault, ...] = (
    mongodb.fault(
        "a seeded log line is gone",
        mongo("d.logs.delete_one({'level': 'warn'})"),
        "test_the_seeded_log_lines_are_there",
    ),
    mongodb.fault(
        "the seeded document has another title",
        mongo("d.documents.update_one({}, {'\\$set': {'title': 'Bye'}})"),
        "test_the_seeded_document_is_there",
    ),
    mongodb.changed(
        MONGO,
        MONGO.replace("[backend]", "[frontend, backend]"),
        "the frontend can reach it",
        "test_only_the_backend_has_a_way_to_the_server",
    ),
    mongodb.sleeps("  mongodb:\n    <<: *service\n", "*"),
    *clickhouse.behind_the_door("test_no_port_of_it_is_published"),
    clickhouse.fault(
        "its user has another password",
        (
            Edit(USERS, '<password from_env="CLICKHOUSE_PASSWORD"/>', "<password>other</password>"),
            Recreate("clickhouse"),
        ),
        *SIGNED_IN,
    ),
    clickhouse.fault(
        "whoever comes is let in",
        (
            Edit(
                USERS,
                "    <users>\n",
                "    <users>\n<default><password></password><networks><ip>::/0</ip></networks>"
                "<profile>default</profile><quota>default</quota></default>\n",
            ),
            Recreate("clickhouse"),
        ),
        "test_who_gives_no_name_is_refused",
    ),
    clickhouse.fault(
        "its user may only read",
        (
            Edit(USERS, "<load_balancing>random", "<readonly>1</readonly><load_balancing>random"),
            Recreate("clickhouse"),
        ),
        "test_what_was_written_can_be_read_back",
        "test_it_computes",
        "test_rows_are_counted",
    ),
    clickhouse.changed(
        "    networks: [frontend, backend]\n    mem_limit: 512m\n    pids_limit: 400",
        '    ports: ["127.0.0.1::8123"]\n    networks: [frontend, backend]\n    mem_limit: 512m\n'
        "    pids_limit: 400",
        "its port is published",
        "test_no_port_of_it_is_published",
    ),
    clickhouse.old_image("test_the_program_has_the_pinned_version", *REFUSALS),
    *kopia.behind_the_door(NATIVE),
    kopia.fault(
        "its repository is gone",
        (Inside("kopia", "rm -r /backup/repository"),),
        "test_a_repository_is_connected",
        "test_a_snapshot_holds_every_file",
        "test_a_snapshot_is_listed_under_its_source",
        "test_a_folder_that_is_not_there_is_refused",
    ),
    kopia.other_value(
        "KOPIA_SERVER_PASSWORD: ${KOPIA_SERVER_PASSWORD}",
        "KOPIA_SERVER_PASSWORD: other",
        "it wants another password",
        *WITH_TOKEN,
    ),
    kopia.changed(
        "- ./configs:/configs:ro",
        "- ./configs:/configs",
        "it may write to what it saves",
        NATIVE,
    ),
    kopia.changed(
        "- ./configs:/configs:ro",
        "- ./configs/caddy:/configs:ro",
        "it saves another folder",
        "test_a_snapshot_holds_every_file",
    ),
    kopia.newer_upstream("0.18.1", "test_the_program_has_the_pinned_version"),
)
