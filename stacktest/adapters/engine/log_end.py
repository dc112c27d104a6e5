"""Reads the end of a container's log in bounded memory, however long its lines are.

The engine sends the whole log; only the last bytes are kept. Without a terminal the bytes of both
streams come in frames: a header with the stream and the length, then the bytes.
"""

from typing import IO

from stacktest.adapters.engine.socket import FRAME

MOST = 1_000_000
"""Number of bytes that are kept: more than any report shows."""
_CHUNK = 65_536


def read_end(source: IO[bytes], *, framed: bool, most: int = MOST) -> bytes:
    """The last `most` bytes of the source, read to its end, without the headers of frames."""
    end = bytearray()
    while (left := _frame_length(source) if framed else _CHUNK) is not None:
        while left:
            data = source.read(min(left, _CHUNK))
            if not data:
                return bytes(end)
            end += data
            del end[:-most]
            if framed:
                left -= len(data)
    return bytes(end)


# Private


def _frame_length(source: IO[bytes]) -> int | None:
    """The number of bytes of the next frame; None at the end, also if a header is cut off."""
    header = source.read(FRAME.size)
    return FRAME.unpack(header)[1] if len(header) == FRAME.size else None
