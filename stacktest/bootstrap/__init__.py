"""Makes the adapters and hands them to the use cases; nothing else does."""
