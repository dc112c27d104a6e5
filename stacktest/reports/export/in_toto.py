"""A pass as an in-toto statement: these images passed these tests, in this configuration.

The statement is not signed here; the user can sign it (`cosign attest --predicate` takes the
predicate, `in-toto-sign` the whole statement).
"""

from collections.abc import Sequence

from stacktest.core.json_data import Json
from stacktest.core.records.documents import HistoryLine, LastPass
from stacktest.core.unknown import Unknown

STATEMENT = "https://in-toto.io/Statement/v1"
TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
_HEX = 64


def statement(
    record: LastPass, history: Sequence[HistoryLine], image: str
) -> dict[str, Json] | Unknown:
    """The statement about the images that ran during a pass; Unknown if no digest is recorded.

    `image` is the reference in the compose file; `history` contains the tests that passed.
    """
    digests = sorted({_sha256(container.image) for container in record.live} - {""})
    if not digests:
        return Unknown(f"the pass of {record.service} names no image digest")
    return {
        "_type": STATEMENT,
        "subject": [{"name": image, "digest": {"sha256": digest}} for digest in digests],
        "predicateType": TEST_RESULT,
        "predicate": {
            "result": "PASSED",
            "configuration": _configuration(record),
            "passedTests": _tests(record, history, "."),
            "warnedTests": _tests(record, history, "~"),
            "failedTests": [],
        },
    }


# Private


def _sha256(image: str) -> str:
    """The 64 digits of `sha256:…`, or empty."""
    digest = image.rpartition("sha256:")[2]
    is_hex = len(digest) == _HEX and set(digest) <= set("0123456789abcdef")
    return digest if is_hex else ""


def _configuration(record: LastPass) -> list[dict[str, Json]]:
    """The other things that the result depends on: commit, fingerprint, and the tests' code."""
    subjects: list[dict[str, Json]] = []
    if record.run.git_commit:
        subjects.append({"name": "repository", "digest": {"gitCommit": record.run.git_commit}})
    if record.fingerprint.digest:
        print_of = {"stacktestFingerprint": record.fingerprint.digest}
        subjects.append({"name": record.service, "digest": print_of})
    subjects.append({"name": "tests", "digest": {"stacktestTests": record.tests.digest}})
    return subjects


def _tests(record: LastPass, history: Sequence[HistoryLine], letter: str) -> list[str]:
    return sorted(
        nodeid
        for line in history
        if line.run == record.run.id and line.service == record.service
        for nodeid, result in line.tests.items()
        if result == letter
    )
