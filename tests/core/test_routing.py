import pytest

from stacktest.core.model import Route
from stacktest.core.routing import covers, service_behind

ROUTES = (
    Route(host="a.test", service="web", upstream="web:1"),
    Route(host="a.test", service="api", match="/api/*", upstream="api:1"),
    Route(host="a.test", match="/health"),
    Route(host="ws.test", service="app", upstream="app:1"),
    Route(host="ws.test", service="app", upstream="app:2", match="@ws"),
    Route(host="two.test", service="app", upstream="app:1"),
    Route(host="two.test", service="other", upstream="other:2", match="@mobile"),
    Route(host="lb.test", service="one", upstream="one:1"),
    Route(host="lb.test", service="two", upstream="two:1"),
    Route(host="self.test"),
    Route(host="*.wild.test", service="wild", upstream="wild:1"),
)


@pytest.mark.parametrize(
    ("host", "path", "status", "expected"),
    [
        ("a.test", "/", 200, "web"),
        ("A.test", "/", 200, "web"),
        ("a.test", "/api/v1", 404, "api"),
        ("a.test", "/apix", 200, "web"),
        ("a.test", "/health", 200, None),
        ("a.test", "/", 502, None),
        ("a.test", "/", 503, None),
        ("a.test", "/", 504, None),
        ("a.test", "/", 500, "web"),
        ("ws.test", "/", 200, "app"),
        ("two.test", "/", 200, None),
        ("lb.test", "/", 200, None),
        ("self.test", "/", 200, None),
        ("x.wild.test", "/", 200, "wild"),
        ("y.x.wild.test", "/", 200, None),
        ("unknown.test", "/", 200, None),
    ],
)
def test_who_answered(host: str, path: str, status: int, expected: str | None) -> None:
    assert service_behind(ROUTES, host=host, path=path, status=status) == expected


def test_a_star_covers_one_label() -> None:
    assert covers("*.a.test", "x.a.test")
    assert not covers("*.a.test", "a.test")
    assert not covers("*.a.test", "y.x.a.test")
    assert covers("a.test", "a.test")
