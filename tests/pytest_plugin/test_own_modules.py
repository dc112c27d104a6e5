"""Modules of the package are imported past pytest's rewriting of assertions; tests are not."""

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
