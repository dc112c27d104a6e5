"""Every module that holds fixtures of the plugin."""

import importlib
import pkgutil

from stacktest.pytest_plugin import fixtures

FIXTURE_MODULES = tuple(
    importlib.import_module(f"{fixtures.__name__}.{module.name}")
    for module in pkgutil.iter_modules(fixtures.__path__)
)
