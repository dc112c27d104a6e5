"""Runs one form of an example: prepare, pytest, `stacktest claims`, take down."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.example import Example
from examples.forms import Form

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class FormResult:
    """What the claims of one form turned out to be."""

    totals: str
    differences: tuple[str, ...]
    seconds: float
    log: Path


def run_form(example: Example, form: Form) -> FormResult:
    """Run its suites on containers and volumes of their own, and compare what they judged."""
    begun = time.monotonic()
    prepare(example)
    log = example.folder / "data" / form.name / "pytest.log"
    shutil.rmtree(log.parent, ignore_errors=True)
    log.parent.mkdir(parents=True)
    environment = {**os.environ, **form.environment(example)}
    _take_down(example, form, environment)
    try:
        _run_suites(example, environment, log)
        words = _words(example, environment)
    finally:
        _take_down(example, form, environment)
    expected = form.expected(example)
    differences = list(compare(expected, words))
    if form.is_as_documented:
        status = json.loads((example.folder / environment["STACKTEST_STATUS"]).read_text("utf-8"))
        differences += without_pass(status, may_skip=bool(form.unjudged))
    return FormResult(
        totals=total_line(expected, words),
        differences=tuple(differences),
        seconds=time.monotonic() - begun,
        log=log,
    )


def prepare(example: Example) -> None:
    """Make what the repository leaves out: `.env`, secrets, a certificate."""
    for source in sorted(example.folder.glob("*.example")):
        target = source.with_name(source.name.removesuffix(".example"))
        if target.exists():
            continue
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    if "ca" in example.config:
        subprocess.run(
            [ROOT / "scripts" / "certs", example.folder, example.config["domain"]], check=True
        )


def compare(expected: Mapping[str, str], words: Mapping[str, str]) -> list[str]:
    """Each claim that is judged otherwise than expected."""
    return [
        f"{id_} is {words.get(id_, 'unlisted')}, expected {expected.get(id_, 'unlisted')}"
        for id_ in {**expected, **words}
        if words.get(id_) != expected.get(id_)
    ]


def without_pass(status: Mapping[str, Any], *, may_skip: bool = False) -> list[str]:
    """Each service that has a test and is not functional; with `may_skip`, that is failing."""
    return [
        f"{name} is {entry['state']}: {'; '.join(entry['reasons'])}"
        for name, entry in status.items()
        if entry["tests"]["required"]
        and not entry["functional"]
        and (entry["state"] == "failing" or not may_skip)
    ]


def total_line(expected: Mapping[str, str], words: Mapping[str, str]) -> str:
    """`claims: 46 judged, 30 true, 16 false, as the facts say: 48 of 48`."""
    counts = Counter(words.values())
    same = sum(words.get(id_) == word for id_, word in expected.items())
    judged = counts["true"] + counts["false"]
    return (
        f"claims: {judged} judged, {counts['true']} true, {counts['false']} false, "
        f"as the facts say: {same} of {len(expected)}"
    )


# Private


def _run_suites(example: Example, environment: Mapping[str, str], log: Path) -> None:
    """Whatever it ends with: as found, tests fail."""
    argv = [sys.executable, "-m", "pytest", "suites", "-q", "-p", "no:cacheprovider"]
    with log.open("wb") as output:
        subprocess.run(
            argv, cwd=example.folder, env=environment, stdout=output, stderr=output, check=False
        )


def _words(example: Example, environment: Mapping[str, str]) -> dict[str, str]:
    argv = [sys.executable, "-m", "stacktest", "claims", "--json"]
    answer = subprocess.run(
        argv, cwd=example.folder, env=environment, stdout=subprocess.PIPE, check=True
    )
    return {item["id"]: item["result"] for item in json.loads(answer.stdout)["claims"]}


def _take_down(example: Example, form: Form, environment: Mapping[str, str]) -> None:
    """Remove the form's containers, networks and volumes: each run begins with nothing."""
    project = environment["STACKTEST_PROJECT_NAME"]
    files = [part for name in form.compose for part in ("--file", name)]
    argv = ["docker", "compose", "--progress", "quiet", *files, "--project-name", project]
    if folder := environment.get("STACKTEST_PROJECT_DIRECTORY"):
        argv += ["--project-directory", folder]
    argv += ["down", "--volumes", "--remove-orphans", "--timeout", "2"]
    done = subprocess.run(
        argv, cwd=example.folder, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{project} cannot be taken down:\n{done.stderr.strip()}")
