"""How hard a property is searched: a few examples as a rule, `STACKTEST_EXAMPLES` when it matters."""

import os

from hypothesis import HealthCheck, settings


def examples(few: int) -> settings:
    """`few` examples, always the same ones; or as many new ones as the environment asks for."""
    asked = os.environ.get("STACKTEST_EXAMPLES")
    return settings(
        max_examples=int(asked) if asked else few,
        derandomize=asked is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
