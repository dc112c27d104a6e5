"""The configuration of a stack: finds, checks and reads `stacktest.toml` and compose labels."""

from stacktest.config.discovery import find_stack, pointing_folder
from stacktest.config.labels import merge_labels
from stacktest.config.load import load, schema_text
from stacktest.config.sections import (
    DENIED,
    FILE_NAME,
    Channel,
    Config,
    FreshnessSection,
    GateSection,
    Person,
    ServiceSection,
    StackSection,
)
from stacktest.config.unknown_names import without_unknown_names

__all__ = [
    "DENIED",
    "FILE_NAME",
    "Channel",
    "Config",
    "FreshnessSection",
    "GateSection",
    "Person",
    "ServiceSection",
    "StackSection",
    "find_stack",
    "load",
    "merge_labels",
    "pointing_folder",
    "schema_text",
    "without_unknown_names",
]
