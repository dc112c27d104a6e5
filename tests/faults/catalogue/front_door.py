"""Faults of phase 0: the front door."""

from tests.faults.catalogue.common import CADDYFILE, RELOAD, caddy, certificate
from tests.faults.model import Edit, Fault, Outside, Pin, Recreate, Step

HEADERS = {
    "Strict-Transport-Security": ('"max-age=31536000; includeSubDomains; preload"', '"max-age=60"'),
    "X-Frame-Options": ("SAMEORIGIN", "DENY"),
    "X-Content-Type-Options": ("nosniff", "sniff"),
    "X-XSS-Protection": ('"1; mode=block"', '"0"'),
    "Referrer-Policy": ("strict-origin-when-cross-origin", "unsafe-url"),
    "Content-Security-Policy": ("\"default-src 'self'; script-src", '"default-src *; script-src'),
}
GOOD = (
    "basicConstraints = critical, CA:FALSE\\nextendedKeyUsage = serverAuth\\n"
    "subjectAltName = DNS:stack.local, DNS:*.stack.local\\n"
)
ALL_NAMES = "DNS:stack.local, DNS:*.stack.local"
OVER_TLS = (
    "test_caddy::test_the_root_says_which_stack_this_is",
    "test_caddy::test_the_header_has_its_exact_value",
    "test_caddy::test_the_server_does_not_name_itself",
    "test_caddy::test_every_host_carries_the_headers",
    "test_caddy::test_every_host_shows_a_certificate_that_verifies",
    "test_caddy::test_the_certificate_is_for_the_domain_and_its_subdomains",
    "test_caddy::test_the_certificate_is_signed_by_the_stacks_own_authority",
    "test_caddy::test_the_certificate_is_for_servers_and_signs_no_others",
    "test_caddy::test_the_certificate_lasts_for_another_fortnight",
    "test_caddy::test_a_current_client_gets_the_current_protocol",
    "test_caddy::test_an_unknown_name_of_the_domain_gets_no_application",
    "test_caddy::test_every_route_has_a_suite_that_tells_its_application_apart",
    "test_caddy::test_the_door_measures_itself_for_prometheus",
)


def fault(name: str, seed: tuple[Step, ...], *red: str, reload: bool = True) -> Fault:
    return Fault(
        name=name,
        service="caddy",
        phase="phase0",
        seed=seed,
        red=tuple(check if "::" in check else f"test_caddy::{check}" for check in red),
        undo=(RELOAD,) if reload else None,
    )


def shown(name: str, certificate_step: Step, *red: str) -> Fault:
    """The front door shows another certificate; it reads the file when it starts."""
    return fault(name, (certificate_step, Recreate("caddy")), *red, reload=False)


FAULTS = (
    fault(
        "the root says that it is another stack",
        caddy('respond "Reference Stack - all phases"', 'respond "Another Stack"'),
        "test_the_root_says_which_stack_this_is",
    ),
    fault(
        "the root answers with an error page of the right words",
        caddy(
            'respond "Reference Stack - all phases"', 'respond "Reference Stack - all phases" 503'
        ),
        "test_the_root_says_which_stack_this_is",
        "test_every_route_has_a_suite_that_tells_its_application_apart",
        "test_the_door_measures_itself_for_prometheus",
    ),
    *(
        fault(
            f"{name} has another value",
            caddy(f"{name} {good}", f"{name} {bad}"),
            f"test_the_header_has_its_exact_value[{name}]",
            "test_every_host_carries_the_headers",
        )
        for name, (good, bad) in HEADERS.items()
    ),
    fault(
        "the server names itself",
        caddy("\t\t-Server\n", ""),
        "test_the_server_does_not_name_itself",
    ),
    fault(
        "one host goes without the headers",
        caddy(
            "docs.stack.local {\n\timport front\n\troot * /site\n\tfile_server",
            "docs.stack.local {\n\ttls /certs/stack.crt /certs/private/stack.key\n\trespond docs",
        ),
        "test_every_host_carries_the_headers",
    ),
    fault(
        "one application goes without the policy for its content",
        caddy(
            # With a path it is the outermost of the two, and so has the last word.
            "\treverse_proxy nextcloud:80\n",
            '\theader /* -Content-Security-Policy\n\trespond "Nextcloud"\n',
        ),
        "test_every_host_carries_the_headers",
    ),
    fault(
        "an unknown name leads to an application",
        caddy('respond "no such host" 421', "reverse_proxy prometheus:9090"),
        "test_an_unknown_name_of_the_domain_gets_no_application",
    ),
    fault(
        "a host was added and nobody tests it",
        caddy("docs.stack.local {", "orphan.stack.local, docs.stack.local {"),
        "test_every_route_has_a_suite_that_tells_its_application_apart",
    ),
    fault(
        "the door stays with TLS 1.2",
        caddy(
            "tls /certs/stack.crt /certs/private/stack.key",
            "tls /certs/stack.crt /certs/private/stack.key {\n\t\tprotocols tls1.2 tls1.2\n\t}",
        ),
        "test_a_current_client_gets_the_current_protocol",
    ),
    fault(
        "applications can be had by plain HTTP inside",
        caddy(
            "stack.local {\n\timport front\n\trespond",
            'http://stack.local {\n\trespond "plain"\n}\n\nstack.local {\n\timport front\n\trespond',
        ),
        "test_nobody_listens_for_plain_http",
    ),
    fault(
        "the TLS port answers plain HTTP with a redirect",
        caddy(
            "\tservers {\n",
            "\tservers {\n\t\tlistener_wrappers {\n\t\t\thttp_redirect\n\t\t\ttls\n\t\t}\n",
        ),
        "test_the_port_speaks_nothing_but_tls",
        "test_the_door_measures_itself_for_prometheus",
    ),
    fault(
        "every container may use the administration",
        (Edit(CADDYFILE, "admin 127.0.0.1:2019", "admin 0.0.0.0:2019"), Recreate("caddy")),
        "test_the_administration_refuses_other_containers",
        "test_the_administration_answers_inside_its_own_container",
        reload=False,
    ),
    fault(
        "the administration is switched off",
        (Edit(CADDYFILE, "admin 127.0.0.1:2019", "admin off"), Recreate("caddy")),
        "test_the_administration_answers_inside_its_own_container",
        reload=False,
    ),
    fault(
        "the door is not measured any more",
        caddy("handle /metrics {", "handle /elsewhere {"),
        "test_the_door_measures_itself_for_prometheus",
    ),
    fault(
        "the image was updated and the container was not",
        (Pin("caddy"),),
        "test_the_program_has_the_pinned_version",
        reload=False,
    ),
    shown(
        "the certificate is for the domain only",
        certificate(GOOD.replace(ALL_NAMES, "DNS:stack.local")),
        "test_every_host_carries_the_headers",
        "test_every_host_shows_a_certificate_that_verifies",
        "test_the_certificate_is_for_the_domain_and_its_subdomains",
        "test_an_unknown_name_of_the_domain_gets_no_application",
    ),
    shown(
        "the certificate is for somebody else, too",
        certificate(GOOD.replace(ALL_NAMES, f"{ALL_NAMES}, DNS:elsewhere.example")),
        "test_the_certificate_is_for_the_domain_and_its_subdomains",
    ),
    shown(
        "the certificate is for another domain",
        certificate(GOOD.replace(ALL_NAMES, "DNS:elsewhere.example")),
        *OVER_TLS,
    ),
    shown(
        "the certificate may be used by clients, too",
        certificate(GOOD.replace("serverAuth", "serverAuth, clientAuth")),
        "test_the_certificate_is_for_servers_and_signs_no_others",
    ),
    shown(
        "the certificate ends next week",
        certificate(GOOD, days=7),
        "test_the_certificate_lasts_for_another_fortnight",
    ),
    shown(
        "the certificate ended yesterday",
        certificate(GOOD, days=-1),
        *OVER_TLS,
    ),
    shown(
        "the certificate signs itself",
        Outside(
            "openssl req -x509 -new -key certs/private/stack.key -sha256 -days 397 -subj '/CN=own' "
            f"-addext 'subjectAltName = {ALL_NAMES}' -out certs/new.crt && "
            "cat certs/new.crt > certs/stack.crt && rm certs/new.crt"
        ),
        *OVER_TLS,
        "test_who_trusts_public_authorities_only_turns_away",
    ),
)
