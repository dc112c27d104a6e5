"""Reads from git the history of the stack's files and pages."""
