"""`stacktest.toml` and what lies under it: where it lies, what it may hold, what it means."""

from stacktest.config.load import (
    DENIED,
    FILE_NAME,
    Channel,
    Config,
    FreshnessSection,
    GateSection,
    Person,
    ServiceSection,
    StackSection,
    check_names,
    find_stack,
    load,
    merge_labels,
    near_misses,
    schema_text,
    seconds,
)

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
    "check_names",
    "find_stack",
    "load",
    "merge_labels",
    "near_misses",
    "schema_text",
    "seconds",
]
