"""Input that cannot work gives one clear error, the documented exit code, and leaves nothing."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real_docker

USAGE, NOT_READY = 4, 10


def append(root: Path, text: str) -> None:
    compose = root / "docker-compose.yml"
    compose.write_text(compose.read_text() + text)


def configured(root: Path, text: str) -> None:
    (root / "stacktest.toml").write_text(text)


CASES: dict[str, tuple[Callable[[Path], Any], int, str]] = {
    "no compose file": (lambda root: (root / "docker-compose.yml").unlink(), USAGE, "compose file"),
    "broken YAML": (lambda root: append(root, "  gamma: [\n"), USAGE, "docker-compose.yml"),
    "unset variable": (
        lambda root: append(root, '  gamma: {image: "${NOT_SET:?say which}"}\n'),
        USAGE,
        "NOT_SET",
    ),
    "missing env_file": (
        lambda root: append(root, "  gamma: {image: x, env_file: [gone.env]}\n"),
        USAGE,
        "gone.env",
    ),
    "missing CA": (
        lambda root: configured(root, '[stack]\nca = "certs/gone.crt"\n'),
        USAGE,
        "gone.crt",
    ),
    "a CA that is none": (
        lambda root: configured(root, '[stack]\nca = "docker-compose.yml"\n'),
        USAGE,
        "holds no certificate",
    ),
    "broken configuration": (lambda root: configured(root, "[stack\n"), USAGE, "not valid TOML"),
    "unknown key": (lambda root: configured(root, "[stack]\ndomian = 'x'\n"), USAGE, "domian"),
    "unknown front door": (
        lambda root: configured(root, '[stack]\nfront_door = "aplha"\n'),
        USAGE,
        "did you mean 'alpha'",
    ),
    "missing routes": (
        lambda root: configured(root, '[stack]\nroutes = ["Caddyfile"]\n'),
        USAGE,
        "Caddyfile",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_one_error_and_nothing_left(pair: Any, case: str) -> None:
    break_it, code, named = CASES[case]
    break_it(pair.root)
    done = pair.run()
    said = done.stdout.str() + done.stderr.str()
    assert done.ret == code
    # pytest's own word for it, in capitals, and nothing more.
    assert said.lower().count("error: ") == 1
    assert named in said
    assert "Traceback" not in said
    assert not (pair.root / "data").exists()
    assert not (pair.root / "docs").exists()


def test_no_engine(pair: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{pair.root}/no.sock")
    done = pair.run()
    assert done.ret == NOT_READY
    done.stdout.fnmatch_lines(["error: *engine*", "*no.sock*", "*hint: *"])
    # A stack that did not come up is evidence: both services are recorded as not up.
    for service in ("alpha", "beta"):
        assert "does not answer" in pair.document(service, "last_run.json")["start"]["cause"]
        assert pair.document(service, "last_pass.json") is None


def test_a_container_that_somebody_stopped(pair: Any) -> None:
    beta = f"{pair.project}-beta-1"
    subprocess.run(["docker", "stop", "-t", "1", beta], check=True)
    try:
        done = pair.run()
    finally:
        subprocess.run(["docker", "start", beta], check=True)
    # It costs beta alone: alpha is tested.
    assert done.ret == 1
    done.assert_outcomes(passed=2, errors=1)
    done.stdout.fnmatch_lines(
        [
            "error: beta has a stopped container that stacktest did not create",
            f"  at: container {beta} (exited *)",
            "  last lines of beta:",
            "    | * Ready to accept connections*",
            "  hint: docker compose * start beta",
        ]
    )
    assert pair.verdict("beta") == "failed"


def test_another_run_holds_the_stack(pair: Any) -> None:
    from stacktest.adapters.ledger.run_lock import RunLock

    with RunLock(pair.root, command="pytest -m phase5", since="2026-01-06"):
        done = pair.run()
    assert done.ret == NOT_READY
    done.stdout.fnmatch_lines(["error: another run uses this stack: pid * (pytest -m phase5)*"])


def test_without_a_stack_nothing_changes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it():\n    assert 1\n")
    done = pytester.runpytest_subprocess("-p", "no:randomly")
    done.assert_outcomes(passed=1)
    assert "stacktest:" not in done.stdout.str()
    assert not (pytester.path / "data").exists()


def test_a_test_that_asks_for_a_stack_where_there_is_none(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(stack):\n    assert stack\n")
    done = pytester.runpytest_subprocess("-p", "no:randomly")
    assert done.ret == USAGE
    done.stderr.fnmatch_lines(["ERROR: no stack here", "*hint: add compose.yaml and: *"])
