"""Docker Compose: its command, its model, its files, and its error messages."""
