"""The defects that this stack had in its first form, each with the fault that brings it back."""

DEFECTS = {
    "D1": "planka: the front door asks for it on another port than its own",
    "D2": "homeassistant: it does not trust the front door",
    "D3": "vaultwarden: websockets are led where nobody listens",
    "D4": "the front door is asked for its measurements where it refuses everybody",
    "D5": "the directory is empty",
    "D6": "a person has another password than the documented one",
    "D7": "one application goes without the policy for its content",
    "D8": "hardening: an application trusts a proxy by its name",
    "D9": "kopia: its repository is gone",
    "D10": "portainer: its administrator is gone",
    "D11": "docs-indexer: a service that changed after its pass is still called functional",
    "D12": "docs-indexer: a service is called functional because others passed",
    "D13": "mkdocs: a page shows the mistake of a template in place of its content",
    "D14": "watchtower: the engine's socket is looked for where there is none",
    "D15": "promtail: it looks for another project",
    "D16": "hardening: a service has no health check",
    "D17": "watchtower: it speaks a version that the engine has forgotten",
    "D18": "stirling-pdf: it runs without its sign-in, as without its security module",
    "D19": "the root says that it is another stack",
    "D20": "hardening: a service keeps the password that it comes with",
    "D21": "test-runner: one of the names is not among those that it can reach",
}
"""Number of the defect → name of the fault."""
