"""Routes that Traefik takes from labels and from the files of its file provider."""
