"""What pytest-playwright is asked to keep of failing tests, and where."""

import pytest

from stacktest.application.evidence_folder import FOLDER

OWN_OUTPUT: pytest.StashKey[bool] = pytest.StashKey()
"""Set where trace and screenshot of a test go into its evidence, and nobody chose another place."""


def page_options(config: pytest.Config, run_id: str, worker: str) -> None:
    """Ask pytest-playwright for a trace and a screenshot of failing tests.

    They go into the evidence of the test (`output_path`). Each worker has an `--output` of its own,
    since pytest-playwright empties the one that it is given. What the user asked for on the command
    line wins.
    """
    option = config.option
    if getattr(option, "tracing", None) == "off":
        option.tracing = "retain-on-failure"
    if getattr(option, "screenshot", None) == "off":
        option.screenshot = "only-on-failure"
    if getattr(option, "output", None) == "test-results":
        option.output = str(config.rootpath / FOLDER / run_id / "pages" / worker)
        config.stash[OWN_OUTPUT] = True
