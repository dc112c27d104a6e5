"""What a stack is asked, and where a container listens."""

import pytest

from stacktest.core.model import Service
from stacktest.init.look.paths import health_paths, listening_ports


@pytest.mark.parametrize(
    ("test", "paths"),
    [
        (["CMD", "curl", "-fsS", "http://localhost:3000/api/health"], ("/api/health",)),
        (["CMD-SHELL", "wget -qO- 'http://127.0.0.1/-/ready' || exit 1"], ("/-/ready",)),
        (["CMD", "curl", "http://localhost:80/"], ()),
        (["CMD", "redis-cli", "ping"], ()),
        (["NONE"], ()),
    ],
)
def test_the_health_check_names_a_path(test: list[str], paths: tuple[str, ...]) -> None:
    service = Service(name="x", definition={"healthcheck": {"test": test}})
    assert health_paths(service) == paths


TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 00000000:0BB8 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000
   2: 0B00007F:A1B2 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0
   3: 050012AC:0BB8 010012AC:C350 01 00000000:00000000 00:00000000 00000000  1000
  sl  local_address                         remote_address                        st
   0: 00000000000000000000000000000000:2382 00000000000000000000000000000000:0000 0A 00000000
   1: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000
"""


def test_ports_for_other_machines_are_those_where_it_listens() -> None:
    assert listening_ports(TABLE) == {3000, 9090}
