"""The stack's private CA: what clients and Playwright's driver trust, and facts about certificates.

Every client keeps full verification; nothing here switches a check off to let a page load.
"""

from stacktest.adapters.tls.ca import (
    check_ca,
    client_context,
    node_environment,
    pem_certificates,
    wide_context,
)
from stacktest.adapters.tls.certificate import CertificateFacts, certificate_facts

__all__ = [
    "CertificateFacts",
    "certificate_facts",
    "check_ca",
    "client_context",
    "node_environment",
    "pem_certificates",
    "wide_context",
]
