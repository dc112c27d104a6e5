"""What Compose and the engine refuse is one sentence with the line of the file, and what to do."""

import pytest

from stacktest.core.changed_copy import replace
from stacktest.core.diagnosis.facts import Facts, Failure, SourceLine
from stacktest.core.diagnosis.known_start_errors import CREATION, START
from stacktest.core.model import Mount, Service
from tests.support.diagnosed import STACK, facts, find, running, sentence
from tests.support.known import known

UP = "docker compose up -d wiki"
LINES = {
    "services.wiki.image": "    image: team/wiki:7",
    "services.wiki.volumes.0": "      - ./data:/data",
    "networks.edge": "  edge: {external: true, name: edge-net}",
}
WIKI = Service(
    name="wiki",
    image="team/wiki:7",
    networks=("edge",),
    mounts=(Mount(kind="bind", source="/home/data", target="/data"),),
)


def known_stack() -> Facts:
    """The stack with the lines of its file."""
    stack = replace(
        STACK,
        services={**STACK.services, "wiki": WIKI},
        definitions={"networks": {"edge": {"name": "edge-net", "external": True}}},
    )
    lines = {
        key: SourceLine(where=f"compose.yaml:{n}", path="compose.yaml", number=n, text=text)
        for n, (key, text) in enumerate(LINES.items(), start=4)
    }
    return replace(facts(), stack=stack, lines=lines)


@pytest.mark.parametrize(
    ("refusal", "expected", "hint"),
    [
        (
            "manifest for team/wiki:7 not found: manifest unknown",
            "wiki has an image that is not here and cannot be pulled: team/wiki:7 (compose.yaml:4)",
            f"correct the image, or build it (compose.yaml:4), then: {UP}",
        ),
        (
            "invalid mount config: bind source path does not exist: /home/data",
            "wiki mounts /home/data, which does not exist (compose.yaml:5)",
            f"create /home/data, or correct the mount in services.wiki (compose.yaml:5), then: {UP}",
        ),
        (
            "failed to solve: failed to read dockerfile: open /tmp/x/Nope: no such file or directory",
            "wiki cannot be built: its Dockerfile Nope does not exist",
            "write Nope, or correct services.wiki.build.dockerfile, then: docker compose build wiki",
        ),
        (
            "network edge-net declared as external, but could not be found",
            "wiki needs the external network edge-net, which does not exist (compose.yaml:6)",
            "docker network create edge-net",
        ),
        (
            "conflicting options: port exposing and the container type network mode",
            "wiki exposes a port, which the engine refuses in the network of another container",
            f"remove services.wiki.expose and .ports, then: {UP}",
        ),
    ],
)
def test_what_compose_refuses(refusal: str, expected: str, hint: str) -> None:
    failure = Failure(services=("wiki",), is_start=True, refusal=refusal)
    diagnosis = known(find(known_stack(), failure))
    assert (diagnosis.sentence, diagnosis.hint) == (expected, hint)


@pytest.mark.parametrize("policy", ["always", "daily", "every_12h"])
def test_an_image_that_is_pulled_at_every_start_may_be_here(policy: str) -> None:
    stack = known_stack()
    wiki = replace(WIKI, definition={"pull_policy": policy})
    stack = replace(stack, stack=replace(stack.stack, services={**STACK.services, "wiki": wiki}))
    refusal = 'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io'
    failure = Failure(services=("wiki",), is_start=True, refusal=refusal)
    assert sentence(stack, failure) == (
        "wiki has an image that cannot be pulled, and has to be at every start "
        f"({policy}): team/wiki:7 (compose.yaml:4)"
    )


@pytest.mark.parametrize(
    "error",
    [
        "userland proxy: listen tcp4 10.9.9.9:443: bind: cannot assign requested address",
        "failed to bind host port for 10.9.9.9:443:172.17.0.2:80/tcp: cannot assign requested address",
    ],
)
def test_a_port_at_an_address_that_the_machine_does_not_have(error: str) -> None:
    wiki = running("wiki", state="created", error=error)
    diagnosis = known(
        find(
            replace(known_stack(), services={"wiki": wiki}),
            Failure(services=("wiki",), is_start=True),
        )
    )
    assert diagnosis.sentence == (
        "wiki publishes port 443 at 10.9.9.9, which this machine does not have"
    )
    assert diagnosis.hint == f"correct the address in services.wiki.ports, then: {UP}"


def test_an_image_that_is_here_for_another_machine() -> None:
    stack = known_stack()
    wiki = replace(WIKI, definition={"platform": "linux/arm64"})
    stack = replace(stack, stack=replace(stack.stack, services={**STACK.services, "wiki": wiki}))
    failure = Failure(services=("wiki",), is_start=True, refusal="no such image")
    assert sentence(stack, failure) == (
        "wiki has an image that is not here and cannot be pulled: team/wiki:7 for linux/arm64 "
        "(compose.yaml:4)"
    )


def test_a_file_that_is_no_program_is_made_executable() -> None:
    error = 'OCI runtime create failed: exec: "/start.sh": permission denied: unknown'
    wiki = running("wiki", state="created", error=error)
    known_facts = replace(known_stack(), services={"wiki": wiki})
    diagnosis = known(find(known_facts, Failure(services=("wiki",), is_start=True)))
    assert diagnosis.sentence == "wiki has a command that cannot be run: /start.sh"
    assert diagnosis.before == (
        "make /start.sh executable (chmod +x), or correct command or entrypoint in services.wiki"
    )


def test_words_of_a_test_are_no_refusal() -> None:
    text = "httpx.ConnectError: lookup wiki: no such image; network x not found"
    assert find(known_stack(), Failure(services=("wiki",), text=text)) is None
    assert find(known_stack(), Failure(services=("wiki",), refusal="something new")) is None


def test_a_network_that_was_removed_while_the_container_was_stopped() -> None:
    error = f"network {'0a1b2c3d4e5f' * 5}beef not found"
    wiki = running("wiki", state="exited", exit_code=137, error=error)
    failure = Failure(services=("wiki",), is_start=True)
    diagnosis = known(find(facts(wiki=wiki), failure))
    assert diagnosis.sentence == "wiki is tied to a network that is gone: 0a1b2c3d4e5f"
    assert diagnosis.command == "docker compose up -d --force-recreate wiki"


def test_every_command_can_be_pasted() -> None:
    programs = ("docker ", "ss ", "stacktest ")
    for cause in (*CREATION, *START):
        assert cause.command.startswith(programs)
        assert ", " not in cause.command
        assert " or " not in cause.command


def test_a_container_that_is_on_no_network_any_more() -> None:
    wiki = running("wiki", networks={})
    assert sentence(replace(known_stack(), services={"wiki": wiki})) == (
        "wiki is on no network any more; its definition has edge"
    )
    shared = running("wiki", networks={}, network_container="vpn0123456789")
    assert find(replace(known_stack(), services={"wiki": shared})) is None


def test_a_front_door_that_ended_for_a_service_without_a_network() -> None:
    log = ('nginx: [emerg] host not found in upstream "wiki" in /etc/nginx/conf.d/apps.conf:9',)
    services = {
        "door": running("door", state="exited", exit_code=1, log=log),
        "wiki": running("wiki", networks={}),
    }
    failure = Failure(services=("door",), is_start=True)
    diagnosis = known(find(replace(known_stack(), services=services), failure))
    assert diagnosis.service == "wiki"
    assert diagnosis.sentence.startswith("wiki is on no network any more")
    assert diagnosis.command.endswith("--no-deps wiki && docker compose up -d door")


def test_variables_that_were_edited_and_not_applied() -> None:
    lines = {
        "services.wiki.environment.COLOUR": SourceLine(
            where="compose.yaml:6", path="compose.yaml", number=6, text="      COLOUR: blue"
        )
    }
    edited = replace(facts(wiki=running("wiki", edited=("COLOUR", "SIZE"))), lines=lines)
    diagnosis = known(find(edited))
    assert diagnosis.sentence == (
        "wiki was not started again since COLOUR, SIZE changed (compose.yaml:6): its container has "
        "the value of before"
    )
    assert diagnosis.command == "docker compose up -d wiki"


def test_an_edit_is_named_only_where_nothing_else_explains_the_failure() -> None:
    log = ("KeyError: 'DATABASE'",)
    wiki = running("wiki", state="exited", exit_code=1, log=log, edited=("COLOUR",))
    assert sentence(facts(wiki=wiki)) == "wiki exited 1: KeyError: 'DATABASE'"
