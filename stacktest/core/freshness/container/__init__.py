"""Comparison of a container with its service definition, key by key."""
