"""One module per output. Each only reads records and yields text."""
