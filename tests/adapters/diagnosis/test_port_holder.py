"""Who has a port of this machine, as /proc shows it."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from stacktest.adapters.diagnosis.port_holder import program_with
from tests.support.known import known

ROW = "   0: 00000000:01BB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 77 1 0\n"
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
    holder = known(program_with(ENGINE, 443, proc))
    assert holder.name == "nginx (pid 812, nginx.service)"
    assert holder.command == "sudo systemctl stop nginx.service"


def test_a_program_of_no_unit(proc: Path) -> None:
    (proc / "812/cgroup").write_text("0::/user.slice/user-1000.slice/session-1.scope\n")
    holder = known(program_with(ENGINE, 443, proc))
    assert (holder.name, holder.command) == ("nginx (pid 812)", "kill 812")


def test_another_port_and_another_machine(proc: Path) -> None:
    assert program_with(ENGINE, 80, proc) is None
    remote = cast(Any, SimpleNamespace(connection=SimpleNamespace(address="tcp://10.0.0.9:2376")))
    assert program_with(remote, 443, proc) is None
