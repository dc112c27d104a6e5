"""Fixtures: small rungs that a suite may override one by one."""
