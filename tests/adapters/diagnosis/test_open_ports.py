"""What the kernel's table of a container says."""

from types import SimpleNamespace
from typing import cast

import pytest

from stacktest.adapters.diagnosis.open_ports import has_open_port, read_table
from stacktest.adapters.engine.port import EnginePort

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0B00007F:9A6F 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0
   1: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2 1 0
   2: 0100007F:2328 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3 1 0
   3: 0200000A:1F90 0100000A:C350 01 00000000:00000000 00:00000000 00000000     0        0 4 1 0
  sl  local_address                         remote_address                        st tx_queue
   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A 00000000:00000000 0
   1: 00000000000000000000000001000000:2329 00000000000000000000000000000000:0000 0A 00000000:00000000 0
   2: 0000000000000000FFFF00000100007F:232A 00000000000000000000000000000000:0000 0A 00000000:00000000 0
"""


def test_ports_for_others_and_for_the_container_itself() -> None:
    listening = read_table(TABLE)
    assert listening.for_others == {8080, 443}
    assert listening.for_itself == {9000, 9001, 9002}


HEAD, *ROWS = TABLE.splitlines()
UDP = "  9: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 5 2 0 0"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([HEAD], False),
        ([HEAD, ROWS[0], ROWS[2]], False),
        ([HEAD, ROWS[1]], True),
        ([HEAD, ROWS[3]], False),
        ([HEAD, UDP], True),
        (["cat: not found"], None),
    ],
)
def test_a_port_that_others_can_reach(rows: list[str], expected: bool | None) -> None:
    engine = SimpleNamespace(execute=lambda *_: (0, "\n".join(rows), ""))
    assert has_open_port(cast("EnginePort", engine), "c1") is expected
