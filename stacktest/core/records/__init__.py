"""The JSON documents that are written and read back, and their types."""
