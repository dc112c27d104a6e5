"""Who has a port of this machine, as /proc shows it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stacktest.adapters.diagnosis.port_holder import holder_of, program_with
from stacktest.core.diagnosis.facts import HostPort, PortHolder
from stacktest.core.model import Port, Service, Stack
from stacktest.core.observed_state import Container
from tests.support.known import known

ROW = "   0: 00000000:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0\n"
HTTPS = HostPort(number=443, protocol="tcp")
ENGINE = cast(Any, SimpleNamespace(connection=SimpleNamespace(address="unix:///run/docker.sock")))


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/tcp").write_text(ROW)
    for pid, inode in (("811", "76"), ("812", "77")):
        (tmp_path / pid / "fd").mkdir(parents=True)
        (tmp_path / pid / "fd/3").symlink_to(f"socket:[{inode}]")
        (tmp_path / pid / "comm").write_text("nginx\n")
        (tmp_path / pid / "cgroup").write_text("0::/system.slice/nginx.service\n")
    return tmp_path


def test_a_program_of_a_unit(proc: Path) -> None:
    holder = known(program_with(ENGINE, HTTPS, proc))
    assert holder.name == "nginx (pid 812, nginx.service)"
    assert holder.command == "sudo systemctl stop nginx.service"


def test_a_program_of_no_unit(proc: Path) -> None:
    (proc / "812/cgroup").write_text("0::/user.slice/user-1000.slice/session-1.scope\n")
    holder = known(program_with(ENGINE, HTTPS, proc))
    assert (holder.name, holder.command) == ("nginx (pid 812)", "kill 812")


def test_another_port_and_another_machine(proc: Path) -> None:
    assert program_with(ENGINE, HostPort(number=80), proc) is None
    remote = cast(Any, SimpleNamespace(connection=SimpleNamespace(address="tcp://10.0.0.9:2376")))
    assert program_with(remote, HTTPS, proc) is None


@pytest.mark.parametrize("unit", ["system.slice/docker.service", "user.slice/a.scope"])
@pytest.mark.parametrize("name", ["docker-proxy", "rootlessport", "dockerd"])
def test_the_engines_own_proxy_is_nobody_to_stop(proc: Path, name: str, unit: str) -> None:
    (proc / "812/comm").write_text(f"{name}\n")
    (proc / "812/cgroup").write_text(f"0::/{unit}\n")
    assert program_with(ENGINE, HTTPS, proc) is None


def test_a_program_at_the_same_port_of_the_other_protocol_does_not_have_it(proc: Path) -> None:
    dns = HostPort(number=443, protocol="udp")
    assert program_with(ENGINE, dns, proc) is None
    (proc / "net/udp").write_text(ROW.replace(" 0A ", " 07 "))
    assert known(program_with(ENGINE, dns, proc)).command == "sudo systemctl stop nginx.service"


def engine_with(*containers: Container) -> Any:
    return SimpleNamespace(connection=ENGINE.connection, containers=lambda: containers)


def container(name: str, state: str, *ports: Port, project: str = "home") -> Container:
    service = name.split("-")[1]
    return Container(
        id=name,
        name=name,
        service=service,
        project=project,
        image_id="",
        image_ref="",
        state=state,
        ports=ports,
    )


WEB = Port(target=80, published=9443)
STACK = Stack(
    name="home",
    root=Path("/home"),
    services={name: Service(name=name, ports=(WEB,)) for name in ("wiki", "blog")},
)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (
            container("shop-web-1", "running", WEB, project="shop"),
            PortHolder(name="the container shop-web-1", command="docker stop shop-web-1"),
        ),
        (
            container("home-blog-1", "created"),
            PortHolder(name="the container home-blog-1", service="blog"),
        ),
        (
            container("home-wiki-2", "running"),
            PortHolder(name="the container home-wiki-2", service="wiki"),
        ),
        (container("shop-blog-1", "created", project="shop"), None),
        (container("shop-web-1", "running", Port(target=80, published=9443, protocol="udp")), None),
    ],
)
def test_a_container_that_publishes_it(other: Container, expected: PortHolder | None) -> None:
    own = container("home-wiki-1", "created")
    port = HostPort(number=9443, protocol="tcp")
    assert holder_of(STACK, engine_with(own, other), port, besides=own.id) == expected
