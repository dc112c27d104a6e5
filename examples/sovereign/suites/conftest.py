import pytest


@pytest.fixture
def door(api):
    return api("caddy")


@pytest.fixture
def rag(inside):
    return inside("rag").http(8000, timeout=30)


@pytest.fixture
def cli(inside):
    return lambda *words: inside("redis").run("redis-cli", *words).out.strip()
