"""A run tells its channels what changed, once; it never fails over somebody who cannot be told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.fake_stack import Shop
from tests.support.listener import Listener, listening

pytestmark = pytest.mark.processes

CHANNELS = """
[[notify]]
kind      = "webhook"
url_env   = "HOOK"
token_env = "HOOK_TOKEN"

[[notify]]
kind    = "healthchecks"
url_env = "DEAD_MAN"
"""
TOKEN = "tk-canary-91ad"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    with listening() as listener:
        monkeypatch.setenv("HOOK", f"{listener.url}/hook")
        monkeypatch.setenv("HOOK_TOKEN", TOKEN)
        monkeypatch.setenv("DEAD_MAN", f"{listener.url}/uuid")
        yield listener


@pytest.fixture
def told(shop: Shop, server: Listener) -> Shop:
    """Two services, both of which pass; the channels are told of it."""
    (shop.path / "stacktest.toml").write_text(CHANNELS)
    tell(shop, {"redis": {}, "loki": {}})
    shop.about("phase4_data", "redis", "loki")
    return shop


def tell(shop: Shop, services: dict[str, Any]) -> None:
    shop.story(services=services, running=[*services])


def hooked(server: Listener) -> list[dict[str, Any]]:
    return [json.loads(body) for line, _, body in server.asked if line == "POST /hook"]


def run(shop: Shop, server: Listener, *arguments: str) -> tuple[pytest.RunResult, list[str]]:
    """The exit code, and what was asked meanwhile."""
    server.asked.clear()
    done = shop.run(*arguments)
    return done, [line.removeprefix("POST ") for line in server.lines]


def test_a_run_tells_what_works_once_and_pings_each_time(told: Shop, server: Listener) -> None:
    done, asked = run(told, server)
    assert (int(done.ret), asked) == (0, ["/uuid/start", "/hook", "/uuid"])
    (said,) = hooked(server)
    assert said["title"] == "shop: 2 services work"
    assert [one["service"] for one in said["changes"]] == ["loki", "redis"]
    assert "notify" not in done.stdout.str()
    done, asked = run(told, server)
    assert (int(done.ret), asked) == (0, ["/uuid/start", "/uuid"])


def test_what_breaks_is_told_once_with_the_reason(told: Shop, server: Listener) -> None:
    run(told, server)
    told.about("phase4_data", "loki", body="assert 6 * 7 == 54")
    done, asked = run(told, server)
    assert (int(done.ret), asked) == (1, ["/uuid/start", "/hook", "/uuid/fail"])
    (said,) = hooked(server)
    assert (said["title"], said["gate"]) == ("shop: 1 service broken", "closed")
    assert said["changes"][0]["reasons"] == [
        "test:suites/phase4_data/test_loki.py::test_it_answers"
    ]
    assert run(told, server)[1] == ["/uuid/start", "/uuid/fail"]
    told.about("phase4_data", "loki")
    run(told, server)
    assert hooked(server)[0]["title"] == "shop: 1 service works"


def test_who_refuses_costs_one_line_and_is_told_by_the_next_run(
    told: Shop, server: Listener
) -> None:
    server.answers["/hook"] = (403, "")
    done, _ = run(told, server)
    assert int(done.ret) == 0
    lines = [line for line in done.outlines if line.startswith("notify")]
    assert lines == ["notify   webhook (HOOK): answered 403"]
    server.answers.clear()
    assert run(told, server)[1] == ["/uuid/start", "/hook", "/uuid"]
    assert hooked(server)[0]["title"] == "shop: 2 services work"


def test_a_stack_that_does_not_come_up_is_told_once_and_so_is_its_end(
    told: Shop, server: Listener
) -> None:
    run(told, server)
    story = {"redis": {"fails": "exited with 1"}, "loki": {"needs": ["redis"]}}
    told.story(services=story, running=[])
    done, asked = run(told, server)
    assert (int(done.ret), asked) == (10, ["/uuid/start", "/hook", "/uuid/fail"])
    assert hooked(server)[0]["trouble"] == "redis exited with 1"
    assert run(told, server)[1] == ["/uuid/start", "/uuid/fail"]
    tell(told, {"redis": {}, "loki": {}})
    run(told, server)
    assert [said["title"] for said in hooked(server)] == ["shop: the stack came up again"]


def test_nothing_is_told_by_a_dry_run(told: Shop, server: Listener) -> None:
    assert run(told, server, "--stack-dry-run")[1] == []


def test_workers_tell_nothing_of_their_own(told: Shop, server: Listener) -> None:
    assert run(told, server, "-n2")[1] == ["/uuid/start", "/hook", "/uuid"]


def test_no_secret_is_shown_or_kept(told: Shop, server: Listener) -> None:
    server.answers["/"] = (401, "")
    done, _ = run(told, server, "-v", "--log-level=DEBUG", "--log-file=run.log")
    server.answers.clear()
    run(told, server)
    files = [f for f in told.path.rglob("*") if f.is_file() and "__pycache__" not in f.parts]
    assert len(files) > 5
    kept = "\n".join(file.read_text(errors="replace") for file in files)
    for secret in (TOKEN, "/hook", "/uuid"):
        assert secret not in done.stdout.str() + done.stderr.str()
        assert secret not in kept


@pytest.mark.parametrize(
    ("needs", "text", "exit_code", "cause"),
    [
        (["loki"], "", 4, "dependency cycle: loki -> redis -> loki"),
        ([], "import nonexisting\n", 2, "suites/phase4_data/test_new.py:1 cannot be collected"),
    ],
    ids=["dependency cycle", "no such module"],
)
@pytest.mark.parametrize("workers", [(), ("-n1",)], ids=["alone", "xdist"])
def test_a_run_that_cannot_begin_is_told_once_and_so_is_its_end(  # noqa: PLR0917
    told: Shop,
    server: Listener,
    needs: list[str],
    text: str,
    exit_code: int,
    cause: str,
    workers: tuple[str, ...],
) -> None:
    run(told, server)
    tell(told, {"redis": {"needs": needs}, "loki": {"needs": ["redis"]}})
    broken = told.path / "suites/phase4_data/test_new.py"
    broken.write_text(text)
    assert run(told, server, "--stack-dry-run")[1] == []
    done, asked = run(told, server, *workers)
    assert asked == ["/uuid/start", "/hook", "/uuid/fail"]
    assert workers or int(done.ret) == exit_code
    (news,) = hooked(server)
    assert news["title"] == "shop: the run could not begin"
    assert news["trouble"].startswith("the run could not begin: ")
    assert cause in news["trouble"]
    assert run(told, server)[1] == ["/uuid/start", "/uuid/fail"]
    broken.unlink()
    tell(told, {"redis": {}, "loki": {}})
    run(told, server)
    assert [said["title"] for said in hooked(server)] == ["shop: runs begin again"]
