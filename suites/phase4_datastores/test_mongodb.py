"""MongoDB works when documents can be written, found, counted and removed over the network.

The reference stack's server stands in for the real one and knows no users, so nothing is claimed
about passwords here.
"""

from collections.abc import Iterator
from typing import Any

import pymongo
import pymongo.collection
import pytest

from fixtures.own import own_name
from fixtures.typed import Inside, ReachFrom
from stacktest.application.running_stack import RunningStack

pytestmark = pytest.mark.service("mongodb")

Server = pymongo.MongoClient[dict[str, Any]]
Documents = pymongo.collection.Collection[dict[str, Any]]


@pytest.fixture
def server(inside: Inside) -> Iterator[Server]:
    host, port = inside("mongodb").address(27017)
    client: Server = pymongo.MongoClient(
        host, port, serverSelectionTimeoutMS=5000, directConnection=True
    )
    with client:
        yield client


@pytest.fixture
def collection(server: Server, request: pytest.FixtureRequest, run_id: str) -> Iterator[Documents]:
    """A collection of this test, dropped at the end."""
    name = own_name(request, run_id)
    yield server["stack"][name]
    server["stack"].drop_collection(name)
    assert name not in server["stack"].list_collection_names(), "left behind"


def test_it_answers(server: Server) -> None:
    assert server.admin.command("ping")["ok"] == 1.0


def test_what_was_written_can_be_read_back(collection: Documents) -> None:
    done = collection.insert_one({"_id": 1, "text": "zwei · два", "list": [1, 2]})
    assert done.inserted_id == 1
    assert collection.find_one({"_id": 1}) == {"_id": 1, "text": "zwei · два", "list": [1, 2]}


def test_only_what_fits_is_found(collection: Documents) -> None:
    collection.insert_many([{"n": number} for number in range(5)])
    assert collection.count_documents({"n": {"$gte": 3}}) == 2
    assert [d["n"] for d in collection.find({"n": {"$lt": 2}}).sort("n", -1)] == [1, 0]


def test_what_was_changed_stays_changed(collection: Documents) -> None:
    collection.insert_one({"_id": 1, "state": "old"})
    assert collection.update_one({"_id": 1}, {"$set": {"state": "new"}}).modified_count == 1
    assert collection.find_one({"_id": 1}) == {"_id": 1, "state": "new"}


def test_what_was_deleted_is_gone(collection: Documents) -> None:
    collection.insert_one({"_id": 1})
    assert collection.delete_one({"_id": 1}).deleted_count == 1
    assert collection.find_one({"_id": 1}) is None


def test_the_same_key_twice_is_refused(collection: Documents) -> None:
    collection.insert_one({"_id": 1})
    with pytest.raises(pymongo.errors.DuplicateKeyError):
        collection.insert_one({"_id": 1})


def test_documents_are_grouped(collection: Documents) -> None:
    collection.insert_many([{"kind": "a", "n": 1}, {"kind": "a", "n": 2}, {"kind": "b", "n": 5}])
    stages = [{"$group": {"_id": "$kind", "sum": {"$sum": "$n"}}}]
    assert {d["_id"]: d["sum"] for d in collection.aggregate(stages)} == {"a": 3, "b": 5}


def test_the_seeded_log_lines_are_there(server: Server) -> None:
    found = server["stack"]["logs"].find({}, {"_id": 0, "level": 1})
    assert sorted(document["level"] for document in found) == ["info", "warn"]


@pytest.mark.claim("P4.6")
def test_the_seeded_document_is_there(server: Server) -> None:
    found = server["stack"]["documents"].find({}, {"_id": 0, "title": 1})
    assert list(found) == [{"title": "Welcome"}]


def test_only_the_backend_has_a_way_to_the_server(
    reach_from: ReachFrom, stack: RunningStack
) -> None:
    assert reach_from("backend", "mongodb", 27017) == "open"
    assert reach_from("frontend", "mongodb", 27017) == "unresolved"
    assert stack.model.services["mongodb"].ports == ()
