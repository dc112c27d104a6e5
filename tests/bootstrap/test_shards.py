"""What joins shards says where it finds none, and which run of CI a shard belongs to."""

from pathlib import Path

import pytest

from stacktest.bootstrap.shards import group_of_run, join_shards
from stacktest.core.shards.faults import Checkout
from stacktest.errors import EvidenceError, UsageError

HERE = Checkout(stack="shop", services=frozenset(), commit=None, repo={}, last_runs={})


def test_a_folder_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere does not exist"):
        join_shards([tmp_path / "nowhere"], HERE)


def test_a_folder_without_records_is_no_evidence(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="no shard left a record there"):
        join_shards([tmp_path], HERE)


@pytest.mark.parametrize(
    ("environ", "group"),
    [
        ({"GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "2"}, "7"),
        ({"CI_PIPELINE_ID": "8"}, "8"),
        ({"CI_PIPELINE_ID": "8", "STACKTEST_SHARD_RUN": "mine"}, "mine"),
        ({}, ""),
    ],
)
def test_the_jobs_of_one_run_of_ci_know_each_other(environ: dict[str, str], group: str) -> None:
    assert group_of_run(environ) == group
