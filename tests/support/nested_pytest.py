"""Options of a pytest within a test: without plugins that nothing in it uses.

Where credit is at stake they belong into its configuration file: on the command line they would be
a run that is not as the suites define it.
"""

PLAIN = ("-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:hypothesispytest")
"""Hypothesis alone is a fifth of what such a pytest has to load."""
WITHOUT_PAGES = (*PLAIN, "-p", "no:playwright")
"""Another fifth."""
ADDOPTS = f"addopts = {' '.join(WITHOUT_PAGES)}"
"""The line of a configuration file."""
