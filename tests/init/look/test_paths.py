"""What a stack is asked."""

import pytest

from stacktest.core.model import Service
from stacktest.init.look.paths import health_paths


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
