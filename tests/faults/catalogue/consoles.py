"""Faults of phase 5: mongo-express, Portainer, LocalAI and LibreChat."""

from tests.faults.catalogue.common import COMPOSE, Suite
from tests.faults.catalogue.documents_stores import mongo
from tests.faults.model import Edit, Fault, Inside, Recreate

express = Suite(
    "mongo-express",
    "phase5",
    "test_mongo_express",
    upstream="mongo-express:8081",
    needs=("mongodb",),
)
portainer = Suite("portainer", "phase5", "test_portainer", upstream="portainer:9000")
localai = Suite("localai", "phase5", "test_localai")
librechat = Suite(
    "librechat", "phase5", "test_librechat", upstream="librechat:3080", needs=("mongodb", "localai")
)

EXPRESS_PAGES = (
    "test_the_home_page_opens",
    "test_it_shows_the_databases_of_mongodb",
    "test_it_shows_the_seeded_collections",
    "test_it_shows_a_seeded_document",
    "test_a_person_finds_the_document",
)
PORTAINER_SIGNED_IN = (
    "test_it_sees_this_engine",
    "test_it_sees_the_containers_of_this_stack",
    "test_a_tag_can_be_made_and_removed",
    "test_the_administrator_signs_in_on_the_page",
)
LIBRECHAT_SIGNED_IN = (
    "test_the_person_is_known_by_their_address",
    "test_a_preset_can_be_kept",
    "test_a_preset_can_be_removed",
    "test_a_preset_is_kept_in_mongodb",
    "test_a_person_signs_in_on_the_page",
)
SOCKET = '      - ${DOCKER_SOCKET:-/var/run/docker.sock}:/var/run/docker.sock:ro\n    healthcheck: {<<: *health, test: ["CMD", "curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:9000'
LOCALAI = '    networks: [backend]\n    healthcheck: {<<: *awaited, test: ["CMD", "curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8080/readyz'
NO_USERS = (
    Inside(
        "portainer",
        "python -c \"import sqlite3; d = sqlite3.connect('/data/documents.sqlite'); "
        'd.execute(\'DELETE FROM documents WHERE kind = \\"user\\"\'); d.commit()"',
    ),
    Recreate("portainer"),
)

FAULTS: tuple[Fault, ...] = (
    *express.behind_the_door(),
    express.other_value(
        "ME_CONFIG_BASICAUTH_PASSWORD: ${MONGO_EXPRESS_PASSWORD}",
        "ME_CONFIG_BASICAUTH_PASSWORD: other",
        "it wants another password",
        *EXPRESS_PAGES,
    ),
    express.fault(
        "the seeded document is gone",
        mongo("d.documents.delete_many({})"),
        "test_it_shows_a_seeded_document",
        "test_a_person_finds_the_document",
    ),
    *portainer.behind_the_door(),
    portainer.fault(
        "its administrator is gone",
        NO_USERS,
        "test_an_administrator_exists",
        "test_a_second_administrator_cannot_be_made",
        *PORTAINER_SIGNED_IN,
        "test_a_refused_person_is_told_on_the_page",
        more=("portainer",),
    ),
    portainer.changed(
        SOCKET,
        SOCKET.replace("${DOCKER_SOCKET:-/var/run/docker.sock}:", "/dev/null:"),
        "it cannot reach the engine",
        "test_it_sees_this_engine",
        "test_it_sees_the_containers_of_this_stack",
        "test_the_administrator_signs_in_on_the_page",
    ),
    portainer.newer_upstream("2.19.4", "test_the_program_has_the_pinned_version"),
    localai.sleeps("  localai:\n    <<: *stand-in\n", "*"),
    localai.changed(
        LOCALAI,
        LOCALAI.replace("[backend]", "[frontend, backend]"),
        "the frontend can reach it",
        "test_only_the_backend_has_a_way_to_it",
    ),
    localai.changed(
        "  localai:\n    <<: *stand-in\n    command: [localai]\n",
        "  localai:\n    <<: *stand-in\n    entrypoint: [python, -m, http.server, '8080', -d, /tmp]\n"
        "    command: []\n",
        "a server of files runs in its place",
        "*",
        but=("test_only_the_backend_has_a_way_to_it",),
    ),
    localai.newer_upstream("v2.21.1-ffmpeg-core", "test_the_program_has_the_pinned_version"),
    *librechat.behind_the_door(),
    librechat.fault(
        "its person is gone",
        (
            Inside(
                "mongodb",
                '/opt/mongo/bin/python -c "import pymongo; '
                "pymongo.MongoClient()['LibreChat'].users.delete_many({})\"",
            ),
        ),
        *LIBRECHAT_SIGNED_IN,
        more=("librechat",),
    ),
    librechat.changed(
        "DOMAIN_SERVER: https://librechat.stack.local",
        "DOMAIN_SERVER: https://chat.elsewhere.example",
        "it was made for another address",
        "test_it_knows_its_own_address",
    ),
    librechat.fault(
        "it keeps its people in another database",
        (
            Edit(COMPOSE, "mongodb:27017/LibreChat", "mongodb:27017/Other"),
            Recreate("librechat"),
        ),
        *LIBRECHAT_SIGNED_IN,
    ),
)
