"""The stack's private CA: TLS contexts for clients, and facts about servers' certificates.

Every client keeps full verification; no check is switched off to let a page load.
"""

from stacktest.adapters.tls.ca import (
    check_ca,
    client_context,
    new_context,
    node_environment,
    pem_certificates,
    wide_context,
)
from stacktest.adapters.tls.certificate import CertificateFacts, certificate_facts
from stacktest.adapters.tls.server_trust import ServerTrust

__all__ = [
    "CertificateFacts",
    "ServerTrust",
    "certificate_facts",
    "check_ca",
    "client_context",
    "new_context",
    "node_environment",
    "pem_certificates",
    "wide_context",
]
