"""A copy of the beginning of a response's body, made as the client reads it."""

import contextlib
from collections.abc import AsyncIterator, Iterator

import httpx

LARGEST = 20_000


class BodyCopy(httpx.SyncByteStream, httpx.AsyncByteStream):
    """The stream of a response; keeps the first `LARGEST` bytes of the body for a report."""

    def __init__(self, response: httpx.Response) -> None:
        self._stream = response.stream
        self._status, self._headers = response.status_code, response.headers
        self._content = b""

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:  # type: ignore[union-attr]
            self._keep(chunk)
            yield chunk

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:  # type: ignore[union-attr]
            self._keep(chunk)
            yield chunk

    def close(self) -> None:
        """Close the stream of the response."""
        self._stream.close()  # type: ignore[union-attr]

    async def aclose(self) -> None:
        """Close the stream of the response."""
        await self._stream.aclose()  # type: ignore[union-attr]

    def text(self) -> str:
        """The bytes read so far, decoded; empty if they cannot be decoded."""
        with contextlib.suppress(httpx.DecodingError, LookupError):
            return httpx.Response(self._status, headers=self._headers, content=self._content).text
        return ""

    # Private

    def _keep(self, chunk: bytes) -> None:
        self._content += chunk[: LARGEST - len(self._content)]
