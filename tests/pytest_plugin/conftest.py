from tests.support.tls_servers import make_stack, pki, serve

__all__ = ["make_stack", "pki", "serve"]
