"""The short form of the faults, on a real copy of the stack."""

import pytest

from tests.faults.__main__ import SHORT, main


@pytest.mark.real_docker
def test_seeded_faults_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--short"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"{len(SHORT)} of {len(SHORT)} faults found"
