"""The use cases: each takes what it works on as arguments and makes no adapter."""
