"""What the plugin does, one module per concern; `stacktest.plugin` has the hooks."""
