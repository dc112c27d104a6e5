"""Faults of phase 3: the directory."""

from tests.faults.model import Edit, Fault, Inside, Outside, Pin, Recreate, Step

BASE = "dc=stack,dc=local"
AS_ROOT = f'-x -H ldap://127.0.0.1 -D cn=admin,{BASE} -w "$LDAP_ADMIN_PASSWORD"'


def modify(ldif: str) -> Inside:
    return Inside("ldap", f"printf '{ldif}' | ldapmodify {AS_ROOT}")


def ldap(name: str, seed: tuple[Step, ...], *red: str, but: tuple[str, ...] = ()) -> Fault:
    return Fault(
        name=name,
        service="ldap",
        phase="phase3",
        seed=seed,
        red=tuple(f"test_ldap::{check}" for check in red),
        but=tuple(f"test_ldap::{check}" for check in but),
    )


NETWORK = "    profiles: [auth]\n    networks: [backend]\n    environment:\n      LDAP_DOMAIN"
RULES = '    volumes: ["ldap:/var/lib/ldap"]'
RULES_FILE = "/usr/local/share/ldap/slapd.ldif"


def with_rules(change: str) -> tuple[Step, ...]:
    """The server is configured by a changed copy of the file that its image brings."""
    return (
        Outside(f"docker exec $PROJECT-ldap-1 cat {RULES_FILE} | sed '{change}' > rules.ldif"),
        Edit("docker-compose.yml", RULES, RULES.replace("]", f', "./rules.ldif:{RULES_FILE}:ro"]')),
        Recreate("ldap"),
    )


FAULTS = (
    ldap(
        "a person has another password than the documented one",
        (Inside("ldap", f"ldappasswd {AS_ROOT} -s other uid=operator,ou=users,{BASE}"),),
        "test_the_person_binds_with_the_documented_password[operator]",
    ),
    ldap(
        "a person was deleted",
        (Inside("ldap", f"ldapdelete {AS_ROOT} uid=observer,ou=users,{BASE}"),),
        "test_exactly_the_seeded_people_are_there",
        "test_the_person_binds_with_the_documented_password[observer]",
        "test_every_member_of_a_group_is_a_person",
        "test_every_person_has_a_mail_address",
        "test_passwords_are_stored_as_hashes",
    ),
    ldap(
        "somebody added themself",
        (
            modify(
                f"dn: uid=mallory,ou=users,{BASE}\\nchangetype: add\\nobjectClass: inetOrgPerson\\n"
                "cn: Mallory\\nsn: Mallory\\nmail: mallory@stack.local\\nuserPassword: secret\\n"
            ),
        ),
        "test_exactly_the_seeded_people_are_there",
        "test_every_member_of_a_group_is_a_person",
        "test_every_person_has_a_mail_address",
        "test_passwords_are_stored_as_hashes",
    ),
    ldap(
        "a viewer became an administrator",
        (
            modify(
                f"dn: cn=admins,ou=groups,{BASE}\\nchangetype: modify\\nadd: uniqueMember\\n"
                f"uniqueMember: uid=viewer,ou=users,{BASE}\\n"
            ),
        ),
        "test_the_person_is_in_the_group_of_that_name_only[viewer]",
        "test_membership_can_be_read_from_the_person_too",
    ),
    ldap(
        "a mail address was changed",
        (
            modify(
                f"dn: uid=viewer,ou=users,{BASE}\\nchangetype: modify\\nreplace: mail\\n"
                "mail: viewer@elsewhere.example\\n"
            ),
        ),
        "test_every_person_has_a_mail_address",
    ),
    ldap(
        "a branch of the tree was added",
        (modify(f"dn: ou=machines,{BASE}\\nchangetype: add\\nobjectClass: organizationalUnit\\n"),),
        "test_its_administrator_finds_the_whole_tree",
    ),
    ldap(
        "the directory is empty",
        (Inside("ldap", f"ldapdelete -r {AS_ROOT} ou=users,{BASE} ou=groups,{BASE}"),),
        "*",
        but=(
            "test_a_stranger_cannot_bind",
            "test_who_does_not_bind_sees_nothing",
            "test_only_the_backend_has_a_way_to_the_directory",
            "test_the_program_has_the_pinned_version",
        ),
    ),
    ldap(
        "the directory's administrator has another password",
        (
            Edit(
                "docker-compose.yml",
                "LDAP_ADMIN_PASSWORD: ${LDAP_ADMIN_PASSWORD}",
                "LDAP_ADMIN_PASSWORD: other",
            ),
            Recreate("ldap"),
            Edit(
                "docker-compose.yml",
                "LDAP_ADMIN_PASSWORD: other",
                "LDAP_ADMIN_PASSWORD: ${LDAP_ADMIN_PASSWORD}",
            ),
        ),
        "test_its_administrator_finds_the_whole_tree",
        "test_exactly_the_seeded_people_are_there",
        "test_the_person_is_in_the_group_of_that_name_only",
        "test_membership_can_be_read_from_the_person_too",
        "test_every_member_of_a_group_is_a_person",
        "test_every_person_has_a_mail_address",
        "test_a_wrong_password_is_refused",
        "test_passwords_are_stored_as_hashes",
        "test_a_new_person_can_bind_at_once_and_not_after_leaving",
    ),
    ldap(
        "strangers may read",
        with_rules("s/by self read by \\* none/by * read/"),
        "test_who_does_not_bind_sees_nothing",
        "test_a_person_sees_only_themself",
    ),
    ldap(
        "whoever binds may write",
        with_rules("s/by self read by \\* none/by users write by * none/"),
        "test_a_person_sees_only_themself",
        "test_a_person_cannot_change_the_groups",
    ),
    ldap(
        "a password is stored as it is",
        (
            Inside(
                "ldap",
                f"printf 'dn: uid=viewer,ou=users,{BASE}\\nchangetype: modify\\nreplace: userPassword\\n"
                f'userPassword: %s\\n\' "$LDAP_PASSWORD_VIEWER" | ldapmodify {AS_ROOT}',
            ),
        ),
        "test_passwords_are_stored_as_hashes",
    ),
    ldap(
        "the frontend can reach the directory",
        (
            Edit(
                "docker-compose.yml", NETWORK, NETWORK.replace("[backend]", "[frontend, backend]")
            ),
            Recreate("ldap"),
        ),
        "test_only_the_backend_has_a_way_to_the_directory",
    ),
    ldap(
        "something that only sleeps runs instead of the directory",
        (
            Edit("docker-compose.yml", NETWORK, f"    entrypoint: [sleep, infinity]\n{NETWORK}"),
            Recreate("ldap"),
        ),
        "*",
        but=("test_the_program_has_the_pinned_version",),
    ),
    ldap(
        "the image was updated and the directory was not",
        (Pin("ldap"),),
        "test_the_program_has_the_pinned_version",
    ),
)
