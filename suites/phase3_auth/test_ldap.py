"""The directory works when its people can bind, and nobody sees or changes what they should not.

An open port means nothing: while it is seeded, the server already listens with half of the tree.
"""

from collections.abc import Iterator

import ldap3
import pytest
from ldap3.core.connection import Connection

from fixtures.directory import (
    BASE,
    GROUPS,
    INSUFFICIENT_RIGHTS,
    INVALID_CREDENTIALS,
    NO_SUCH_OBJECT,
    ROOT,
    SUCCESS,
    USERS,
    connection,
    do_bind,
    do_search,
)
from fixtures.own import own_name
from fixtures.people import NOBODY, secret
from fixtures.typed import Inside, ReachFrom
from fixtures.versions import verify_version
from stacktest.adapters.network.service_access import ServiceAccess
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("ldap")

SEEDED = "(&(objectClass=inetOrgPerson)(!(uid=stacktest_*)))"
PEOPLE = ("admin", "observer", "operator", "viewer")


@pytest.fixture
def ldap(inside: Inside) -> ServiceAccess:
    return inside("ldap")


@pytest.fixture
def root_password(stack: RunningStack) -> str:
    return secret(stack, "ldap", "LDAP_ADMIN_PASSWORD")


@pytest.fixture
def directory(ldap: ServiceAccess, root_password: str) -> Iterator[Connection]:
    """A connection as the directory's own administrator."""
    with connection(ldap, ROOT, root_password) as bound:
        assert bound.result["result"] == SUCCESS
        yield bound


@pytest.fixture
def newcomer(
    directory: Connection, request: pytest.FixtureRequest, run_id: str
) -> Iterator[tuple[str, str]]:
    """A person of this test, deleted at the end."""
    uid = own_name(request, run_id)
    name, password = f"uid={uid},{USERS}", f"pw-{uid}"
    person = {"cn": "New Comer", "sn": "Comer", "userPassword": password}
    assert directory.add(name, "inetOrgPerson", person), directory.result
    yield name, password
    directory.delete(name)
    assert do_search(directory, USERS, f"(uid={uid})") == {}, "left behind"


def password_of(stack: RunningStack, person: str) -> str:
    return secret(stack, "ldap", f"LDAP_PASSWORD_{person.upper()}")


def test_the_program_has_the_pinned_version(ldap: ServiceAccess, stack: RunningStack) -> None:
    said = ldap.run("slapd", "-VV").err
    verify_version(said.partition("slapd ")[2], stack, "ldap")


def test_its_administrator_finds_the_whole_tree(directory: Connection) -> None:
    units = do_search(directory, BASE, "(objectClass=organizationalUnit)")
    assert set(units) == {USERS, GROUPS}


@pytest.mark.claim("P3.1")
def test_exactly_the_seeded_people_are_there(directory: Connection) -> None:
    found = do_search(directory, USERS, SEEDED, "uid")
    assert sorted(entry["uid"][0] for entry in found.values()) == sorted(PEOPLE)


@pytest.mark.parametrize("person", PEOPLE)
def test_the_person_binds_with_the_documented_password(
    ldap: ServiceAccess, stack: RunningStack, person: str
) -> None:
    assert do_bind(ldap, f"uid={person},{USERS}", password_of(stack, person)) == SUCCESS


@pytest.mark.claim("P3.2")
@pytest.mark.parametrize("person", PEOPLE)
def test_the_person_is_in_the_group_of_that_name_only(directory: Connection, person: str) -> None:
    member = f"(uniqueMember=uid={person},{USERS})"
    assert list(do_search(directory, GROUPS, member)) == [f"cn={person}s,{GROUPS}"]


def test_membership_can_be_read_from_the_person_too(directory: Connection) -> None:
    found = do_search(directory, USERS, "(uid=viewer)", "memberOf")
    assert found[f"uid=viewer,{USERS}"]["memberOf"] == [f"cn=viewers,{GROUPS}"]


def test_every_member_of_a_group_is_a_person(directory: Connection) -> None:
    groups = do_search(directory, GROUPS, "(objectClass=groupOfUniqueNames)", "uniqueMember")
    members = {member for group in groups.values() for member in group["uniqueMember"]}
    assert members == {f"uid={person},{USERS}" for person in PEOPLE}
    assert members == set(do_search(directory, USERS, SEEDED))


def test_every_person_has_a_mail_address(directory: Connection) -> None:
    found = do_search(directory, USERS, SEEDED, "mail")
    mails = sorted(entry["mail"][0] for entry in found.values())
    assert mails == [f"{person}@stack.local" for person in PEOPLE]


def test_a_stranger_cannot_bind(ldap: ServiceAccess) -> None:
    assert do_bind(ldap, f"uid={NOBODY},{USERS}", "not-the-password") == INVALID_CREDENTIALS


def test_a_wrong_password_is_refused(ldap: ServiceAccess, newcomer: tuple[str, str]) -> None:
    name, password = newcomer
    assert do_bind(ldap, name, f"not-{password}") == INVALID_CREDENTIALS


def test_who_does_not_bind_sees_nothing(ldap: ServiceAccess) -> None:
    with connection(ldap) as anonymous:
        assert anonymous.result["result"] == SUCCESS
        assert do_search(anonymous, BASE, "(objectClass=*)") == {}
        assert anonymous.result["result"] == NO_SUCH_OBJECT


def test_a_person_sees_only_themself(ldap: ServiceAccess, stack: RunningStack) -> None:
    viewer = f"uid=viewer,{USERS}"
    with connection(ldap, viewer, password_of(stack, "viewer")) as bound:
        assert list(do_search(bound, viewer, "(objectClass=*)")) == [viewer]
        assert do_search(bound, f"uid=admin,{USERS}", "(objectClass=*)") == {}


def test_a_person_cannot_change_the_groups(ldap: ServiceAccess, stack: RunningStack) -> None:
    viewer = f"uid=viewer,{USERS}"
    with connection(ldap, viewer, password_of(stack, "viewer")) as bound:
        change = {"uniqueMember": [(ldap3.MODIFY_ADD, [viewer])]}
        bound.modify(f"cn=admins,{GROUPS}", change)
        assert bound.result["result"] == INSUFFICIENT_RIGHTS


def test_passwords_are_stored_as_hashes(directory: Connection) -> None:
    found = do_search(directory, USERS, SEEDED, "userPassword")
    stored = [entry["userPassword"][0] for entry in found.values()]
    assert [value[:6] for value in stored] == ["{SSHA}"] * len(PEOPLE)


def test_a_new_person_can_bind_at_once_and_not_after_leaving(
    ldap: ServiceAccess, directory: Connection, newcomer: tuple[str, str]
) -> None:
    name, password = newcomer
    assert do_bind(ldap, name, password) == SUCCESS
    assert directory.delete(name)
    assert do_bind(ldap, name, password) == INVALID_CREDENTIALS


def test_only_the_backend_has_a_way_to_the_directory(
    reach_from: ReachFrom, stack: RunningStack
) -> None:
    assert reach_from("backend", "ldap", 389) == "open"
    assert reach_from("frontend", "ldap", 389) == "unresolved"
    assert stack.model.services["ldap"].ports == ()
