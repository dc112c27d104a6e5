"""Routes from `VIRTUAL_HOST` in the containers' environment, as nginx-proxy reads it."""
