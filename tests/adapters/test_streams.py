"""Connections end: when nothing passes, and when the other end reads no more."""

import asyncio
import socket
import time

import pytest

from stacktest.adapters import streams
from stacktest.adapters.streams import IdleClock, close_writer


def test_a_clock_that_is_touched_does_not_run_out() -> None:
    async def run() -> tuple[float, float]:
        clock = IdleClock(0.2)
        started = time.monotonic()
        waiting = asyncio.ensure_future(clock.run_out())
        for _ in range(4):
            await asyncio.sleep(0.1)
            clock.touch()
        touched = time.monotonic() - started
        assert not waiting.done()
        await waiting
        return touched, time.monotonic() - started

    touched, total = asyncio.run(run())
    assert total >= touched + 0.2


def test_a_client_that_reads_no_more_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CLOSING", 0.2)

    async def run() -> float:
        ended: asyncio.Future[float] = asyncio.get_running_loop().create_future()

        async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"x" * 50_000_000)
            started = time.monotonic()
            await close_writer(writer)
            ended.set_result(time.monotonic() - started)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        with socket.create_connection(server.sockets[0].getsockname()):
            seconds = await asyncio.wait_for(ended, 5)
        server.close()
        return seconds

    assert 0.2 <= asyncio.run(run()) < 2
