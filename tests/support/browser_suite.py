"""The conftest of a suite whose stack is servers of this process, for browsers."""

CONFTEST = """
import json
import os
from pathlib import Path

import pytest

from stacktest.adapters.names import NameMap, Publication
from stacktest.config import Config
from stacktest.pytest_plugin.contacts import touched
from stacktest.core.model import Service, Stack
from stacktest.core.route import PathCondition, Route
from stacktest.pytest_plugin.followed_tests import RUNNING_TEST, follow_tests
from stacktest.pytest_plugin.stash import RUNNING
from stacktest.application.running_stack import RunningStack

GIVEN = json.loads(os.environ["GIVEN"])


class Silent:
    # An engine without a container.

    def containers(self, *_, **__):
        return ()

    happened = containers


@pytest.hookimpl(trylast=True)
def pytest_configure(config):
    config.pluginmanager.unregister(name="stacktest-run")
    follow_tests(config)
    root = Path(GIVEN["root"])
    names = NameMap(
        hosts=("app.stack.local",),
        domain="stack.local",
        doors={int(port): ("127.0.0.1", there) for port, there in GIVEN["doors"].items()},
        published={
            ("127.0.0.1", port): Publication(service=service, port=80)
            for service, port in GIVEN.get("published", {}).items()
        },
    )
    model = Stack(
        name="t",
        root=root,
        services={"door": Service(name="door"), "app": Service(name="app"), "web": Service(name="web")},
        routes=(
            Route(host="app.stack.local", service="app", upstream="app:80", order=1),
            Route(
                host="app.stack.local", match="/own",
                conditions=(PathCondition(patterns=("^/own$",)),),
            ),
        ),
        domain="stack.local",
        front_door="door",
    )
    config.stash[RUNNING] = RunningStack(
        model=model, config=Config(root=root), engine=Silent(), names=names,
        ca=Path(GIVEN["ca"]), scratch=root / "scratch", run_id="r1",
    )


@pytest.fixture
def contacts(request):
    def complete():
        request.config.stash[RUNNING_TEST].complete_contacts()
        return touched(request.node)

    return complete
"""

GOOD_AND_BAD = """
import pytest
from playwright.sync_api import Error

from stacktest.errors import UsageError

URL = "https://app.stack.local"
BAD = {"unknown_ca": 1001, "wrong_name": 1002, "expired": 1003, "not_yet_valid": 1004, "self_signed": 1005}
SAID = {
    "unknown_ca": "ERR_CERT_AUTHORITY_INVALID",
    "wrong_name": "ERR_CERT_COMMON_NAME_INVALID",
    "expired": "ERR_CERT_DATE_INVALID",
    "not_yet_valid": "ERR_CERT_DATE_INVALID",
    "self_signed": "ERR_CERT_AUTHORITY_INVALID",
}
NODE = {
    "unknown_ca": "unable to (get local issuer certificate|verify the first certificate)",
    "wrong_name": "does not match certificate",
    "expired": "certificate has expired",
    "not_yet_valid": "certificate is not yet valid",
    "self_signed": "self.signed certificate",
}


def test_a_good_page_loads(page, contacts):
    assert page.goto(f"{URL}/x").status == 200
    assert page.inner_text("body") == "GET app.stack.local /x"
    assert contacts() == ("app", "door")
"""
"""A good page, and the certificates that clients refuse, with their words for it."""

KEPT_CONTEXT = """
import pytest

URL = "https://app.stack.local"


@pytest.fixture(scope="module")
def shared(browser):
    context = browser.new_context()
    yield context.new_page()
    context.close()
"""
"""A page whose cache lasts for all tests of its file."""
