"""Routes that Traefik reads from labels and from the files of its file provider."""
