"""A whole run on a stack that nobody reaches by name: two services on ports of this machine."""

import os
import shutil
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real_docker

LOOPBACK = Path(__file__).parents[1] / "stacks" / "loopback"
SUITE = """
import pytest
import redis


@pytest.mark.service("host")
def test_its_health(api):
    assert api("host").get("/health").text == "ok\\n"


@pytest.mark.service("host")
def test_relative_addresses_lead_to_it(base_url, api):
    assert base_url == str(api("host").base_url)


@pytest.mark.service("redis")
def test_it_answers_at_its_published_port(stack, answered):
    ((host, port),) = stack.names.addresses("redis").values()
    with redis.Redis(host=host, port=port) as client:
        assert client.ping()
    answered("redis")
"""


@pytest.mark.case("field/c29")
def test_a_stack_without_any_host_name(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOOPBACK_PROJECT", f"t-loopback-{os.getpid()}")
    shutil.copytree(LOOPBACK, pytester.path, dirs_exist_ok=True)
    command = [str(Path(sys.executable).with_name("stacktest"))]
    assert pytester.run(*command, "init").ret == 0
    names = pytester.run(*command, "names")
    names.stdout.re_match_lines([r"127\.0\.0\.1:\?  host:8080 +published  services\.host\.ports"])
    shutil.rmtree(pytester.path / "suites")
    suites = pytester.mkdir("suites")
    (suites / "test_loopback.py").write_text(SUITE)
    plan = pytester.run(*command, "plan")
    assert plan.ret == 0
    plan.stdout.fnmatch_lines(["*3 tests · 2 services planned"])
    assert pytester.run(*command, "check").ret == 0
    ran = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly", timeout=120)
    # One of the tests touches nothing, which costs only that service its pass.
    ran.assert_outcomes(passed=3)
    ran.stdout.fnmatch_lines(["credited  redis", "*never touched*"])
    (suites / "test_loopback.py").write_text(
        SUITE.replace("assert base_url", "api('host').get('/')\n    assert base_url")
    )
    ran = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:randomly", timeout=120)
    ran.stdout.fnmatch_lines(["credited  host, redis"])
