"""The stack's private CA: what clients, browser and Playwright trust, and facts about certificates.

Every client keeps full verification; nothing here switches a check off to let a page load.
"""

from stacktest.adapters.trust.browser import browser_home
from stacktest.adapters.trust.ca import (
    check_ca,
    client_context,
    node_environment,
    wide_context,
)
from stacktest.adapters.trust.certificate import CertificateFacts, certificate_facts
from stacktest.adapters.trust.engines import firefox_environment, with_system_trust

__all__ = [
    "CertificateFacts",
    "browser_home",
    "certificate_facts",
    "check_ca",
    "client_context",
    "firefox_environment",
    "node_environment",
    "wide_context",
    "with_system_trust",
]
