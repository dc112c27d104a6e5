"""What several suites use."""

import json
from contextlib import ExitStack
from pathlib import PurePosixPath

import pytest
from websockets.exceptions import InvalidMessage, InvalidStatus
from websockets.sync.client import connect

WEBSOCKET = 3001


class Chat:
    """A WebSocket of the backend: messages of a type with a payload."""

    def __init__(self, client):
        self._client = client

    def send(self, text):
        self._client.send(text)

    def ask(self, type_, **payload):
        self._client.send(json.dumps({"type": type_, "payload": payload}))
        return self.answer()

    def answer(self):
        return json.loads(self._client.recv(timeout=5))

    def close(self):
        self._client.close()


@pytest.fixture
def chat(inside):
    """Opens a WebSocket at the backend itself; that nothing listens is a fact about it."""

    def opened():
        try:
            host, port = inside("ai-orchestra").address(WEBSOCKET)
        except ConnectionRefusedError as error:
            raise AssertionError(str(error)) from error
        return Chat(clients.enter_context(connect(f"ws://{host}:{port}/", proxy=None)))

    with ExitStack() as clients:
        yield opened


@pytest.fixture
def chat_by_the_door(ws):
    """The same through the front door."""

    def opened():
        try:
            return Chat(ws("ai-orchestra", "/ws"))
        except (InvalidStatus, InvalidMessage) as error:
            raise AssertionError(str(error)) from error

    return opened


@pytest.fixture
def backend(inside):
    """The backend itself, without nginx before it."""
    return inside("ai-orchestra").http(3000)


@pytest.fixture
def script(stack, sandbox):
    """`script("backup.sh")`: a copy, with the script that this form of the stack has."""

    def copied(name):
        sources = {m.target: m.source for m in stack.model.services["ai-orchestra"].mounts}
        target = PurePosixPath("/app/scripts", name)
        if str(target) in sources:
            source = stack.model.root / sources[str(target)]
        else:
            source = stack.model.root / sources[str(target.parent)] / name
        copy = sandbox("scripts", "config")
        (copy.path / "scripts" / name).write_bytes(source.read_bytes())
        return copy

    return copied
