"""A CA that the front door makes at its first start, and keeps to itself, is trusted by a run."""

import os
from pathlib import Path

import pytest

from tests.support.nested_pytest import ADDOPTS

pytestmark = [pytest.mark.real_docker, pytest.mark.case("field/b29")]

COMPOSE = f"""
name: t-made-ca-{os.getpid()}
services:
  door:
    image: stacktest/caddy:2.6.2
    ports: ["127.0.0.1::8443"]
    environment: {{XDG_DATA_HOME: /data, XDG_CONFIG_HOME: /config}}
    tmpfs: ["/data:mode=1777", "/config:mode=1777"]
    volumes: ["./Caddyfile:/etc/caddy/Caddyfile:ro"]
"""
CADDYFILE = """
{
	local_certs
	http_port 8080
	https_port 8443
	admin off
}
app.home.lan {
	respond "the door is well" 200
}
"""
TOML = """
[stack]
domain = "home.lan"
front_door = "door"
routes = ["Caddyfile"]
suites = ["suites"]
"""
CA = 'ca = "door:/data/caddy/pki/authorities/local/root.crt"\n'
SUITE = """
import pytest

pytestmark = pytest.mark.service("door")


def test_a_client(api):
    answer = api("app.home.lan").get("/")
    assert answer.status_code == 200
    assert answer.text == "the door is well"
"""


@pytest.fixture
def stack(pytester: pytest.Pytester) -> Path:
    """A stack that is not up, and whose configuration names no CA."""
    suite = pytester.path / "suites" / "phase0" / "test_door.py"
    suite.parent.mkdir(parents=True)
    suite.write_text(SUITE)
    (pytester.path / "compose.yaml").write_text(COMPOSE)
    (pytester.path / "Caddyfile").write_text(CADDYFILE)
    (pytester.path / "stacktest.toml").write_text(TOML)
    pytester.makeini(f"[pytest]\n{ADDOPTS}\n")
    return pytester.path


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one process", "two workers"])
def test_a_ca_in_a_container_is_trusted(
    stack: Path, pytester: pytest.Pytester, workers: tuple[str, ...]
) -> None:
    (stack / "stacktest.toml").write_text(TOML + CA)
    done = pytester.runpytest_subprocess(*workers, timeout=120)
    done.assert_outcomes(passed=1)
    done.stdout.fnmatch_lines(["credited  door"])


def test_without_it_the_certificate_is_refused(stack: Path, pytester: pytest.Pytester) -> None:
    done = pytester.runpytest_subprocess(timeout=120)
    assert done.ret != 0
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*certificate verify failed*"])
