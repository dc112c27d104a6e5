"""Routes from a Caddyfile."""
