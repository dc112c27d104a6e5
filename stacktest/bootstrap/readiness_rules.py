"""The readiness rules that `stacktest.toml` names."""

from stacktest.config import Config
from stacktest.core.readiness import Rule, parse_rule


def readiness_rules(config: Config) -> dict[str, Rule]:
    """Service → its rule, where it has one; UsageError with the key for one that cannot be read."""
    return {
        name: parse_rule(section.ready, where=f"{config.file}:services.{name}.ready")
        for name, section in config.services.items()
        if section.ready
    }
