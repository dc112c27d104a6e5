"""Folder and suffix of nginx templates in the official image; its environment can set both."""

from stacktest.core.model import Service


def template_folder(service: Service) -> str:
    """The folder of the templates in the container."""
    folder = service.environment.get("NGINX_ENVSUBST_TEMPLATE_DIR") or "/etc/nginx/templates"
    return folder.rstrip("/")


def template_suffix(service: Service | None) -> str:
    """The suffix of a template's file name; without it, the name is that of the resulting file."""
    environment = service.environment if service else {}
    return environment.get("NGINX_ENVSUBST_TEMPLATE_SUFFIX") or ".template"
