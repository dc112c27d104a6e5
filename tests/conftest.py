"""What all tests of the tool share."""

# httpx maps the errors of httpcore once: a pytest within a test, whose modules are forgotten
# afterwards, must not be the first to load it.
import httpcore  # noqa: F401

pytest_plugins = ["pytester", "tests.support.pair"]
