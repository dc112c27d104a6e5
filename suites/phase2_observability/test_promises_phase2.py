"""What the first documents promise about measurements, logs and alerts, and what is not so.

A test states its claim as it was written down; `claims.toml` has the words.
"""

import pytest

from fixtures.typed import Api, Inside
from stacktest.application.running_stack import RunningStack

MAY_HAVE_THE_SOCKET = {"docs-indexer", "portainer", "watchtower"}


@pytest.mark.service("alertmanager")
@pytest.mark.claim("P2.6", holds=False)
def test_somebody_is_told_of_alerts(api: Api) -> None:
    receivers = api("alertmanager").get("/api/v2/receivers").json()
    assert [receiver["name"] for receiver in receivers if receiver["name"] != "null"] != []


@pytest.mark.service("prometheus")
@pytest.mark.claim("P2.7", holds=False)
def test_nobody_outside_reads_its_own_measurements(api: Api) -> None:
    assert api("prometheus").get("/metrics").status_code == 404


@pytest.mark.service("prometheus")
@pytest.mark.claim("P3.4", holds=False)
def test_a_stranger_is_sent_to_the_portal(api: Api) -> None:
    answer = api("prometheus").get("/graph")
    assert answer.headers.get("Location", "").startswith("https://auth.stack.local/")


@pytest.mark.service("promtail")
@pytest.mark.claim("P6.5", holds=False)
def test_the_engines_socket_is_for_three_services_only(inside: Inside, stack: RunningStack) -> None:
    with inside("promtail").http(9080) as client:
        assert client.get("/targets").status_code == 200
    given = {
        name
        for name, service in stack.model.services.items()
        if any(mount.source.endswith("docker.sock") for mount in service.mounts)
    }
    assert given <= MAY_HAVE_THE_SOCKET
