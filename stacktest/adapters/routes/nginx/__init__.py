"""Routes of an nginx configuration (extra `nginx`)."""
