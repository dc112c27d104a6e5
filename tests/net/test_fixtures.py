"""The fixtures as a suite uses them, on servers of this process instead of a stack."""

import json

import pytest

pytest_plugins = ["pytester"]
# pytest-playwright cannot run within itself; what needs it has a process of its own.
LIGHT = ("-p", "no:playwright", "-p", "no:randomly", "-p", "no:cacheprovider")

CONFTEST = """
import json
import os
from pathlib import Path

import pytest

from stacktest.adapters.names import NameMap
from stacktest.config import (Config, Person)
from stacktest.pytest_plugin.contacts import touched
from stacktest.core.model import (Route, Service, Stack)
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
    root = Path(GIVEN["root"])
    names = NameMap(
        hosts=("app.stack.local", "web.stack.local"),
        domain="stack.local",
        doors={443: ("127.0.0.1", GIVEN["port"])},
    )
    model = Stack(
        name="t",
        root=root,
        services={
            "door": Service(name="door"),
            "app-server": Service(name="app-server", environment={"VIEWER_PASSWORD": "from-compose"}),
            "hidden": Service(name="hidden"),
        },
        routes=(
            Route(host="app.stack.local", service="app-server", upstream="app-server:80"),
            Route(host="web.stack.local", match="/only", service="hidden", upstream="hidden:80"),
        ),
        domain="stack.local",
        front_door="door",
    )
    people = {
        "viewer": Person(user="vera", password_env="VIEWER_PASSWORD"),
        "admin": Person(user="ada", password_file="admin.txt"),
        "ghost": Person(user="gus", password_env="GHOST_PASSWORD"),
    }
    config.stash[RUNNING] = RunningStack(
        model=model, config=Config(root=root, people=people), engine=Silent(), names=names, proxy_url="",
        ca=Path(GIVEN["ca"]), scratch=root / "scratch", run_id="r1",
    )


@pytest.fixture
def contacts(request):
    return lambda: touched(request.node)
"""


@pytest.fixture
def run(pytester: pytest.Pytester, pki, monkeypatch):
    """Run test functions in a suite of their own; how many passed and failed."""

    def suite(source: str, **expected: int) -> pytest.RunResult:
        value = {"root": str(pytester.path), "ca": str(pki.ca), "port": pki.ports["good"]}
        monkeypatch.setenv("GIVEN", json.dumps(value))
        (pytester.path / "admin.txt").write_text("from-file\n")
        pytester.makeconftest(CONFTEST)
        pytester.makepyfile(source)
        outcome = pytester.runpytest_inprocess("-q", *LIGHT)
        outcome.assert_outcomes(**expected)
        return outcome

    return suite


def test_api_by_service_label_and_name(run) -> None:
    run(
        """
        import pytest
        from stacktest.errors import UsageError

        @pytest.mark.parametrize("name", ["app-server", "app", "app.stack.local"])
        def test_name(api, name, contacts):
            assert api(name).get("/x").text == "GET app.stack.local /x"
            assert contacts() == ("app-server", "door")

        def test_any_name_of_the_domain(api, contacts):
            assert api("no-such.stack.local").get("/").text == "GET no-such.stack.local /"
            assert contacts() == ("door",)

        def test_a_route_with_a_condition(api, contacts):
            client = api("hidden")
            assert client.get("/").text == "GET web.stack.local /"
            assert contacts() == ("door",)
            client.get("/only")
            assert contacts() == ("door", "hidden")

        def test_options(api):
            client = api("app", headers={"X": "y"}, timeout=3)
            assert client.headers["X"] == "y"
            assert client.timeout.read == 3

        def test_visitors_are_strangers(api):
            one, two = api("app"), api("app")
            one.cookies.set("a", "b")
            assert not two.cookies

        def test_nothing_asked_is_no_contact(api, contacts):
            api("app")
            assert contacts() == ()

        @pytest.mark.parametrize("status", [502, 503, 504])
        def test_gateway_errors_are_the_doors(api, status, contacts):
            assert api("app").get(f"/status/{status}").status_code == status
            assert contacts() == ("door",)

        def test_no_host_name(api):
            with pytest.raises(UsageError, match="service 'door' has no host name"):
                api("door")

        def test_near_miss(api):
            with pytest.raises(UsageError) as caught:
                api("app-sever")
            assert "app-server" in caught.value.hint
        """,
        passed=13,
    )


def test_answers_of_other_hosts_are_nobodys(run) -> None:
    run(
        """
        from stacktest.pytest_plugin.answers import note_answer

        def test_it(request, stack, contacts):
            note_answer(request.node, stack, "https://allowed.example/", 200)
            assert contacts() == ()
            note_answer(request.node, stack, "https://APP.stack.local/", 200)
            assert contacts() == ("app-server", "door")
        """,
        passed=1,
    )


def test_a_client_of_ones_own_says_who_answered(run) -> None:
    run(
        """
        import pytest

        from stacktest.errors import UsageError

        def test_it(answered, contacts):
            assert contacts() == ()
            answered("app-server")
            answered("app-server")
            assert contacts() == ("app-server",)

        def test_nobody_of_that_name(answered, contacts):
            with pytest.raises(UsageError) as caught:
                answered("app-sever")
            assert "app-server" in caught.value.hint
            assert contacts() == ()
        """,
        passed=2,
    )


def test_async_api(run) -> None:
    run(
        """
        import anyio
        import pytest

        def test_asked(async_api, contacts):
            async def ask():
                async with async_api("app") as client:
                    return (await client.get("/x")).text

            assert anyio.run(ask) == "GET app.stack.local /x"
            assert contacts() == ("app-server", "door")

        def test_left_open(async_api):
            async_api("app")
        """,
        passed=2,
        errors=1,
    )


def test_people(run, monkeypatch) -> None:
    monkeypatch.setenv("STACKTEST_PILOT_USER", "pia")
    monkeypatch.setenv("STACKTEST_PILOT_PASSWORD", "from-shell")
    outcome = run(
        """
        import pytest
        from stacktest.errors import UsageError

        @pytest.mark.parametrize("role, user, password", [
            ("viewer", "vera", "from-compose"),
            ("admin", "ada", "from-file"),
            ("pilot", "pia", "from-shell"),
        ])
        def test_known(person, role, user, password):
            found = person(role)
            assert (found.role, found.user, found.password) == (role, user, password)
            assert password not in repr(found)

        def test_the_environment_wins(person, monkeypatch):
            monkeypatch.setenv("VIEWER_PASSWORD", "from-shell")
            assert person("viewer").password == "from-shell"

        def test_unset(person):
            with pytest.raises(UsageError, match="nothing sets it"):
                person("ghost")

        def test_unknown(person):
            with pytest.raises(UsageError) as caught:
                person("viewr")
            assert "viewer" in caught.value.hint

        def test_no_password_is_shown(person):
            assert person("viewer") == 1
        """,
        passed=6,
        failed=1,
    )
    outcome.stdout.no_fnmatch_line("*from-compose*")


def test_the_rest_of_the_ladder(run) -> None:
    run(
        """
        import ssl
        import pytest
        from stacktest.errors import UsageError

        def test_run_id(run_id):
            assert run_id == "r1"

        def test_trust(tls_context, stack_ca):
            assert stack_ca.name == "ca.crt"
            assert tls_context.verify_mode is ssl.CERT_REQUIRED

        def test_inside_knows_its_services(inside):
            with pytest.raises(UsageError, match="'hiden' is no service"):
                inside("hiden")
        """,
        passed=3,
    )


def test_without_a_stack_the_fixture_says_so(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(
        """
        import pytest

        @pytest.hookimpl(trylast=True)
        def pytest_configure(config):
            config.pluginmanager.unregister(name="stacktest-run")
        """
    )
    pytester.makepyfile("def test_it(stack): pass")
    outcome = pytester.runpytest_inprocess("-q", *LIGHT)
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["*no stack was brought up in this run*"])


def test_without_a_stack_playwrights_fixtures_are_unchanged(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(browser_type_launch_args):
            assert browser_type_launch_args == {}
        """
    )
    pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_each_rung_says_when_to_override_it() -> None:
    from stacktest.pytest_plugin.fixtures import stack as fixtures

    names = [
        n for n, v in vars(fixtures).items() if type(v).__name__ == "FixtureFunctionDefinition"
    ]
    assert {"stack", "api", "inside", "person", "new_context"} <= set(names)
    for name in names:
        assert "Override this fixture if" in (getattr(fixtures, name).__doc__ or ""), name
