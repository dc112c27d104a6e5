"""Modules of the package are imported past pytest's rewriting of assertions; tests are not."""

import subprocess
import sys
from pathlib import Path

import pytest

TEST = """
import sys

from _pytest.assertion.rewrite import AssertionRewritingHook

import helper
from stacktest.application import judge

FIRST = {"stacktest", "stacktest.plugin", "stacktest.pytest_plugin", "stacktest.pytest_plugin.own_modules"}

def test_of_the_package_only_what_comes_first_is_rewritten():
    rewritten = {
        name
        for name, module in sys.modules.items()
        if name.partition(".")[0] == "stacktest" and isinstance(module.__loader__, AssertionRewritingHook)
    }
    assert "stacktest.application.judge" in sys.modules
    assert rewritten == FIRST
    assert isinstance(sys.modules[__name__].__loader__, AssertionRewritingHook)
    assert isinstance(helper.__loader__, AssertionRewritingHook)
"""


@pytest.mark.processes
def test_pytest_reads_the_source_of_no_module_of_the_package(pytester: pytest.Pytester) -> None:
    pytester.makeconftest("import pytest\n\npytest.register_assert_rewrite('helper')\n")
    pytester.makepyfile(helper="VALUE = 1\n", test_it=TEST)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


AFTERWARDS = """
import sys
import pytest

code = pytest.main(["-q", "-p", "no:cacheprovider"])
left = [finder for finder in sys.meta_path if str(getattr(finder, "__module__", "")).startswith("stacktest.")]
assert "stacktest.plugin" in sys.modules
assert not left, left
sys.exit(code)
"""


@pytest.mark.processes
def test_nothing_of_the_package_finds_modules_when_a_run_without_a_stack_has_ended(
    tmp_path: Path,
) -> None:
    (tmp_path / "test_it.py").write_text("def test_it(): assert int\n")
    subprocess.run([sys.executable, "-c", AFTERWARDS], cwd=tmp_path, check=True)
