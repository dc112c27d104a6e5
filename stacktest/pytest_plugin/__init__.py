"""What the plugin does, one module per concern; `hooks` has what pytest calls."""
