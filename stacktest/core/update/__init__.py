"""Changing what runs, kept only if the tests say so: what is replaced, saved, and put back."""
