"""Faults that only show when something is moved: killed, ended, replaced, or gone for a while."""

import json
import shlex
from collections.abc import Mapping

from tests.faults.catalogue.common import COMPOSE
from tests.faults.model import Edit, Fault, Outside
from tests.faults.moved import PHASE
from tests.faults.throwaway import FAULTY

ALL = "every service"
POLICY = "  restart: unless-stopped\n"
STORES = ("outline-redis", "redis")
PROGRAMS = {
    "adminer": "php -d session.save_path=/tmp -S 0.0.0.0:8080 -t /srv/adminer",
    "caddy": "caddy run --config /etc/caddy/Caddyfile --adapter caddyfile",
    "mongo-express": "node app.js",
    "prometheus": (
        "prometheus --config.file=/etc/prometheus/prometheus.yml "
        "--storage.tsdb.path=/prometheus --web.enable-lifecycle"
    ),
}
"""Service → its program, where that is not a stand-in."""
NEEDS = {
    "adminer": ("mariadb", "planka-postgres"),
    "authelia": ("ldap",),
    "caddy": ("kopia",),
    "grafana": ("loki", "prometheus"),
    "librechat": ("mongodb",),
    "mongo-express": ("mongodb",),
    "nextcloud": ("mariadb",),
    "outline": ("outline-postgres", "outline-redis"),
    "paperless": ("paperless-postgres", "redis"),
    "planka": ("planka-postgres",),
    "prometheus": ("alertmanager",),
    "promtail": ("loki",),
    "vaultwarden": ("mariadb",),
}
NO_RETRY = (
    "until {found}; do sleep 0.2; done; {program} & "
    "while {found} || {{ {found}; }}; do sleep 0.2; done; kill -9 -1; sleep infinity"
)
"""Once what it needs has been gone, it never works again; one question may be lost on the way."""
LOOK_UP = "RES_OPTIONS='timeout:1 attempts:1' getent hosts {name} >/dev/null"
NO_PATIENCE = "{found} || sleep infinity; exec {program}"
"""It looks for what it needs once, when it starts."""
STALE_LOCK = (
    "[ ! -e {lock} ] || exit 1; touch {lock}; {program} & "
    "trap 'kill $!; wait $!; rm {lock}' TERM; wait $!"
)
"""It removes its lock when it is told to end, and refuses to start where it finds one."""


INDEXED = "/repo/fixtures/stacks/reference/data/lock"
"""A file in the folder that the indexer writes to."""
BUILD_ONCE = (
    "[ ! -e /site/lock ] || exit 1; /opt/mkdocs/bin/mkdocs build --strict "
    "--config-file /stack/mkdocs.yml --site-dir /site && touch /site/lock"
)


def wrapped(script: str, *services: str) -> Outside:
    """These services run a shell script around their program."""
    stanzas = {}
    for service in services:
        program = PROGRAMS.get(service, f"python -m standin {service}")
        found = " && ".join(LOOK_UP.format(name=name) for name in NEEDS[service])
        text = script.format(program=program, found=found).replace("$", "$$")
        stanzas[service] = {"entrypoint": ["sh", "-c", text], "command": []}
    return laid_over(stanzas)


def laid_over(stanzas: Mapping[str, Mapping[str, object]]) -> Outside:
    """These definitions are laid over the compose file; JSON is YAML."""
    document = json.dumps({"services": stanzas})
    return Outside(f"printf %s {shlex.quote(document)} > {FAULTY}")


def locked(lock: str, program: str) -> list[str]:
    """The entry point of a program that leaves a lock; what compose gives it as command follows."""
    text = STALE_LOCK.format(lock=lock, program=f'{program} "$0" "$@"')
    return ["sh", "-c", text.replace("$", "$$")]


def fault(name: str, *seed: Edit | Outside, red: tuple[str, ...]) -> Fault:
    return Fault(name=f"{ALL}: {name}", service=ALL, phase=PHASE, seed=seed, red=red)


FAULTS = (
    fault(
        "nothing has a restart policy",
        Edit(COMPOSE, POLICY, '  restart: "no"\n'),
        red=("test_comes_back::*",),
    ),
    fault(
        "a lock that outlives a kill keeps the program from starting",
        laid_over({name: {"entrypoint": locked("/data/lock", "redis-server")} for name in STORES}),
        red=tuple(
            f"test_comes_back::test_it_comes_back_after_its_process_is_killed[{name}]"
            for name in STORES
        ),
    ),
    fault(
        "no program hears that it shall end",
        Edit(COMPOSE, POLICY, f"{POLICY}  stop_signal: SIGCONT\n  stop_grace_period: 1s\n"),
        red=("test_ends_in_time::*",),
    ),
    fault(
        "all data lies in the container's own layer",
        Edit(COMPOSE, "  read_only: true\n", "  read_only: false\n"),
        Outside(
            r"sed -E -i 's/^    volumes: \[\"[a-z-]+:[^],]*\"\]$//; /^      - site:/!{/^      - [a-z-]+:\//d}' "
            + COMPOSE
        ),
        red=("test_keeps_its_data::*",),
    ),
    fault(
        "a cache forgets everything when it ends",
        Edit(COMPOSE, '--save, "60 1"', '--save, ""'),
        red=tuple(
            "test_keeps_its_data::test_it_keeps_its_data_over_a_restart_and_in_another_container"
            f"[{name}]"
            for name in STORES
        ),
    ),
    fault(
        "nothing tries again once what it needs was gone",
        wrapped(NO_RETRY, *NEEDS),
        red=("test_needs::test_it_works_again_after_what_it_needs_was_gone",),
    ),
    fault(
        "nothing waits for what it needs: the order is wrong",
        wrapped(NO_PATIENCE, *NEEDS),
        red=("test_needs::test_it_works_when_what_it_needs_comes_up_later",),
    ),
    fault(
        "a program that runs once leaves something in its own way",
        laid_over(
            {
                "docs-indexer": {"entrypoint": locked(INDEXED, "stacktest")},
                "mkdocs": {
                    "entrypoint": [
                        "sh",
                        "-c",
                        BUILD_ONCE,
                    ]
                },
            }
        ),
        red=("test_jobs::*",),
    ),
)
