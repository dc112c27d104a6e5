from tests.support.compose_project import project
from tests.support.small_stack import small
from tests.support.tls_servers import pki, serve

__all__ = ["pki", "project", "serve", "small"]
