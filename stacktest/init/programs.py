"""Programs that are recognised by their image, each with an answer that only it gives.

| kind     | what its smoke test asserts                                                  |
|----------|------------------------------------------------------------------------------|
| answer   | one page or document that no other program has, field by field               |
| store    | a written value can be read by another connection, and is then removed       |
| door     | each host name leads to its program                                          |

A marker is a part of the answer's text by which the front door's test distinguishes programs.
"""

import re
from collections.abc import Mapping

from msgspec import Struct, field

from stacktest.core.changed_copy import replace
from stacktest.core.json_data import Json
from stacktest.core.model import Service
from stacktest.core.numbers import whole_number
from stacktest.init.dockerfile import base_image


class Answer(Struct, frozen=True, kw_only=True):
    """The expected answer to `GET path`, with status 200."""

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


class Program(Struct, frozen=True, kw_only=True):
    """One known program."""

    name: str
    images: tuple[str, ...]
    """Ends of image paths: the last part, or the last two parts with a slash between."""
    says: str
    """What "works" means for it: the predicate of a sentence."""
    answer: Answer | None = None
    store: str = ""
    """Kind of store: `postgres`, `mysql`, `redis`, and so on; `stores` lists them."""
    door: str = ""
    """Kind of front door: `caddy`, `nginx`, `traefik`, and so on; some kinds cannot be read."""
    port: int = 0
    """The default port at which it answers HTTP."""


def recognise(service: Service) -> Program | None:
    """The program that a service runs, or None if it is not recognised.

    It is recognised by its image, by the last FROM line of its Dockerfile, or by where its
    configuration is mounted; the name of a built image is often that of the stack.
    """
    images = [base_image(service), service.image] if service.build else [service.image]
    for path in (image_path(image) for image in images if image):
        for program in PROGRAMS:
            if any(_fits(path, known) for known in program.images):
                return _placed(program, service)
    targets = {mount.target.rstrip("/") for mount in service.mounts}
    kind = next((kind for target, kind in _MOUNTS.items() if target in targets), "")
    return next((program for program in PROGRAMS if kind and program.door == kind), None)


def usual_port(service: Service, program: Program) -> int:
    """The port at which the program answers HTTP, by its environment or default; 0: FastCGI."""
    if re.search(r":(?:[^/]*-)?fpm(?:-|$)", service.image):
        return 0
    settings = (value for name, value in service.environment.items() if _PORT.fullmatch(name))
    return next((port for value in settings if (port := whole_number(value or ""))), program.port)


def image_path(image: str) -> str:
    """`registry:5000/linuxserver/nextcloud:30@sha256:…` → `linuxserver/nextcloud`."""
    path = re.sub(r":[^/]*$", "", image.partition("@")[0])
    first, slash, rest = path.partition("/")
    is_registry = bool(slash) and (":" in first or "." in first or first == "localhost")
    return (rest if is_registry else path).lower()


_MOUNTS = {
    "/etc/caddy": "caddy",
    "/etc/caddy/Caddyfile": "caddy",
    "/etc/nginx": "nginx",
    "/etc/nginx/nginx.conf": "nginx",
    "/etc/nginx/conf.d": "nginx",
    "/etc/nginx/conf.d/default.conf": "nginx",
    "/etc/nginx/http.d": "nginx",
    "/etc/nginx/templates": "nginx",
    "/etc/nginx/sites-enabled": "nginx",
    "/config/nginx": "nginx",
    "/usr/local/openresty/nginx/conf/nginx.conf": "nginx",
    "/opt/bitnami/nginx/conf/nginx.conf": "nginx",
    "/opt/bitnami/nginx/conf/server_blocks": "nginx",
    "/etc/traefik": "traefik",
    "/etc/traefik/traefik.yml": "traefik",
    "/etc/traefik/traefik.yaml": "traefik",
    "/etc/traefik/traefik.toml": "traefik",
    "/traefik.yml": "traefik",
    "/traefik.toml": "traefik",
}
"""Path in a container where a front door reads its configuration → kind of front door."""


_PORT = re.compile(
    r"PORT|ROCKET_PORT|UPTIME_KUMA_PORT|PAPERLESS_PORT|IMMICH_PORT|GF_SERVER_HTTP_PORT|"
    r"(?:GITEA|FORGEJO)__server__HTTP_PORT"
)
"""Environment variables that set the port of known programs."""
_PREFIXES = tuple(
    re.compile(rf"--web\.{option}(/[^\s'\"]*)")
    for option in (r"route-prefix[ =]", r"external-url[ =]\w+://[^/\s]+")
)
"""Options of Prometheus and Alertmanager that set their path prefix, in order of precedence."""


def _placed(program: Program, service: Service) -> Program:
    """The program, its answer's path below the prefix that the service's command sets."""
    words = " ".join(service.command or ())
    prefix = next((match[1] for option in _PREFIXES if (match := option.search(words))), "")
    if program.answer is None or not prefix.strip("/"):
        return program
    path = f"/{prefix.strip('/')}{program.answer.path}"
    return replace(program, answer=replace(program.answer, path=path))


def _fits(path: str, known: str) -> bool:
    return path == known or path.endswith(f"/{known}")


PROGRAMS: tuple[Program, ...] = (
    Program(name="Caddy", images=("caddy",), door="caddy", says="leads each host name"),
    Program(name="caddy-docker-proxy", images=("caddy-docker-proxy",), door="caddy-docker-proxy",
            says="leads each host name"),
    Program(
        name="nginx",
        images=("nginx", "nginx-unprivileged", "openresty", "swag"),
        door="nginx",
        says="leads each host name",
    ),
    Program(name="Traefik", images=("traefik",), door="traefik", says="leads each host name"),
    Program(name="HAProxy", images=("haproxy",), door="haproxy", says="leads each host name"),
    Program(name="Nginx Proxy Manager", door="npm",
            images=("nginx-proxy-manager", "nginxproxymanager", "npmplus"),
            says="leads each host name"),
    Program(name="nginx-proxy", images=("nginx-proxy",), door="nginx-proxy",
            says="leads each host name"),
    Program(name="Envoy", images=("envoy",), door="envoy", says="leads each host name"),
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
    Program(name="ClickHouse", images=("clickhouse", "clickhouse-server"), store="clickhouse",
            says="keeps what was written"),
    Program(name="OpenLDAP", images=("openldap",), store="ldap", says="keeps what was written"),
    Program(name="RabbitMQ", images=("rabbitmq",), store="rabbitmq",
            says="keeps what was made in it"),
    Program(name="memcached", images=("memcached",), store="memcached",
            says="keeps what was written"),
    Program(name="MinIO", images=("minio",), store="minio", says="keeps what was written"),
    Program(
        name="Grafana",
        images=("grafana", "grafana-oss", "grafana-enterprise"),
        port=3000,
        says="reaches its own database",
        answer=Answer(path="/api/health", marker='"commit"',
                      fields={"database": "ok"}, keys=("commit", "version")),
    ),
    Program(
        name="Prometheus",
        images=("prometheus",),
        port=9090,
        says="is ready to answer queries",
        answer=Answer(path="/-/ready", marker="Prometheus Server is Ready.",
                      text="Prometheus Server is Ready.\n"),
    ),
    Program(
        name="Alertmanager",
        images=("alertmanager",),
        port=9093,
        says="tells its version and the state of its cluster",
        answer=Answer(path="/api/v2/status", marker='"versionInfo"',
                      keys=("cluster", "config", "uptime", "versionInfo")),
    ),
    Program(
        name="Loki",
        images=("loki",),
        port=3100,
        says="tells what it was built from",
        answer=Answer(path="/loki/api/v1/status/buildinfo", marker='"goVersion"',
                      keys=("version", "revision", "goVersion")),
    ),
    Program(
        name="Nextcloud",
        images=("nextcloud",),
        port=80,
        says="is installed, and neither in maintenance nor in need of an upgrade",
        answer=Answer(path="/status.php", marker='"Nextcloud"',
                      fields={"productname": "Nextcloud", "installed": True,
                              "maintenance": False, "needsDbUpgrade": False}),
    ),
    Program(
        name="Vaultwarden",
        images=("vaultwarden/server", "vaultwarden"),
        port=80,
        says="tells clients that it is Vaultwarden",
        answer=Answer(path="/api/config", marker='"Vaultwarden"',
                      fields={"server.name": "Vaultwarden"}),
    ),
    Program(
        name="Forgejo",
        images=("forgejo",),
        port=3000,
        says="tells its version",
        answer=Answer(path="/api/forgejo/v1/version", marker='"version"', keys=("version",)),
    ),
    Program(
        name="Gitea",
        images=("gitea",),
        port=3000,
        says="tells how people may react to a comment",
        answer=Answer(path="/api/v1/settings/ui", marker='"allowed_reactions"',
                      keys=("allowed_reactions", "default_theme")),
    ),
    Program(
        name="Jellyfin",
        images=("jellyfin",),
        port=8096,
        says="tells that it is a Jellyfin server",
        answer=Answer(path="/System/Info/Public", marker='"Jellyfin Server"',
                      fields={"ProductName": "Jellyfin Server"}),
    ),
    Program(
        name="Home Assistant",
        images=("home-assistant", "homeassistant", "home-assistant/home-assistant"),
        port=8123,
        says="serves its application",
        answer=Answer(path="/manifest.json", marker='"Home Assistant"',
                      fields={"name": "Home Assistant"}),
    ),
    Program(
        name="Authelia",
        images=("authelia",),
        port=9091,
        says="tells a stranger that nobody is signed in",
        answer=Answer(path="/api/state", marker='"authentication_level"',
                      fields={"status": "OK", "data.authentication_level": 0}),
    ),
    Program(
        name="Adminer",
        images=("adminer",),
        port=8080,
        says="asks whom to sign in to which database",
        answer=Answer(path="/", marker="<title>Login - Adminer</title>",
                      title="Login - Adminer"),
    ),
    Program(
        name="Portainer",
        images=("portainer-ce", "portainer-ee", "portainer"),
        port=9000,
        says="tells its version",
        answer=Answer(path="/api/system/status", marker='"InstanceID"',
                      keys=("Version", "InstanceID")),
    ),
    Program(
        name="Paperless-ngx",
        images=("paperless-ngx",),
        port=8000,
        says="asks who is there",
        answer=Answer(path="/accounts/login/", marker="Paperless-ngx sign in",
                      title="Paperless-ngx sign in"),
    ),
    Program(
        name="LibreChat",
        images=("librechat",),
        port=3080,
        says="tells clients how to sign in",
        answer=Answer(path="/api/config", marker='"emailLoginEnabled"',
                      keys=("appTitle", "emailLoginEnabled")),
    ),
    Program(
        name="Uptime Kuma",
        images=("uptime-kuma",),
        port=3001,
        says="tells its entry page",
        answer=Answer(path="/api/entry-page", marker='"entryPage"', fields={"type": "entryPage"}),
    ),
    Program(
        name="Immich",
        images=("immich-server",),
        port=2283,
        says="answers a ping",
        answer=Answer(path="/api/server/ping", marker='"pong"', fields={"res": "pong"}),
    ),
)  # fmt: skip
"""In order of precedence: the first program whose image matches is taken."""
