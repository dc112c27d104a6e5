"""The type of documents that other programs write and read."""

from typing import Any

Json = Any
"""What `json.loads` returns."""
