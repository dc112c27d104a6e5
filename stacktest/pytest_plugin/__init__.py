"""The pytest plugin, one module per concern; `hooks` holds the hooks that pytest calls."""
