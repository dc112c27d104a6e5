"""Starts services and waits until they are ready, or reports the cause of the failure."""
