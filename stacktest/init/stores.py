"""Stores for which a round trip can be tested: their ports and the clients in their containers.

The client's script is in `templates/clients/`; it reads the password from the container's own
variables, so that no password leaves the container. The last argument is the query.

| kind       | the container's variables                                                       |
|------------|---------------------------------------------------------------------------------|
| postgres   | POSTGRES_USER, POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE, POSTGRES_DB          |
| mysql      | MARIADB_ or MYSQL_: USER, PASSWORD or PASSWORD_FILE, DATABASE; ROOT_PASSWORD     |
| redis      | REDISCLI_AUTH or REDIS_PASSWORD; `--requirepass` of the command, as compose has it |
| mongo      | MONGO_INITDB_ROOT_USERNAME, MONGO_INITDB_ROOT_PASSWORD                           |
| clickhouse | CLICKHOUSE_USER, CLICKHOUSE_PASSWORD                                             |
| ldap       | LDAP_ROOT, LDAP_BASE_DN or LDAP_DOMAIN; LDAP_ADMIN_USERNAME, LDAP_ADMIN_PASSWORD |
| minio      | MINIO_ROOT_USER, MINIO_ROOT_PASSWORD                                             |
| rabbitmq   | none: its own command in its container                                           |
| memcached  | none: it has no password and no client; the test speaks its protocol             |
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stacktest.core.model import Service
from stacktest.init.render import render

STORES: Mapping[str, int] = {
    "postgres": 5432,
    "mysql": 3306,
    "redis": 6379,
    "mongo": 27017,
    "clickhouse": 9000,
    "ldap": 389,
    "rabbitmq": 5672,
    "memcached": 11211,
    "minio": 9000,
}
"""Kind of store → its default port."""
WITH_SCRIPT = frozenset(STORES) - {"memcached", "rabbitmq"}
"""Kinds whose client is a script of several lines."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """A read-only command in the store's container that succeeds if the store works."""

    argv: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Environment variables for the command, in addition to the container's own."""


def client_of(service: Service, kind: str) -> Client | None:
    """The client that the generated test uses, with a query; None if it uses no client."""
    question = _QUESTIONS.get(kind)
    if question is None:
        return None
    if kind == "rabbitmq":
        return Client(argv=("rabbitmqctl", "--quiet", *question))
    script = script_of(service, kind)
    if kind == "mongo":
        return Client(argv=("mongosh", "--quiet", "--eval", script + question[0]))
    password = required_password(service) if kind == "redis" else ""
    variables = {"REDISCLI_AUTH": password} if password else {}
    return Client(argv=("sh", "-c", script, *question), variables=variables)


def script_of(service: Service, kind: str) -> str:
    """The script of the client, for the names of the service's variables."""
    names = set(service.environment)
    user = next((name for name in ("MARIADB_USER", "MYSQL_USER") if name in names), "")
    return render(f"clients/{kind}.j2", names=names, prefix=user.partition("_")[0])


def required_password(service: Service) -> str:
    """The password after `--requirepass` in the command; empty if REDISCLI_AUTH has it."""
    words = list(service.command or ())
    if "--requirepass" not in words[:-1] or "REDISCLI_AUTH" in service.environment:
        return ""
    return words[words.index("--requirepass") + 1]


# Private

_QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "postgres": ("SELECT 1",),
    "mysql": ("SELECT 1",),
    "redis": ("PING",),
    "mongo": ("db.runCommand({ping: 1}).ok",),
    "clickhouse": ("SELECT 1",),
    "ldap": ("ldapwhoami",),
    "minio": ("ls",),
    "rabbitmq": ("list_vhosts",),
}
