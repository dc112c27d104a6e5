"""Reads the readiness rules of `stacktest.toml`."""

from stacktest.config import Config
from stacktest.core.readiness import Rule, parse_rule


def readiness_rules(config: Config) -> dict[str, Rule]:
    """Service with a rule → the rule; UsageError, with its key, for a rule that is not valid."""
    return {
        name: parse_rule(section.ready, where=f"{config.file}:services.{name}.ready")
        for name, section in config.services.items()
        if section.ready
    }
