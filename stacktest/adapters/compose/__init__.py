"""Docker Compose: its command, its model, its files, and the words of its errors."""
