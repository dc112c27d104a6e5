"""What all tests of the tool share."""

pytest_plugins = ["pytester", "tests.plugin.pair"]
