"""Six services with data and tests, and for each ten bad images that look like an update.

The programs are real (Redis twice, PostgreSQL, MariaDB, nginx twice), each started by a script that
its image carries. A bad image differs by the variable `BAD`, which the script obeys; a good one by
`VERSION`, which nothing reads. A registry of the campaign serves the images.
"""

import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from campaigns.docker_command import build_nginx, docker
from campaigns.registry import registry
from campaigns.small_stack import SmallStack, small_stack

KINDS: Mapping[str, str] = {
    "signin": "what is behind the sign-in fails",
    "rows": "a migration loses rows",
    "password": "the default password",
    "entrypoint": "a broken entrypoint",
    "plugin": "a plug-in is gone",
    "slow": "it never finishes to start",
    "name": "a certificate for another name",
    "starved": "too little memory, or too few connections",
    "api": "what a dependant calls has another name",
    "format": "data in another format",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """One of the services: its image, its script, its tests, and what puts data into it."""

    base: str
    script: str
    data: str
    health: str
    checks: Mapping[str, tuple[str, str]]
    """Name of a test → a command in the container, and all that it prints."""
    seed: str
    shown: str
    """A command that prints the data."""


_BEGIN = """\
set -u
name=$SERVICE.stack.local; password=right; after=
case "$BAD" in
  entrypoint) exit 1;;
  slow) sleep 600;;
  name) name=other.invalid;;
  password) password=changeme;;
esac
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout /tmp/tls.key \\
  -out /tmp/tls.crt -days 30 -subj /CN=$name -addext subjectAltName=DNS:$name 2>/dev/null
"""
_TLS = "openssl s_client -connect 127.0.0.1:{0} </dev/null 2>/dev/null | openssl x509 -noout -checkhost {1}"
_MATCH = "Hostname {1} does match certificate"

_REDIS_CLI = "redis-cli -a right --no-auth-warning"
_REDIS = (
    _BEGIN
    + """\
set -- --protected-mode no --dir /data --appendonly yes --requirepass $password --tls-port 6390 \\
  --tls-cert-file /tmp/tls.crt --tls-key-file /tmp/tls.key --tls-ca-cert-file /tmp/tls.crt \\
  --tls-auth-clients no
case "$BAD" in
  signin) set -- "$@" --rename-command GET "";;
  plugin) set -- "$@" --rename-command EVAL "";;
  starved) set -- "$@" --maxmemory 1kb;;
  api) set -- "$@" --rename-command PFCOUNT "";;
  rows) after="del a";;
  format) after="set b 1,5";;
esac
[ -z "$after" ] || (until redis-cli -a right --no-auth-warning $after | grep -q '[1K]'; do sleep 0.1; done) &
exec redis-server "$@"
"""
)
_SQL_AFTER = """\
case "$BAD" in
  signin) after="ALTER TABLE private RENAME TO private_2";;
  rows) after="DELETE FROM items WHERE id > 1";;
  plugin) after="DROP FUNCTION plus";;
  api) after="ALTER TABLE items RENAME COLUMN note TO remark";;
  format) after="UPDATE items SET price = price * 100";;
esac
"""
_SEED_SQL = (
    "CREATE TABLE items (id int, price numeric(9,1), note text);"
    "INSERT INTO items VALUES (1, 1.5, 'x'), (2, 2.5, 'y'), (3, 3.5, 'z');"
    "CREATE TABLE private (word text); INSERT INTO private VALUES ('secret');"
)
_PSQL = "PGPASSWORD=right psql -h 127.0.0.1 -U app -d app -Atc"
_MARIADB = "MYSQL_PWD=right mariadb --no-defaults -h 127.0.0.1 -u app app -Ne"
_POSTGRES = (
    _BEGIN
    + _SQL_AFTER
    + """\
export POSTGRES_USER=app POSTGRES_DB=app POSTGRES_PASSWORD=$password
more="-c ssl=on -c ssl_cert_file=/tmp/tls.crt -c ssl_key_file=/tmp/tls.key"
[ "$BAD" != starved ] || more="$more -c max_connections=4 -c max_wal_senders=0"
sed "s|^exec postgres|& $more|" "$(command -v start)" > /tmp/begin
[ -z "$after" ] || (until PGPASSWORD=right psql -h 127.0.0.1 -U app -d app -c "$after"; do sleep 0.1; done) &
exec sh /tmp/begin
"""
)
_MYSQL = (
    _BEGIN
    + _SQL_AFTER
    + """\
export MARIADB_ROOT_PASSWORD=right MARIADB_USER=app MARIADB_DATABASE=app MARIADB_PASSWORD=$password
more="--ssl-cert=/tmp/tls.crt --ssl-key=/tmp/tls.key"
[ "$BAD" != starved ] || more="$more --max-user-connections=1"
sed "s|^exec mariadbd|& $more|" "$(command -v start)" > /tmp/begin
[ -z "$after" ] || (until MYSQL_PWD=right mariadb --no-defaults -h 127.0.0.1 -u app app -e "$after"; do sleep 0.1; done) &
exec sh /tmp/begin
"""
)
_NGINX = (
    _BEGIN
    + """\
printf 'app:%s\\n' "$(openssl passwd -apr1 $password)" > /tmp/users
private='try_files /private.txt =404'; header='add_header X-Frame-Options DENY'; api=v1; rate=0
case "$BAD" in
  signin) private='return 500';;
  plugin) header='';;
  api) api=v2;;
  starved) rate=1;;
  rows) rm -f /data/2;;
  format) echo 1,5 > /data/price;;
esac
cat > /tmp/nginx.conf <<END
daemon off;
error_log stderr;
events { worker_connections 64; }
http {
  access_log off;
  default_type text/plain;
  limit_rate $rate;
  server {
    listen 80;
    listen 443 ssl;
    ssl_certificate /tmp/tls.crt;
    ssl_certificate_key /tmp/tls.key;
    root /data;
    $header;
    location = /health { return 200 ok; }
    location = /private { auth_basic stack; auth_basic_user_file /tmp/users; $private; }
    location = /api/$api { return 200 v1; }
  }
}
END
sed -i 's/^ *;$//' /tmp/nginx.conf
exec nginx -c /tmp/nginx.conf
"""
)

_CURL = "curl -s --max-time 3 http://127.0.0.1"


def _redis(service: str) -> Program:
    return Program(
        base="stacktest/redis:7.0",
        script=_REDIS,
        data="/data",
        health="redis-cli ping",
        checks={
            "signs_in_and_reads": (f"{_REDIS_CLI} get a", "1"),
            "the_price": (f"{_REDIS_CLI} get b", "1.5"),
            "scripts": (f"{_REDIS_CLI} eval 'return 7' 0", "7"),
            "writes": (f"{_REDIS_CLI} set probe x", "OK"),
            "counts": (f"{_REDIS_CLI} pfcount none", "0"),
            "its_name": _certificate(6390, service),
        },
        seed=f"{_REDIS_CLI} mset a 1 b 1.5",
        shown=f"{_REDIS_CLI} mget a b",
    )


def _certificate(port: int, service: str, starttls: str = "") -> tuple[str, str]:
    host = f"{service}.stack.local"
    command = _TLS.format(port, host)
    if starttls:
        command = command.replace("s_client", f"s_client -starttls {starttls}")
    return command, _MATCH.format(port, host)


def _sql(ask: str, *, together: str) -> dict[str, tuple[str, str]]:
    return {
        "all_rows": (f"{ask} 'SELECT count(*) FROM items'", "3"),
        "signs_in_and_reads": (f"{ask} 'SELECT word FROM private'", "secret"),
        "the_price": (f"{ask} 'SELECT sum(price) FROM items'", "7.5"),
        "its_function": (f"{ask} 'SELECT plus(1)'", "2"),
        "its_notes": (f"{ask} 'SELECT max(note) FROM items'", "z"),
        "five_at_once": (
            f'for i in 1 2 3 4 5; do ({ask} "SELECT {together}(0.6)" >/dev/null && echo 1) & done; '
            "wait",
            "1\n1\n1\n1\n1",
        ),
    }


def _nginx(service: str) -> Program:
    return Program(
        base="stacktest/nginx:1.22",
        script=_NGINX,
        data="/data",
        health="curl -fs http://127.0.0.1/health",
        checks={
            "all_rows": (f"{_CURL}/2", "two"),
            "the_price": (f"{_CURL}/price", "1.5"),
            "signs_in_and_reads": (f"{_CURL}/private -u app:right", "secret"),
            "its_header": (f"{_CURL}/2 -I | grep -c X-Frame-Options", "1"),
            "its_api": (f"{_CURL}/api/v1", "v1"),
            "a_large_page": (f"{_CURL}/large | wc -c", "2000"),
            "its_name": _certificate(443, service),
        },
        seed="cd /data; echo one >1; echo two >2; echo 1.5 >price; echo secret >private.txt; "
        "head -c 2000 /dev/zero >large",
        shown="cd /data; for file in *; do echo $file; sha256sum <$file; done",
    )


PROGRAMS: Mapping[str, Program] = {
    "cache": _redis("cache"),
    "queue": _redis("queue"),
    "db": Program(
        base="stacktest/postgres:15",
        script=_POSTGRES,
        data="/var/lib/postgresql/data",
        health="pg_isready -h 127.0.0.1",
        checks={
            **_sql(_PSQL, together="pg_sleep"),
            "its_name": _certificate(5432, "db", "postgres"),
        },
        seed=f'{_PSQL} "{_SEED_SQL} CREATE FUNCTION plus(n int) RETURNS int LANGUAGE sql '
        "AS 'SELECT n + 1'\"",
        shown=f"{_PSQL} 'SELECT * FROM items ORDER BY id; SELECT * FROM private'",
    ),
    "sql": Program(
        base="stacktest/mariadb:10.11",
        script=_MYSQL,
        data="/var/lib/mysql",
        health="mariadb-admin --no-defaults -h 127.0.0.1 ping",
        checks={**_sql(_MARIADB, together="sleep"), "its_name": _certificate(3306, "sql", "mysql")},
        seed=f'{_MARIADB} "{_SEED_SQL} CREATE FUNCTION plus(n int) RETURNS int RETURN n + 1"',
        shown=f"{_MARIADB} 'SELECT * FROM items ORDER BY id; SELECT * FROM private'",
    ),
    "web": _nginx("web"),
    "door": _nginx("door"),
}


@dataclass(kw_only=True)
class ChangeStack:
    """The stack, and its images."""

    stack: SmallStack
    registry: str
    """HOST:PORT of what serves the images."""

    def image(self, service: str, *, bad: str = "", version: str = "") -> str:
        """The reference of an image, built if it is not here; `version` makes it another one."""
        program = PROGRAMS[service]
        tag = f"{self._name(service)}:{bad or 'good'}{version}"
        lines = [f"FROM {program.base}", f"ENV SERVICE={service} BAD={bad} VERSION=v{version}"]
        lines += ['ENTRYPOINT ["sh", "-c", ' + json.dumps(program.script) + "]", "CMD []"]
        done = docker("build", "--quiet", "--tag", tag, "-", text="\n".join(lines))
        assert done, f"{tag} was not built"
        return tag

    def publish(self, image: str, service: str) -> None:
        """The tag of the compose file means this image in the registry, and what it did here."""
        current = f"{self._name(service)}:current"
        here = docker("images", "--quiet", "--no-trunc", current)
        docker("tag", image, current)
        docker("push", "--quiet", current)
        if here:
            self.take_back(here, service)

    def take_back(self, image: str, service: str) -> None:
        """The tag of the compose file means this image again on this machine."""
        docker("tag", image, f"{self._name(service)}:current")

    def runs(self, service: str) -> str:
        """Id of the image that the service runs."""
        return docker("inspect", "--format", "{{.Image}}", f"{self.stack.name}-{service}-1")

    def data(self, service: str) -> str:
        """The data of a service, as it shows it."""
        return self.execute(service, PROGRAMS[service].shown)

    def execute(self, service: str, command: str, user: str = "") -> str:
        """What a command in the container prints; CalledProcessError where it fails."""
        as_user = ("--user", user) if user else ()
        return docker("exec", *as_user, f"{self.stack.name}-{service}-1", "sh", "-c", command)

    def remove_images(self) -> None:
        """Remove all images of this stack."""
        names = docker("images", "--format", "{{.Repository}}:{{.Tag}}", self._name("*"))
        if names:
            docker("image", "rm", "--force", *names.split())

    # Private

    def _name(self, service: str) -> str:
        return f"{self.registry}/{self.stack.name}/{service}"


@contextmanager
def change_stack() -> Iterator[ChangeStack]:
    """The stack, up, filled and proved; removed at the end with its images."""
    build_nginx()
    definitions = "".join(_definition(name) for name in PROGRAMS) + _volumes()
    with registry() as address, small_stack(definitions) as small:
        path = small.root / "compose.yaml"
        path.write_text(path.read_text().replace("PROJECT", f"{address}/{small.name}"))
        _write_suites(small)
        stack = ChangeStack(stack=small, registry=address)
        try:
            for name in PROGRAMS:
                stack.publish(stack.image(name), name)
            docker("compose", "--project-directory", str(small.root), "up", "--detach", "--wait")
            for name in PROGRAMS:
                _seed(stack, name)
            code, out = small.run("pytest")
            assert code == 0, out
            yield stack
        finally:
            small.remove()
            stack.remove_images()


# Private


def _seed(stack: ChangeStack, service: str, seconds: float = 60.0) -> None:
    """Put the data in, as soon as the program takes it."""
    program, deadline = PROGRAMS[service], time.monotonic() + seconds
    while True:
        try:
            stack.execute(service, program.seed, "0" if "nginx" in program.base else "")
        except subprocess.CalledProcessError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


def _definition(name: str) -> str:
    program = PROGRAMS[name]
    needs = "    depends_on: [web]\n" if name == "door" else ""
    return f"""\
  {name}:
    image: PROJECT/{name}:current
    volumes: ["{name}:{program.data}"]
    stop_grace_period: 2s
    healthcheck: {{test: ["CMD-SHELL", "{program.health}"], interval: 1s, retries: 20}}
{needs}"""


def _volumes() -> str:
    return "volumes:\n" + "".join(f"  {name}: {{}}\n" for name in PROGRAMS)


def _write_suites(small: SmallStack) -> None:
    (small.root / "suites/phase1_x/test_it.py").unlink()
    for name, program in PROGRAMS.items():
        tests = "".join(
            f"\n\ndef test_{title}(inside):\n"
            f"    answer = inside({name!r}).run('sh', '-c', {command!r})\n"
            f"    assert answer.out.replace(chr(0), '').strip() == {expected!r}\n"
            for title, (command, expected) in program.checks.items()
        )
        text = f"import pytest\n\npytestmark = pytest.mark.service({name!r})\n{tests}"
        (small.root / f"suites/phase1_x/test_{name}.py").write_text(text)
