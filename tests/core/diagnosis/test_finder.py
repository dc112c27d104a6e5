"""Each kind of trouble by the facts that decide it, and a look-alike by which nothing is said."""

import datetime as dt
from typing import Any

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.diagnosis.facts import (
    Answered,
    Certificate,
    Failure,
    HostPort,
    MountFacts,
    PortHolder,
    SourceLine,
)
from stacktest.core.model import Service
from tests.support.diagnosed import HOST, NOW, STACK, WHERE, facts, find, refused, running, sentence
from tests.support.known import known

REFUSED = (
    "2026/11/29 03:00:01 [error] 22#22: *1 connect() failed (111: Connection refused) while "
    "connecting to upstream, client: 10.0.0.1, server: wiki.home.lan, request: "
    '"GET / HTTP/1.1", upstream: "http://10.0.0.4:8081/", host: "wiki.home.lan"'
)
ARROW = f"{HOST} → wiki:8081 ({WHERE})"
HOUR = dt.timedelta(hours=1)


def test_all_is_well_and_a_test_fails() -> None:
    assert find(facts()) is None


# The front door


def test_nothing_listens_where_the_door_asks() -> None:
    diagnosis = known(find(facts(wiki=running("wiki", open_ports=frozenset({8080}))), refused()))
    assert diagnosis.sentence == f"{ARROW}: nothing listens there; wiki has 8080"
    assert diagnosis.command == (
        "sed -i '9s|wiki:8081|wiki:8080|' conf.d/apps.conf && docker compose restart door"
    )
    assert (diagnosis.service, diagnosis.witness) == ("door", "door")


def test_a_copy_has_another_image_and_nothing_is_typed() -> None:
    """The files are those of the stack, and the containers are gone."""
    state = facts(wiki=running("wiki", open_ports=frozenset({6379}), is_temporary=True))
    copy = replace(STACK, copy="7", compose_options=("--project-name", "home-rehearsal-7"))
    unchanged = known(find(replace(state, stack=copy), refused()))
    assert (unchanged.service, unchanged.hint) == ("door", "")
    assert unchanged.sentence == f"{ARROW}: nothing listens there; wiki has 6379"
    for image, shown in {"redis:7.0": "redis:7.0", "sha256:77af": "new"}.items():
        given = replace(copy, given_images={"wiki": image, "db": "postgres:17"})
        diagnosis = known(find(replace(state, stack=given), refused()))
        assert (diagnosis.service, diagnosis.hint) == ("wiki", "")
        assert diagnosis.sentence == (
            f"{ARROW}: nothing listens there; wiki has 6379; the image of wiki in this copy is "
            f"{shown}"
        )


OF_COPIES: dict[str, tuple[dict[str, Any], Failure | None]] = {
    "another port": ({"open_ports": frozenset({8080})}, refused()),
    "two ports": ({"open_ports": frozenset({8080, 9000})}, refused()),
    "for itself": ({"open_ports": frozenset(), "local_ports": frozenset({8081})}, refused()),
    "still starting": ({"open_ports": frozenset(), "health": "starting"}, refused()),
    "another network": ({"networks": {"edge": "10.1.0.2"}}, refused()),
    "TLS": ({}, refused(400, body="Client sent an HTTP request to an HTTPS server")),
    "ended": ({"state": "exited", "exit_code": 1, "log": ("FATAL: no key",)}, refused()),
    "no memory": ({"state": "exited", "exit_code": 137, "oom": True, "memory": 1 << 26}, refused()),
    "unhealthy": ({"health": "unhealthy", "health_log": "exit 1"}, refused()),
    "edited": ({"edited": ("KEY",)}, None),
    "a full disk": ({"log": ("No space left on device",)}, refused(500)),
}


@pytest.mark.parametrize("case", OF_COPIES)
def test_of_a_copy_no_command_is_printed(case: str) -> None:
    changes, failure = OF_COPIES[case]
    state = facts(wiki=running("wiki", **changes))
    assert known(find(state, failure)).command
    copy = replace(state, stack=replace(STACK, copy="7"))
    assert known(find(copy, failure)).hint == ""


@pytest.mark.parametrize(
    ("changes", "expected", "command"),
    [
        ({"state": "exited", "exit_code": 0}, "wiki does not run", "up -d wiki"),
        (
            {"state": "exited", "exit_code": 143},
            "wiki was stopped from outside (exit 143)",
            "up -d wiki",
        ),
        (
            {"state": "exited", "exit_code": 1, "log": ("FATAL: no key",)},
            "wiki exited 1: FATAL: no key",
            "logs --tail 20 wiki",
        ),
        ({"state": "paused"}, "wiki is paused", "unpause wiki"),
        ({"state": "created"}, "wiki does not run", "up -d wiki"),
        ({"state": "", "container": ""}, "wiki does not run", "up -d wiki"),
    ],
)
def test_of_a_front_door_it_says_what_is_down_behind_it(
    changes: dict[str, Any], expected: str, command: str
) -> None:
    """Its tests ask for the host names of all others."""
    wiki = running("wiki", networks={}, **changes)
    diagnosis = known(find(facts(wiki=wiki), replace(refused(), services=("door",))))
    assert diagnosis.sentence == f"{ARROW}: {expected}"
    assert diagnosis.command == f"docker compose {command}"


def test_a_404_of_a_front_door_is_not_of_what_is_down() -> None:
    wiki = running("wiki", state="exited", exit_code=0)
    assert find(facts(wiki=wiki), replace(refused(404), services=("door",))) is None


def test_of_two_ports_none_is_chosen() -> None:
    ports = frozenset({8080, 9000})
    diagnosis = known(find(facts(wiki=running("wiki", open_ports=ports)), refused()))
    assert diagnosis.sentence.endswith("wiki has 8080 and 9000")
    assert diagnosis.command == "docker compose logs --tail 20 wiki"


def test_a_program_that_listens_for_itself_alone() -> None:
    wiki = running("wiki", open_ports=frozenset(), local_ports=frozenset({8081}))
    assert sentence(facts(wiki=wiki), refused()).endswith(
        "wiki listens there for itself alone, at 127.0.0.1"
    )


def test_a_program_that_still_starts() -> None:
    wiki = running("wiki", open_ports=frozenset(), health="starting")
    diagnosis = known(find(facts(wiki=wiki), refused()))
    assert diagnosis.sentence == f"{ARROW}: nothing listens there yet; wiki is still starting"
    assert diagnosis.command == "docker compose up -d --wait wiki"


def test_a_program_that_listens_by_now() -> None:
    wiki = running("wiki", open_ports=frozenset({8081}), started=NOW - dt.timedelta(seconds=3))
    door = running("door", log=(REFUSED,))
    assert sentence(facts(wiki=wiki, door=door), refused()) == (
        f"{ARROW}: nothing listened there when the test asked; wiki was started 3 s ago and "
        "listens now"
    )


@pytest.mark.parametrize("status", [502, 503, 504])
def test_an_application_may_answer_a_gateways_error_itself(status: int) -> None:
    wiki = running("wiki", open_ports=frozenset({8081}))
    assert find(facts(wiki=wiki), refused(status)) is None


def test_at_a_start_the_doors_own_page_hides_no_missing_listener() -> None:
    wiki = running("wiki", open_ports=frozenset({8080}))
    at_start = replace(refused(200), is_start=True)
    assert sentence(facts(wiki=wiki), at_start) == f"{ARROW}: nothing listens there; wiki has 8080"
    assert find(facts(wiki=wiki), refused(200)) is None


def test_ports_that_are_not_known_decide_nothing() -> None:
    assert find(facts(door=running("door", log=(REFUSED,))), refused()) is None


def test_the_complaint_about_another_host_is_not_about_this_one() -> None:
    wiki = running("wiki", open_ports=frozenset({8081}))
    door = running("door", log=(REFUSED.replace("wiki.home.lan", "files.home.lan"),))
    assert find(facts(wiki=wiki, door=door), refused()) is None


def test_the_door_and_the_service_are_on_different_networks() -> None:
    wiki = running("wiki", networks={"home_back": "10.1.0.4"}, open_ports=frozenset({8081}))
    diagnosis = known(find(facts(wiki=wiki), refused()))
    assert diagnosis.sentence == (
        f"{ARROW}: door and wiki share no network; door is on home_default, wiki on home_back"
    )
    assert "docker network connect --alias wiki home_default wiki01234567" in diagnosis.command


def test_a_name_that_no_service_has() -> None:
    stack = replace(
        STACK,
        routes=(replace(STACK.routes[0], service=None, port=None, upstream="http://wikii:8081"),),
    )
    door = running(
        "door",
        state="exited",
        exit_code=1,
        log=('nginx: [emerg] host not found in upstream "wikii" in /etc/nginx/conf.d/apps.conf:9',),
    )
    line = SourceLine(
        where=WHERE, path="conf.d/apps.conf", number=9, text="proxy_pass http://wikii:8081;"
    )
    facts_now = replace(facts(door=door), stack=stack, lines={WHERE: line})
    diagnosis = known(find(facts_now, Failure(services=("door",), is_start=True)))
    assert diagnosis.sentence == (
        f"{HOST} → wikii:8081 ({WHERE}): no service is called wikii; there is wiki"
    )
    assert diagnosis.command == (
        "sed -i '9s|wikii|wiki|' conf.d/apps.conf && docker compose up -d --force-recreate door"
    )


def test_a_door_that_ended_since_a_service_was_not_up() -> None:
    log = ('nginx: [emerg] host not found in upstream "wiki" in /etc/nginx/conf.d/apps.conf:9',)
    door = running("door", state="exited", exit_code=1, log=log)
    failure = Failure(services=("door",), is_start=True)
    wiki = running("wiki", state="exited")
    diagnosis = known(find(facts(door=door, wiki=wiki), failure))
    assert diagnosis.sentence == (
        f"{ARROW}: door ended since it found no address of wiki, which does not run"
    )
    assert diagnosis.command == "docker compose up -d wiki door"
    assert sentence(facts(door=door), failure).endswith("of wiki, which runs by now")


def test_a_door_without_tls_before_a_service_with_it() -> None:
    body = "<center>The plain HTTP request was sent to HTTPS port</center>"
    diagnosis = known(find(facts(), refused(400, body)))
    assert diagnosis.sentence == f"{ARROW}: wiki speaks TLS there, door does not"
    assert diagnosis.command.startswith("sed -i '9s|http://|https://|' conf.d/apps.conf")


def test_a_door_with_tls_before_a_service_without_it() -> None:
    log = REFUSED.replace(
        "connect() failed (111: Connection refused) while connecting to upstream",
        "SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while "
        "SSL handshaking to upstream",
    )
    assert sentence(facts(door=running("door", log=(log,))), refused()) == (
        f"{ARROW}: door speaks TLS there, wiki does not"
    )


def test_a_400_of_the_application_is_its_own() -> None:
    assert find(facts(), refused(400, "name is missing")) is None


# Services


def test_a_program_that_ended_in_its_own_words() -> None:
    db = running("db", state="exited", exit_code=1, log=("starting", "KeyError: 'DATABASE'", ""))
    diagnosis = known(find(facts(db=db)))
    assert diagnosis.sentence == "db exited 1: KeyError: 'DATABASE'"
    assert diagnosis.command == "docker compose logs --tail 20 db"
    # Of a container that the run takes down, its log goes with it.
    diagnosis = known(find(facts(db=replace(db, is_temporary=True))))
    assert diagnosis.command == "stacktest up db; docker compose logs db"


def test_a_program_that_was_killed_for_memory() -> None:
    line = SourceLine(
        where="compose.yaml:7", path="compose.yaml", number=7, text="    mem_limit: 64m"
    )
    wiki = running("wiki", state="exited", exit_code=137, oom=True, memory=64 * 1024 * 1024)
    diagnosis = known(find(replace(facts(wiki=wiki), lines={"services.wiki.mem_limit": line})))
    assert diagnosis.sentence == (
        "wiki was killed for memory: its limit is 64 MiB (compose.yaml:7)"
    )
    assert diagnosis.command == "sed -i '7s|64m|128m|' compose.yaml && docker compose up -d wiki"


def test_a_program_that_somebody_stopped_has_no_last_words() -> None:
    wiki = running("wiki", state="exited", exit_code=143, log=("ERROR: something harmless",))
    assert sentence(facts(wiki=wiki)) == "wiki was stopped from outside (exit 143)"
    assert find(facts(wiki=wiki), Failure(services=("wiki",), is_start=True)) is None


def test_an_error_in_the_log_of_a_program_that_runs_says_nothing() -> None:
    log = ("ERROR: permission denied: /data/x", "FATAL: password authentication failed for db")
    assert find(facts(wiki=running("wiki", log=log))) is None


def test_a_service_is_unhealthy_in_its_own_words() -> None:
    db = running("db", health="unhealthy", health_log='exit 2: FATAL: role "root" does not exist')
    diagnosis = known(find(facts(db=db)))
    assert diagnosis.sentence == 'db is not healthy: FATAL: role "root" does not exist'
    assert not diagnosis.before


@pytest.mark.parametrize(
    ("health_log", "log", "words"),
    [
        ("exit 1", ("LOG: ready for connections",), "its health check ends with exit 1 and writes nothing"),
        ("exit 1: ", (), "its health check ends with exit 1 and writes nothing"),
        ("exit 1", ("ERROR: no such table", "LOG: ready"), "ERROR: no such table"),
        ("exit 7: no answer on 8080", ("ERROR: no such table",), "no answer on 8080"),
    ],
)  # fmt: skip
def test_a_check_that_writes_nothing_is_not_explained_by_a_log_of_what_works(
    health_log: str, log: tuple[str, ...], words: str
) -> None:
    db = running("db", health="unhealthy", health_log=health_log, log=log)
    assert known(find(facts(db=db))).sentence == f"db is not healthy: {words}"


def test_a_service_that_is_unhealthy_at_its_start_may_only_need_longer() -> None:
    db = running("db", health="unhealthy", health_log="exit 1")
    diagnosis = known(find(facts(db=db), Failure(services=("db",), is_start=True)))
    assert diagnosis.hint == (
        "if it only needs longer to start, raise services.db.healthcheck.start_period in the "
        "compose file; else correct what its health check shows, then: " + diagnosis.command
    )


@pytest.mark.parametrize(
    "output",
    [
        "exit 127: /bin/sh: 1: curl: not found",
        "exit 127: sh: curl: not found",
        "bash: line 1: curl: command not found",
        'OCI runtime exec failed: exec failed: exec: "curl": executable file not found in $PATH',
    ],
)
def test_a_health_check_whose_command_the_image_lacks(output: str) -> None:
    wiki = running("wiki", health="unhealthy", health_log=output)
    diagnosis = known(find(facts(wiki=wiki)))
    assert diagnosis.sentence == (
        "wiki is not healthy: its health check runs curl, which its image does not have"
    )
    assert "command -v wget" in diagnosis.command


def test_a_page_that_is_not_found_is_no_missing_command() -> None:
    wiki = running(
        "wiki", health="unhealthy", health_log="exit 22: curl: (22) error: 404 not found"
    )
    assert "image" not in sentence(facts(wiki=wiki))


def test_the_network_of_another_one_that_was_restarted() -> None:
    vpn = running("vpn", started=NOW)
    failure = Failure(services=("torrents",), text="assert 'timeout' == 'open'")
    diagnosis = known(find(facts(vpn=vpn), failure))
    assert diagnosis.sentence == (
        "vpn was restarted after torrents, which is still in the network that vpn had before"
    )
    assert diagnosis.command == "docker compose restart --no-deps torrents"


def test_the_network_of_another_one_that_was_replaced() -> None:
    torrents = running("torrents", network_container="0" * 64)
    assert sentence(facts(torrents=torrents), Failure(services=("torrents",))).startswith(
        "vpn was replaced after torrents"
    )


def test_the_network_of_another_one_that_started_before() -> None:
    joined = running("torrents", started=NOW, network_container="the-vpn")
    assert find(facts(torrents=joined), Failure(services=("torrents",))) is None
    torrents = running("torrents", started=NOW, network_container="vpn0123456789")
    assert find(facts(torrents=torrents), Failure(services=("torrents",))) is None


# Files and passwords


def test_a_mounted_file_that_was_not_there() -> None:
    mount = MountFacts(
        source="app.conf", target="/etc/app.conf", kind="folder", is_empty=True, is_tracked=True
    )
    wiki = running(
        "wiki",
        state="exited",
        exit_code=1,
        mounts=(mount,),
        log=("IsADirectoryError: [Errno 21] Is a directory: '/etc/app.conf'",),
    )
    diagnosis = known(find(facts(wiki=wiki)))
    assert diagnosis.sentence == (
        "wiki has an empty folder at /etc/app.conf: app.conf was not there when it was mounted, "
        "and the engine made a folder of that name"
    )
    assert diagnosis.command.startswith("rmdir app.conf && git checkout -- app.conf && ")


def test_a_folder_that_is_meant_to_be_one() -> None:
    mount = MountFacts(source="data", target="/data", kind="folder", is_empty=True)
    wiki = running(
        "wiki", state="exited", exit_code=1, mounts=(mount,), log=("Is a directory: '/data'",)
    )
    assert sentence(facts(wiki=wiki)) == "wiki exited 1: Is a directory: '/data'"


def test_a_folder_that_belongs_to_another_user() -> None:
    mount = MountFacts(source="data", target="/data", kind="folder", owner="0:0")
    log = ("PermissionError: [Errno 13] Permission denied: '/data/x.db'",)
    wiki = running("wiki", state="exited", exit_code=1, mounts=(mount,), log=log, user="1000:1000")
    diagnosis = known(find(facts(wiki=wiki)))
    assert diagnosis.sentence == (
        "wiki may not write /data: it runs as 1000:1000, and data belongs to 0:0"
    )
    assert "--entrypoint chown wiki -R 1000:1000 /data" in diagnosis.command
    own = replace(mount, owner="1000:1000")
    assert sentence(facts(wiki=replace(wiki, mounts=(own,)))).startswith("wiki exited 1: ")


def test_a_mount_that_is_read_only() -> None:
    mount = MountFacts(source="data", target="/data", kind="folder", is_read_only=True)
    log = ("OSError: [Errno 30] Read-only file system: '/data/x.db'",)
    wiki = running("wiki", state="exited", exit_code=1, mounts=(mount,), log=log)
    line = SourceLine(
        where="compose.yaml:8", path="compose.yaml", number=8, text="      - ./data:/data:ro"
    )
    diagnosis = known(find(replace(facts(wiki=wiki), lines={"services.wiki.volumes.0": line})))
    assert diagnosis.sentence == (
        "wiki cannot write /data/x.db: /data is mounted read-only (compose.yaml:8)"
    )
    assert diagnosis.command.startswith("sed -i '8s|/data:ro|/data|' compose.yaml && ")


def test_a_full_disk() -> None:
    log = ("OSError: [Errno 28] No space left on device: '/data/x'",)
    assert sentence(facts(db=running("db", state="exited", exit_code=1, log=log))).startswith(
        "db has no space left: "
    )


def test_a_server_error_whose_cause_is_in_the_log() -> None:
    log = ("OSError: [Errno 28] No space left on device: '/data/x'",)
    wiki = running("wiki", log=log, open_ports=frozenset({8081}))
    assert sentence(facts(wiki=wiki), refused(500)).startswith("wiki has no space left")
    assert find(facts(wiki=wiki), refused(404)) is None


def test_a_password_that_differs() -> None:
    services = {
        **STACK.services,
        "wiki": replace(
            STACK.services["wiki"], environment={"DATABASE_URL": "postgres://wiki:one@db/wiki"}
        ),
        "db": Service(name="db", environment={"POSTGRES_PASSWORD": "two"}),
    }
    log = ('FATAL: password authentication failed for user "wiki"',)
    wiki = running("wiki", state="exited", exit_code=1, log=log)
    known_facts = replace(facts(wiki=wiki), stack=replace(STACK, services=services))
    assert sentence(known_facts) == (
        "db refuses the password of wiki (its DATABASE_URL is not POSTGRES_PASSWORD of db): "
        'FATAL: password authentication failed for user "wiki"'
    )


def test_a_password_that_is_newer_than_the_volume() -> None:
    services = {
        **STACK.services,
        "wiki": replace(STACK.services["wiki"], environment={"PGPASSWORD": "two"}),
        "db": Service(name="db", environment={"POSTGRES_PASSWORD": "two"}),
    }
    log = ('FATAL: password authentication failed for user "wiki"',)
    wiki = running("wiki", state="exited", exit_code=1, log=log)
    changed = replace(facts(wiki=wiki), stack=replace(STACK, services=services))
    diagnosis = known(find(changed))
    assert "which may keep the one of its first start" in diagnosis.sentence
    assert diagnosis.command.startswith("docker compose exec -T db sh -c 'echo \"ALTER ROLE")
    assert diagnosis.command.endswith("&& docker compose up -d db wiki")
    assert "two" not in diagnosis.command
    other = {**services, "db": Service(name="db", environment={"MARIADB_PASSWORD": "two"})}
    assert known(find(replace(changed, stack=replace(STACK, services=other)))).hint == (
        "give db and wiki the password of its first start again, then: docker compose up -d db wiki"
    )


def test_a_password_that_a_test_got_wrong_on_purpose() -> None:
    log = ('FATAL: password authentication failed for user "wiki"',)
    assert find(facts(db=running("db", log=log)), refused(404)) is None


# Certificates, ports, redirects


def certificate(**changes: object) -> Certificate:
    shown = Certificate(
        host=HOST,
        names=("*.home.lan",),
        not_before=NOW - 90 * 24 * HOUR,
        not_after=NOW - 20 * HOUR,
        issuer="home CA",
        why="certificate has expired",
        file="certs/home.pem",
        file_not_after=NOW - 20 * HOUR,
    )
    return replace(shown, **changes)


EXPIRED = Failure(services=("wiki",), text="CERTIFICATE_VERIFY_FAILED: certificate has expired")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "the certificate of *.home.lan ended yesterday (certs/home.pem)"),
        (
            {"not_after": NOW - 72 * HOUR, "file": ""},
            "the certificate of *.home.lan ended on 2026-11-26",
        ),
        (
            {"file_not_after": NOW + 72 * HOUR},
            (
                "the certificate of *.home.lan ended yesterday (certs/home.pem); door has not read the "
                "newer one that is in that file now"
            ),
        ),
        (
            {"not_after": NOW + HOUR, "not_before": NOW + HOUR / 2},
            "the certificate of *.home.lan is valid from 2026-11-29 03:30 UTC on (certs/home.pem)",
        ),
        (
            {"not_after": NOW + HOUR, "names": ("other.lan",)},
            "the certificate that door shows is for other.lan only (certs/home.pem)",
        ),
        (
            {"not_after": NOW + HOUR, "why": "unable to get local issuer certificate", "file": ""},
            (
                "the certificate that door shows is not trusted: unable to get local issuer certificate; "
                "it was issued by home CA"
            ),
        ),
        (
            {"not_after": NOW + HOUR, "why": "self-signed certificate"},
            "the certificate that door shows signed itself: no CA did (certs/home.pem)",
        ),
        (
            {
                "not_after": NOW + HOUR,
                "why": "self-signed certificate in certificate chain",
                "file": "",
            },
            (
                "the certificate that door shows is not trusted: self-signed certificate in "
                "certificate chain; it was issued by home CA"
            ),
        ),
    ],
)
def test_a_certificate_that_is_refused(changes: dict[str, object], expected: str) -> None:
    shown = replace(facts(), certificates={HOST: certificate(**changes)})
    assert sentence(shown, EXPIRED) == expected


@pytest.mark.parametrize(
    ("domain", "wanted"), [("home.lan", "*.home.lan"), ("lan", HOST), ("", HOST)]
)
def test_one_certificate_is_wanted_for_all_names_of_the_stack(domain: str, wanted: str) -> None:
    shown = certificate(not_after=NOW + HOUR, names=("other.lan",))
    stack = replace(STACK, domain=domain)
    diagnosis = known(find(replace(facts(), stack=stack, certificates={HOST: shown}), EXPIRED))
    assert diagnosis.before == f"make one for {wanted}"


def test_a_certificate_that_is_good_or_that_the_test_is_not_about() -> None:
    assert find(replace(facts(), certificates={HOST: certificate(why="")}), EXPIRED) is None
    assert find(replace(facts(), certificates={HOST: certificate()})) is None


def test_a_port_that_a_program_has() -> None:
    error = (
        "driver failed programming external connectivity on endpoint home-door-1: listen tcp4 "
        "0.0.0.0:443: bind: address already in use"
    )
    door = running("door", state="created", error=error)
    holder = PortHolder(name="nginx (pid 812, nginx.service)", command="sudo systemctl stop nginx")
    failure = Failure(services=("door",), is_start=True)
    assert sentence(
        replace(facts(door=door), holders={HostPort(number=443, protocol="tcp"): holder}),
        failure,
    ) == ("port 443 belongs to nginx (pid 812, nginx.service); door wants it")
    assert sentence(facts(door=door), failure) == (
        "door wants port 443, which a program on this machine has"
    )


LOOP = tuple(Answered(status=301, url=f"https://{HOST}/") for _ in range(20))


def test_a_page_that_is_redirected_to_itself() -> None:
    failure = Failure(
        services=("wiki",), text="httpx.TooManyRedirects: Exceeded 20 redirects", answers=LOOP
    )
    assert sentence(facts(), failure) == (
        f"https://{HOST}/ is redirected in a circle: 20 answers 301; wiki answers there ({WHERE})"
    )


def test_redirects_that_lead_somewhere() -> None:
    assert find(facts(), Failure(services=("wiki",), text="assert 1 == 2", answers=LOOP)) is None
