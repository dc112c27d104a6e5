"""Where the official image of nginx looks for templates, which its environment can say."""

from stacktest.core.model import Service


def template_folder(service: Service) -> str:
    """The folder in the container."""
    folder = service.environment.get("NGINX_ENVSUBST_TEMPLATE_DIR") or "/etc/nginx/templates"
    return folder.rstrip("/")


def template_suffix(service: Service | None) -> str:
    """How the name of a template ends; that of its result is the rest."""
    environment = service.environment if service else {}
    return environment.get("NGINX_ENVSUBST_TEMPLATE_SUFFIX") or ".template"
