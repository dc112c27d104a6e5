"""The end of a log, in bounded memory."""

import io
import tracemalloc

import pytest

from stacktest.adapters.engine.log_end import MOST, read_end
from stacktest.adapters.engine.socket import FRAME


def framed(*pieces: tuple[int, bytes]) -> io.BytesIO:
    return io.BytesIO(b"".join(FRAME.pack(stream, len(data)) + data for stream, data in pieces))


def test_both_streams_are_in_order_and_headers_are_not_in_it() -> None:
    assert (
        read_end(framed((1, b"a\n"), (2, b"b\n"), (1, b""), (1, b"c\n")), framed=True)
        == b"a\nb\nc\n"
    )


@pytest.mark.parametrize("is_framed", [True, False])
def test_only_the_end_is_kept(*, is_framed: bool) -> None:
    source = (
        framed((1, b"x" * 500), (1, b"y" * 500))
        if is_framed
        else io.BytesIO(b"x" * 500 + b"y" * 500)
    )
    assert read_end(source, framed=is_framed, most=600) == b"x" * 100 + b"y" * 500


@pytest.mark.parametrize("cut", [3, 8, 10])
def test_a_stream_that_is_cut_off_is_what_came(cut: int) -> None:
    whole = framed((1, b"abcdef")).getvalue()
    assert read_end(io.BytesIO(whole[:cut]), framed=True) == whole[8:cut]


def test_a_long_line_costs_no_more_than_the_end() -> None:
    class Flood(io.RawIOBase):
        """Two hundred frames of a megabyte, made as they are read."""

        left = 200

        def read(self, size: int = -1) -> bytes:
            if size == FRAME.size:
                self.left -= 1
                return FRAME.pack(1, 1_000_000) if self.left >= 0 else b""
            return b"z" * size

    tracemalloc.start()
    try:
        assert len(read_end(Flood(), framed=True)) == MOST  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 5 * MOST
    finally:
        tracemalloc.stop()
