"""Faults of phase 3: the sign-in portal."""

from tests.faults.catalogue.common import Suite
from tests.faults.catalogue.directory import AS_ROOT, BASE
from tests.faults.model import Fault, Inside

authelia = Suite("authelia", "phase3", "test_authelia", upstream="authelia:9091", needs=("ldap",))
NATIVE = "test_who_comes_around_the_front_door_is_refused"
ASKS_THE_DIRECTORY = (
    "test_the_person_signs_in_and_out",
    "test_the_session_belongs_to_the_domain_and_to_tls",
    "test_a_person_signs_in_on_the_page",
)

FAULTS: tuple[Fault, ...] = (
    *authelia.behind_the_door(NATIVE),
    authelia.fault(
        "a person has another password in the directory",
        (Inside("ldap", f"ldappasswd {AS_ROOT} -s other uid=operator,ou=users,{BASE}"),),
        "test_the_person_signs_in_and_out[operator]",
        "test_a_person_signs_in_on_the_page",
        more=("authelia",),
    ),
    authelia.fault(
        "nobody is in the directory",
        (Inside("ldap", f"ldapdelete -r {AS_ROOT} ou=users,{BASE}"),),
        *ASKS_THE_DIRECTORY,
        more=("authelia",),
    ),
    authelia.changed(
        "      DOMAIN: stack.local\n      AUTHELIA",
        "      DOMAIN: other.local\n      AUTHELIA",
        "it was made for another domain",
        *ASKS_THE_DIRECTORY,
        "test_a_stranger_is_nobody",
        "test_a_made_up_name_is_refused",
    ),
    authelia.patched(
        "authelia",
        "s/if not ours(ask):/if False:/",
        "it answers whoever comes around the front door",
        NATIVE,
    ),
)
