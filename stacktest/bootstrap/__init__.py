"""Makes the adapters and passes them to the use cases; no other package makes adapters."""
