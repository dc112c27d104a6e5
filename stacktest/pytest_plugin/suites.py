"""The suites of the stack that a run tests, found once for each run."""

import os
from pathlib import Path

import pytest

from stacktest import config as configuration
from stacktest.adapters.suites import Suites, locate_suites
from stacktest.errors import UsageError


def find_suites(config: pytest.Config) -> Suites | None:
    """The suites of the stack that this run tests; None if there is no stack."""
    if _SUITES not in config.stash:
        config.stash[_SUITES] = _locate(config)
    return config.stash[_SUITES]


def suites_of(config: pytest.Config) -> Suites:
    """The suites of the stack, or pytest's rootdir if there is no stack."""
    return find_suites(config) or locate_suites(config.rootpath, (), pointer=config.rootpath)


# Private

_SUITES: pytest.StashKey[Suites | None] = pytest.StashKey()


def _locate(config: pytest.Config) -> Suites | None:
    here, rootdir = Path.cwd(), config.rootpath
    option = str(config.getoption("--stack"))
    try:
        root = configuration.find_stack(
            option=option, environ=os.environ, folder=here, rootdir=rootdir
        )
        if root is None:
            return None
        section = configuration.load(root, environ=os.environ).stack
        pointer = configuration.pointing_folder(root, folder=here, rootdir=rootdir)
        return locate_suites(root, section.suites, pointer=pointer)
    except UsageError:
        # The code that brings the stack up reports the error of the configuration.
        return locate_suites(rootdir, (), pointer=rootdir)
