"""Programs that are known by their image, and what only each of them answers.

| kind     | what its smoke test asks                                                     |
|----------|------------------------------------------------------------------------------|
| answer   | one page or document that no other program has, field by field               |
| store    | what was written can be read back by another connection, and is then removed |
| door     | each host name leads to the program that it is for                           |

A marker is a piece of the answer's text; it lets the front door's own test tell programs apart.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from stacktest.core.model import Json, Service


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """`GET path` is answered with 200 and this."""

    path: str
    marker: str
    text: str = ""
    """The whole body."""
    title: str = ""
    """The page's title."""
    fields: Mapping[str, Json] = field(default_factory=dict)
    """`server.name` → its value, in a JSON document."""
    keys: tuple[str, ...] = ()
    """Keys that the JSON document has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """One known program."""

    name: str
    images: tuple[str, ...]
    """Last parts of the image's path; one with a slash needs both."""
    says: str
    """What "works" means, in a sentence."""
    answer: Answer | None = None
    store: str = ""
    """Kind of database: `postgres`, `mysql`, `redis`, `mongo`."""
    door: str = ""
    """Kind of front door: `caddy`, `nginx`, `traefik`."""


def recognise(service: Service) -> Program | None:
    """The program that a service's image is known as, or None."""
    path = image_path(service.image)
    return next((one for one in PROGRAMS if any(_fits(path, known) for known in one.images)), None)


def image_path(image: str) -> str:
    """`registry:5000/linuxserver/nextcloud:30@sha256:…` → `linuxserver/nextcloud`."""
    path = re.sub(r":[^/]*$", "", image.partition("@")[0])
    first, slash, rest = path.partition("/")
    is_registry = bool(slash) and (":" in first or "." in first or first == "localhost")
    return (rest if is_registry else path).lower()


def _fits(path: str, known: str) -> bool:
    return path == known or path.endswith(f"/{known}")


PROGRAMS: tuple[Program, ...] = (
    Program(name="Caddy", images=("caddy",), door="caddy", says="leads each host name"),
    Program(
        name="nginx",
        images=("nginx", "nginx-unprivileged", "openresty"),
        door="nginx",
        says="leads each host name",
    ),
    Program(name="Traefik", images=("traefik",), door="traefik", says="leads each host name"),
    Program(name="PostgreSQL", images=("postgres", "postgresql", "postgis", "pgvector",
            "pgvecto-rs", "timescaledb", "timescaledb-ha"), store="postgres",
            says="keeps what was written over the network"),
    Program(name="MariaDB", images=("mariadb",), store="mysql",
            says="keeps what was written"),
    Program(name="MySQL", images=("mysql", "mysql-server", "percona"), store="mysql",
            says="keeps what was written"),
    Program(name="Redis", images=("redis", "redis-stack-server", "valkey", "keydb"), store="redis",
            says="keeps what was written"),
    Program(name="MongoDB", images=("mongo", "mongodb", "mongodb-community-server"), store="mongo",
            says="keeps what was written"),
    Program(
        name="Grafana",
        images=("grafana", "grafana-oss", "grafana-enterprise"),
        says="reaches its own database",
        answer=Answer(path="/api/health", marker='"database"', fields={"database": "ok"}),
    ),
    Program(
        name="Prometheus",
        images=("prometheus",),
        says="is ready to answer queries",
        answer=Answer(path="/-/ready", marker="Prometheus Server is Ready.",
                      text="Prometheus Server is Ready.\n"),
    ),
    Program(
        name="Alertmanager",
        images=("alertmanager",),
        says="tells its version and the state of its cluster",
        answer=Answer(path="/api/v2/status", marker='"versionInfo"',
                      keys=("cluster", "config", "uptime", "versionInfo")),
    ),
    Program(
        name="Loki",
        images=("loki",),
        says="tells what it was built from",
        answer=Answer(path="/loki/api/v1/status/buildinfo", marker='"goVersion"',
                      keys=("version", "revision", "goVersion")),
    ),
    Program(
        name="Nextcloud",
        images=("nextcloud",),
        says="is installed, and neither in maintenance nor in need of an upgrade",
        answer=Answer(path="/status.php", marker='"Nextcloud"',
                      fields={"productname": "Nextcloud", "installed": True,
                              "maintenance": False, "needsDbUpgrade": False}),
    ),
    Program(
        name="Vaultwarden",
        images=("vaultwarden/server", "vaultwarden"),
        says="tells clients that it is Vaultwarden",
        answer=Answer(path="/api/config", marker='"Vaultwarden"',
                      fields={"server.name": "Vaultwarden"}),
    ),
    Program(
        name="Forgejo",
        images=("forgejo",),
        says="tells its version",
        answer=Answer(path="/api/forgejo/v1/version", marker='"version"', keys=("version",)),
    ),
    Program(
        name="Gitea",
        images=("gitea",),
        says="tells its version",
        answer=Answer(path="/api/v1/version", marker='"version"', keys=("version",)),
    ),
    Program(
        name="Jellyfin",
        images=("jellyfin",),
        says="tells that it is a Jellyfin server",
        answer=Answer(path="/System/Info/Public", marker='"Jellyfin Server"',
                      fields={"ProductName": "Jellyfin Server"}),
    ),
    Program(
        name="Home Assistant",
        images=("home-assistant", "homeassistant", "home-assistant/home-assistant"),
        says="serves its application",
        answer=Answer(path="/manifest.json", marker='"Home Assistant"',
                      fields={"name": "Home Assistant"}),
    ),
    Program(
        name="Authelia",
        images=("authelia",),
        says="tells a stranger that nobody is signed in",
        answer=Answer(path="/api/state", marker='"authentication_level"',
                      fields={"status": "OK", "data.authentication_level": 0}),
    ),
    Program(
        name="Adminer",
        images=("adminer",),
        says="asks whom to sign in to which database",
        answer=Answer(path="/", marker="<title>Login - Adminer</title>",
                      title="Login - Adminer"),
    ),
    Program(
        name="Portainer",
        images=("portainer-ce", "portainer-ee", "portainer"),
        says="tells its version",
        answer=Answer(path="/api/system/status", marker='"InstanceID"',
                      keys=("Version", "InstanceID")),
    ),
    Program(
        name="Paperless-ngx",
        images=("paperless-ngx",),
        says="asks who is there",
        answer=Answer(path="/accounts/login/", marker="Paperless-ngx sign in",
                      title="Paperless-ngx sign in"),
    ),
    Program(
        name="LibreChat",
        images=("librechat",),
        says="tells clients how to sign in",
        answer=Answer(path="/api/config", marker='"emailLoginEnabled"',
                      keys=("appTitle", "emailLoginEnabled")),
    ),
    Program(
        name="Uptime Kuma",
        images=("uptime-kuma",),
        says="tells its entry page",
        answer=Answer(path="/api/entry-page", marker='"entryPage"', fields={"type": "entryPage"}),
    ),
    Program(
        name="Immich",
        images=("immich-server",),
        says="answers a ping",
        answer=Answer(path="/api/server/ping", marker='"pong"', fields={"res": "pong"}),
    ),
)  # fmt: skip
"""In order of precedence; the first whose image fits."""
