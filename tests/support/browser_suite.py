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
from stacktest.pytest_plugin.running_test import RUNNING_TEST, follow_tests
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
