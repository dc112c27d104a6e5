"""A CA that the stack makes itself: whose file it is, and how it is read."""

from pathlib import Path

import pytest

from stacktest.bootstrap.made_ca import CaMaker, ca_maker, can_read, named_maker, readable_copy
from stacktest.core.model import Mount, Service, Stack
from stacktest.errors import UsageError

pytestmark = pytest.mark.case("field/b29")


def stack(root: Path, *mounts: Mount) -> Stack:
    return Stack(name="t", root=root, services={"door": Service(name="door", mounts=mounts)})


def bind(source: Path, target: str = "/data", *, read_only: bool = False) -> Mount:
    return Mount(kind="bind", source=str(source), target=target, read_only=read_only)


def test_the_service_that_mounts_its_folder_makes_it(tmp_path: Path) -> None:
    ca = tmp_path / "data" / "pki" / "root.crt"
    made = ca_maker(stack(tmp_path, bind(tmp_path / "data", "/var/lib")), ca)
    assert made == CaMaker(service="door", path="/var/lib/pki/root.crt")
    assert ca_maker(
        stack(tmp_path, bind(tmp_path / "data")), tmp_path / "x" / ".." / ca
    ) == CaMaker(service="door", path="/data/pki/root.crt")


def test_a_file_that_no_service_may_write_is_a_persons(tmp_path: Path) -> None:
    ca = tmp_path / "certs" / "ca.crt"
    assert ca_maker(stack(tmp_path, bind(tmp_path / "data")), ca) is None
    assert ca_maker(stack(tmp_path, bind(tmp_path / "certs", read_only=True)), ca) is None
    volume = Mount(kind="volume", source="certs", target="/certs")
    assert ca_maker(stack(tmp_path, volume), ca) is None


def test_a_file_that_can_be_read_is_taken_as_it_is(tmp_path: Path) -> None:
    ca = tmp_path / "root.crt"
    ca.write_text("CA")
    assert readable_copy(ca, tmp_path / "trust", lambda: pytest.fail("not asked")) == ca


def test_a_file_of_another_user_is_copied_out_of_the_container(tmp_path: Path) -> None:
    ca, folder = tmp_path / "absent" / "root.crt", tmp_path / "trust"
    first = readable_copy(ca, folder, lambda: b"one")
    assert first.read_bytes() == b"one"
    assert readable_copy(ca, folder, lambda: b"one") == first
    assert readable_copy(ca, folder, lambda: b"two").read_bytes() == b"two"
    assert sorted(path.suffix for path in folder.iterdir()) == [".crt", ".crt"]


def test_before_the_first_start_nothing_is_there(tmp_path: Path) -> None:
    ca = tmp_path / "root.crt"
    assert readable_copy(ca, tmp_path / "trust", lambda: None) == ca
    assert not can_read(ca)


ROOT = "/data/caddy/pki/authorities/local/root.crt"


def test_a_file_in_a_container_is_named_with_its_service(tmp_path: Path) -> None:
    assert named_maker(f"door:{ROOT}", stack(tmp_path)) == CaMaker(service="door", path=ROOT)


@pytest.mark.parametrize(
    "path", ["certs/ca.crt", "/etc/ssl/ca.crt", "./a:b/ca.crt", "door:ca.crt", "door:"]
)
def test_a_path_on_this_machine_names_no_service(tmp_path: Path, path: str) -> None:
    assert named_maker(path, stack(tmp_path)) is None


def test_a_service_that_the_stack_lacks_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="'dor' is not a service of this stack") as raised:
        named_maker(f"dor:{ROOT}", stack(tmp_path))
    assert raised.value.where == "stacktest.toml:stack.ca"
    assert "door" in raised.value.hint
