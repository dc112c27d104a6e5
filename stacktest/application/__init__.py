"""The use cases: each gets its adapters and data as arguments and makes no adapter."""
