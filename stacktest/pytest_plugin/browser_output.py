"""Sets pytest-playwright's options: which files of failing tests it keeps, and where."""

import pytest

from stacktest.application.evidence_folder import FOLDER

OWN_OUTPUT: pytest.StashKey[bool] = pytest.StashKey()
"""Set if a test's trace and screenshot go into its evidence: `--output` names no other place."""


def page_options(config: pytest.Config, run_id: str, worker: str) -> None:
    """Ask pytest-playwright for a trace and a screenshot of failing tests.

    They go into the evidence of the test (`output_path`). Each worker has an `--output` of its own,
    since pytest-playwright empties the folder that it is given. Options that the user gave on the
    command line win.
    """
    option = config.option
    if getattr(option, "tracing", None) == "off":
        option.tracing = "retain-on-failure"
    if getattr(option, "screenshot", None) == "off":
        option.screenshot = "only-on-failure"
    if getattr(option, "output", None) == "test-results":
        option.output = str(config.rootpath / FOLDER / run_id / "pages" / worker)
        config.stash[OWN_OUTPUT] = True
