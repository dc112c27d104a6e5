"""Faults of phase 7: Nextcloud, Vaultwarden, Paperless and Stirling PDF."""

from tests.faults.catalogue.common import RELOAD, Suite, caddy, psql, sql
from tests.faults.model import Fault, Inside

nextcloud = Suite(
    "nextcloud", "phase7", "test_nextcloud", upstream="nextcloud:80", needs=("mariadb",)
)
vault = Suite(
    "vaultwarden", "phase7", "test_vaultwarden", upstream="vaultwarden:80", needs=("mariadb",)
)
paperless = Suite(
    "paperless",
    "phase7",
    "test_paperless",
    upstream="paperless:8000",
    needs=("paperless-postgres", "redis"),
)
stirling = Suite("stirling-pdf", "phase7", "test_stirling_pdf", upstream="stirling-pdf:8080")

FILES = (
    "test_a_file_comes_back_as_it_was",
    "test_a_file_can_be_replaced",
    "test_a_file_that_was_deleted_is_gone",
    "test_a_stranger_cannot_read_a_file",
    "test_a_file_is_recorded_in_its_database",
)
NEXTCLOUD_SIGNED_IN = (
    *FILES,
    "test_the_administrator_is_known_by_name",
    "test_it_lives_in_mariadb",
    "test_a_person_signs_in_on_the_page",
)
ACCOUNTS = (
    "test_an_account_can_be_used",
    "test_a_second_account_with_the_same_address_is_refused",
    "test_an_entry_can_be_kept_and_removed",
    "test_a_new_vault_is_empty",
    "test_the_administrator_sees_the_account",
    "test_notifications_come_by_websocket",
    "test_a_person_signs_in_on_the_page",
)
WITH_STATUS = (
    "test_the_program_has_the_pinned_version",
    "test_its_database_is_up_to_date",
    "test_its_queue_and_worker_answer",
    "test_its_search_index_is_whole",
)
TAGS = (
    "test_a_tag_can_be_made",
    "test_a_tag_that_was_deleted_is_gone",
    "test_a_tag_is_kept_in_its_database",
)
DOCUMENT = "test_a_document_is_taken_up_and_can_be_thrown_away"
TOOLS = (
    "test_the_tools_open_after_a_sign_in",
    "test_a_page_is_rotated",
    "test_what_is_no_document_is_refused",
    "test_a_person_signs_in_on_the_page",
)

FAULTS: tuple[Fault, ...] = (
    *nextcloud.behind_the_door("test_it_answers_to_no_other_name"),
    nextcloud.other_value(
        "NEXTCLOUD_ADMIN_PASSWORD: ${NEXTCLOUD_ADMIN_PASSWORD}",
        "NEXTCLOUD_ADMIN_PASSWORD: other",
        "its administrator has another password",
        *NEXTCLOUD_SIGNED_IN,
    ),
    nextcloud.changed(
        "NEXTCLOUD_TRUSTED_DOMAINS: nextcloud.stack.local",
        "NEXTCLOUD_TRUSTED_DOMAINS: elsewhere.example",
        "it does not trust its own name",
        "*",
        but=("test_it_answers_to_no_other_name",),
    ),
    nextcloud.changed(
        "NEXTCLOUD_TRUSTED_DOMAINS: nextcloud.stack.local",
        "NEXTCLOUD_TRUSTED_DOMAINS: nextcloud.stack.local nextcloud",
        "it answers to another name, too",
        "test_it_answers_to_no_other_name",
    ),
    nextcloud.fault(
        "it was never installed",
        (sql("DELETE FROM nextcloud.oc_users"),),
        *NEXTCLOUD_SIGNED_IN,
        "test_it_is_installed_and_needs_nothing",
        more=("nextcloud",),
    ),
    nextcloud.fault(
        "files cannot be recorded",
        (sql("RENAME TABLE nextcloud.oc_filecache TO nextcloud.elsewhere"),),
        *FILES,
        "test_it_lives_in_mariadb",
        more=("nextcloud",),
    ),
    nextcloud.newer_upstream("30-apache", "test_the_program_has_the_pinned_version"),
    *vault.behind_the_door(),
    vault.fault(
        "its database does not let it in",
        (sql("ALTER USER 'vaultwarden'@'%' IDENTIFIED BY 'other'"),),
        *ACCOUNTS,
        "test_its_database_answers",
        "test_a_made_up_name_is_refused",
        "test_who_is_not_signed_in_sees_nothing",
        "test_notifications_are_not_for_strangers",
        "test_a_refused_person_is_told_on_the_page",
        more=("vaultwarden",),
    ),
    vault.changed(
        "      DOMAIN: https://vault.stack.local",
        "      DOMAIN: https://vault.elsewhere.example",
        "it was made for another address",
        "test_it_knows_its_own_address",
    ),
    vault.other_value(
        "ADMIN_TOKEN: ${VAULTWARDEN_ADMIN_TOKEN}",
        "ADMIN_TOKEN: another-token-than-documented",
        "its administration wants another token",
        "test_the_administrator_sees_the_account",
    ),
    vault.fault(
        "websockets are led where nobody listens",
        caddy(
            "reverse_proxy vaultwarden:80",
            "@socket header Connection *Upgrade*\n\treverse_proxy @socket vaultwarden:3012\n"
            "\treverse_proxy vaultwarden:80",
        ),
        "test_notifications_come_by_websocket",
        "test_notifications_are_not_for_strangers",
        undo=(RELOAD,),
    ),
    vault.newer_upstream("1.32.5", "test_the_program_has_the_pinned_version"),
    *paperless.behind_the_door(),
    paperless.other_value(
        "PAPERLESS_ADMIN_PASSWORD: ${PAPERLESS_ADMIN_PASSWORD}",
        "PAPERLESS_ADMIN_PASSWORD: other",
        "its administrator has another password",
        *WITH_STATUS,
        *TAGS,
        DOCUMENT,
        "test_a_person_signs_in_on_the_page",
    ),
    paperless.fault(
        "its cache asks for a password",
        (Inside("redis", "redis-cli -h 127.0.0.1 CONFIG SET requirepass secret"),),
        "test_its_queue_and_worker_answer",
        DOCUMENT,
        more=("paperless",),
    ),
    paperless.fault(
        "tags cannot be kept",
        (psql("paperless-postgres", "ALTER TABLE documents_tag RENAME TO elsewhere"),),
        *TAGS,
        more=("paperless",),
    ),
    paperless.newer_upstream("2.15.1", "test_the_program_has_the_pinned_version"),
    *stirling.behind_the_door(),
    stirling.other_value(
        "SECURITY_INITIALLOGIN_PASSWORD: ${STIRLING_ADMIN_PASSWORD}",
        "SECURITY_INITIALLOGIN_PASSWORD: other",
        "its first user has another password",
        *TOOLS,
    ),
    stirling.fault(
        "documents are turned away before they arrive",
        caddy(
            "reverse_proxy stirling-pdf:8080",
            "@tool path /api/v1/general/*\n\trespond @tool 413\n\treverse_proxy stirling-pdf:8080",
        ),
        "test_a_stranger_cannot_use_a_tool",
        "test_a_page_is_rotated",
        "test_what_is_no_document_is_refused",
        undo=(RELOAD,),
    ),
    stirling.patched(
        "stirling_pdf",
        's/return sessions.user(.*/return "admin"/',
        "it runs without its sign-in, as without its security module",
        "test_a_stranger_is_sent_to_the_sign_in",
        "test_a_stranger_cannot_use_a_tool",
    ),
    stirling.newer_upstream("0.37.1", "test_the_program_has_the_pinned_version"),
)
