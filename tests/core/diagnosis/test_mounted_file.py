"""The line of a configuration file that a program names by the path that it has in its container."""

import datetime as dt

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.diagnosis.facts import Failure, MountFacts
from stacktest.core.diagnosis.mounted_file import place_in
from tests.support.diagnosed import NOW, facts, find, running
from tests.support.known import known

MOUNTS = (
    MountFacts(source="conf.d", target="/etc/nginx/conf.d", kind="folder"),
    MountFacts(source="app.ini", target="/etc/app.ini", kind="file"),
    MountFacts(source="data", target="/data", kind="volume"),
)


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("unknown directive in /etc/nginx/conf.d/apps.conf:5", "conf.d/apps.conf:5"),
        ("/etc/app.ini:12: expected =", "app.ini:12"),
        ("cannot read /data/x.conf:3", ""),
        ("unknown directive in /etc/nginx/nginx.conf:5", ""),
        ("http://etc/app.ini:80 refused", ""),
        ("/etc/app.ini has no section", ""),
    ],
)
def test_the_place_on_this_machine(line: str, place: str) -> None:
    assert place_in(running("wiki", mounts=MOUNTS), line) == place


def test_a_program_that_ends_for_a_line_of_its_configuration() -> None:
    log = ('nginx: [emerg] unknown directive "proxy_pas" in /etc/nginx/conf.d/apps.conf:5',)
    door = running("door", state="restarting", exit_code=1, restarts=4, log=log, mounts=MOUNTS)
    diagnosis = known(find(facts(door=door), Failure(services=("door",), is_start=True)))
    assert diagnosis.sentence.startswith("door exited 1 and was restarted 4 times: ")
    assert diagnosis.sentence.endswith("(conf.d/apps.conf:5)")
    assert diagnosis.hint == (
        "correct conf.d/apps.conf:5, then: docker compose up -d --force-recreate door"
    )


def test_a_program_that_was_just_restarted_once_more_is_in_the_same_loop() -> None:
    log = ('nginx: [emerg] unknown directive "proxy_pas" in /etc/nginx/conf.d/apps.conf:5',)
    door = running("door", started=NOW, restarts=4, log=log, mounts=MOUNTS)
    start = Failure(services=("door",), is_start=True)
    assert known(find(facts(door=door), start)).sentence.startswith(
        "door exited and was restarted 4 times: "
    )
    old = replace(door, started=NOW - dt.timedelta(hours=1))
    assert find(facts(door=old), start) is None
    assert find(facts(door=door), Failure(services=("door",))) is None
