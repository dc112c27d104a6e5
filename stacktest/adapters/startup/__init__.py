"""Starts services and waits until they are ready, or names one cause."""
