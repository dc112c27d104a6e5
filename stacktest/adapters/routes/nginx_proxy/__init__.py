"""Routes from `VIRTUAL_HOST`, as nginx-proxy reads it off the containers' environment."""
