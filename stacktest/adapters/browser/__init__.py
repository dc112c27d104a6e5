"""Prepares this machine for a browser: the build to start, trust in the CA, a separate network."""
