"""The stores of the reference stack with known orders in them, and how their backups rot.

Every store holds orders and customers: rows of a number and a word. Scripts for its own container write
and read them, one row a line; a test reads them again from whatever a backup brings back.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

Row = tuple[int, str]
KINDS = ("orders", "customers")


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """One store, by shell scripts for its container; `KIND` stands for orders or customers."""

    write: str
    """Makes what holds rows, and reads rows from standard input."""
    read: str
    remove: str
    roles: str = ""
    """Prints `yes` where those who own the data may use it."""
    make_roles: str = ""
    dump: str = ""
    """Name of the text in its backup; empty: files of its own format."""


_PG = 'PGPASSWORD=$POSTGRES_PASSWORD psql -qAtX -v ON_ERROR_STOP=1 -F " " -h 127.0.0.1 -U "$POSTGRES_USER" "$POSTGRES_DB"'
_SQL = "MYSQL_PWD=$MARIADB_PASSWORD mariadb --no-defaults -N -h 127.0.0.1 -u stack stack"
_CLICK = (
    'curl -fsS -H "X-ClickHouse-User: stack" -H "X-ClickHouse-Key: $CLICKHOUSE_PASSWORD"'
    " http://127.0.0.1:8123/ --data-binary"
)
_LDAP = '-x -H ldap://127.0.0.1 -D cn=admin,dc=stack,dc=local -w "$LDAP_ADMIN_PASSWORD"'
_MONGO = (
    "/opt/mongo/bin/python -c 'import sys, pymongo\n"
    'kind = pymongo.MongoClient("127.0.0.1", 27017)["shop"]["KIND"]\n'
)
_POSTGRES = Store(
    write=f'{{ echo "CREATE TABLE IF NOT EXISTS KIND (id int, word text);"; echo "COPY KIND FROM STDIN (DELIMITER \' \');"; '
    f"cat; echo '\\.'; }} | {_PG}",
    read=f'{_PG} -c "SELECT id, word FROM KIND ORDER BY id"',
    remove=f'{_PG} -c "DELETE FROM KIND"',
    roles=f"{_PG} -c \"SELECT 'yes' FROM pg_tables WHERE tablename = 'orders' AND tableowner = current_user\"",
    dump="dump.sql",
)
_REDIS = Store(
    write="while read -r row; do echo \"RPUSH KIND '$row'\"; done | redis-cli >/dev/null",
    read="redis-cli LRANGE KIND 0 -1",
    remove="redis-cli DEL KIND",
)

STORES: Mapping[str, Store] = {
    "mariadb": Store(
        write=f'{{ echo "CREATE TABLE IF NOT EXISTS KIND (id int, word varchar(40)); INSERT INTO KIND VALUES"; '
        f"sed \"s/\\(.*\\) \\(.*\\)/(\\1, '\\2'),/; \\$ s/,$/;/\"; }} | {_SQL}",
        read=f"{_SQL} -e \"SELECT concat(id, ' ', word) FROM KIND ORDER BY id\"",
        remove=f'{_SQL} -e "DELETE FROM KIND"',
        make_roles=f'{_SQL} -e "CREATE OR REPLACE VIEW newest AS SELECT max(id) AS id FROM orders"',
        roles=f"{_SQL} -e \"SELECT if(id > 0, 'yes', 'no') FROM newest\"",
        dump="dump.sql",
    ),
    "paperless-postgres": _POSTGRES,
    "planka-postgres": _POSTGRES,
    "outline-postgres": _POSTGRES,
    "redis": _REDIS,
    "outline-redis": _REDIS,
    "ldap": Store(
        write="{ echo 'dn: ou=KIND,dc=stack,dc=local\nobjectClass: organizationalUnit\n'; "
        'while read -r id word; do echo "dn: cn=$id,ou=KIND,dc=stack,dc=local\nobjectClass: organizationalRole\n'
        f'cn: $id\ndescription: $word\n"; done; }} | ldapadd -c {_LDAP} >/dev/null 2>&1 || true',
        read=f'ldapsearch {_LDAP} -LLL -o ldif-wrap=no -b ou=KIND,dc=stack,dc=local "(cn=*)" cn description | '
        "awk '/^cn: /{c=$2} /^description: /{d=$2} /^$/{print c, d}'",
        remove=f"ldapdelete -r {_LDAP} ou=KIND,dc=stack,dc=local",
        roles=f"ldapsearch {_LDAP} -LLL -b cn=admins,ou=groups,dc=stack,dc=local uniqueMember | "
        "grep -q 'uid=admin,' && echo yes",
        dump="tree.ldif",
    ),
    "clickhouse": Store(
        write=f"{_CLICK} 'CREATE TABLE IF NOT EXISTS KIND (id UInt32, word String) ENGINE = MergeTree() PARTITION BY tuple() ORDER BY id'"
        f" && {{ echo 'INSERT INTO KIND FORMAT TabSeparated'; tr ' ' '\t'; }} | {_CLICK} @-",
        read=f"{_CLICK} 'SELECT id, word FROM KIND ORDER BY id FORMAT TabSeparated'",
        remove=f"{_CLICK} 'DROP TABLE KIND'",
        dump="orders.sql",
    ),
    "mongodb": Store(
        write=_MONGO
        + 'kind.insert_many([{"_id": int(a), "word": b} for a, b in map(str.split, sys.stdin)])\'',
        read=_MONGO
        + 'print(*[str(d["_id"]) + " " + d["word"] for d in kind.find().sort("_id", 1)], sep="\\n")\'',
        remove=_MONGO + "kind.delete_many({})'",
        dump="dump.json",
    ),
}

SUITE = '''\
"""A store works when it holds the orders and the customers that were written to it, and nobody lost a right."""

import json
from pathlib import Path

import pytest

STORES = json.loads((Path(__file__).parent / "orders.json").read_text())
ALL = [pytest.param(name, marks=pytest.mark.service(name)) for name in STORES]
OWNED = [pytest.param(name, marks=pytest.mark.service(name)) for name in STORES if STORES[name]["roles"]]


def rows(inside, name, kind):
    done = inside(name).run("sh", "-c", STORES[name]["read"].replace("KIND", kind))
    assert done.code == 0
    return sorted([line.split() for line in done.out.splitlines()], key=lambda row: int(row[0]))


@pytest.mark.parametrize("name", ALL)
def test_no_order_is_lost(inside, name):
    expected = STORES[name]["orders"]
    assert rows(inside, name, "orders")[: len(expected) - 10] == expected[:-10]


@pytest.mark.parametrize("name", ALL)
def test_the_newest_order_is_there(inside, name):
    assert rows(inside, name, "orders")[-1:] == STORES[name]["orders"][-1:]


@pytest.mark.parametrize("name", ALL)
def test_the_customers_are_there(inside, name):
    assert rows(inside, name, "customers") == STORES[name]["customers"]


@pytest.mark.parametrize("name", OWNED)
def test_the_owner_may_use_them(inside, name):
    assert inside(name).run("sh", "-c", STORES[name]["roles"]).out.split() == ["yes"]
'''


def manifest(rows: Mapping[str, Iterable[Row]]) -> str:
    """What the suite reads: for each store the scripts that read it, and the rows that it has to hold."""
    texts = {kind: [[str(key), word] for key, word in rows[kind]] for kind in KINDS}
    return json.dumps(
        {
            name: {"read": store.read, "roles": store.roles, **texts}
            for name, store in STORES.items()
        }
    )


Change = Callable[[Path, str], bool]
"""Makes the unpacked backup of a store rot; False where there is no such rot for it."""


def cut(folder: Path, _: str) -> bool:
    """Every file ends after 60 % of its bytes."""
    for path in _files(folder):
        path.write_bytes(path.read_bytes()[: path.stat().st_size * 3 // 5])
    return True


def empty(folder: Path, _: str) -> bool:
    """Every file is there, and has nothing in it."""
    for path in _files(folder):
        path.write_bytes(b"")
    return True


def other_version(folder: Path, name: str) -> bool:
    """As a later version of the program would have written it."""
    store = STORES[name]
    if not store.dump:
        for path in _files(folder):
            path.write_bytes(b"REDIS0099" + path.read_bytes()[9:])
        return True
    path = folder / store.dump
    text = path.read_text()
    path.write_text(_LATER[store.dump if "postgres" not in name else "postgres"](text))
    return path.read_text() != text


def missing_role(folder: Path, name: str) -> bool:
    """Who owns the data, or who may use it, is not there."""
    store = STORES[name]
    if not store.roles:
        return False
    path = folder / store.dump
    text = path.read_text()
    if "postgres" in name:
        new = re.sub(r"OWNER TO \w+;", "OWNER TO accounting;", text)
    elif name == "mariadb":
        new = text.replace("DEFINER=`stack`@", "DEFINER=`accounting`@")
    else:
        new = re.sub(r"dn: cn=admins,ou=groups.*?\n\n", "", text, flags=re.DOTALL)
    path.write_text(new)
    return new != text


# Private

_LATER: Mapping[str, Callable[[str], str]] = {
    "postgres": lambda text: f"SET transaction_timeout = 0;\n{text}",
    "dump.sql": lambda text: re.sub(r"COLLATE=\w+", "COLLATE=utf8mb4_0900_ai_ci", text),
    "tree.ldif": lambda text: text.replace(
        "objectClass: organizationalRole", "objectClass: shopOrder"
    ),
    "orders.sql": lambda text: text.replace("String", "Variant(String, UInt64)"),
    "dump.json": lambda text: json.dumps({"format": 2, "databases": json.loads(text)}),
}


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
