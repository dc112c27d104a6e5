"""Routes of an nginx configuration."""
