import pytest


@pytest.fixture
def lucia(api):
    """A client of the agent host; it publishes 8081 as well, where nothing listens."""
    return api("lucia", port=8080)


@pytest.fixture
def cli(inside):
    """What `redis-cli` prints in the container of Redis."""

    def ask(*words):
        return inside("redis").run("redis-cli", *words).out.strip()

    return ask


class Repository:
    """A copy of the files beside the compose file, as this form of the stack has them."""

    def __init__(self, sandbox, folder):
        self._copy = sandbox(folder)
        self._folder = folder
        self.path = self._copy.path / folder

    def run(self, command):
        return self._copy.run("sh", "-c", f"cd '{self._folder}' && {command}")


@pytest.fixture
def repository(stack, sandbox):
    return Repository(sandbox, stack.model.services["lucia"].labels["example.repository"])
