"""Redis works when each of the two instances keeps what it is given, apart from the other one.

The two run the same program, so one file holds what is claimed of each of them.
"""

from collections.abc import Iterator

import pytest
import redis
from redis.client import Redis

from fixtures import keyvalue
from fixtures.own import own_name
from fixtures.typed import Inside, ReachFrom
from fixtures.versions import verify_version
from fixtures.waiting import within
from stacktest.application.running_stack import RunningStack

INSTANCES = ("outline-redis", "redis")


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.service(name)) for name in INSTANCES])
def instance(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def store(inside: Inside, instance: str) -> Iterator[Redis]:
    with keyvalue.session(inside(instance)) as client:
        yield client


@pytest.fixture
def key(store: Redis, request: pytest.FixtureRequest, run_id: str) -> Iterator[str]:
    """The name of a key of this test, deleted at the end."""
    name = own_name(request, run_id)
    yield name
    store.delete(name)
    assert store.exists(name) == 0, "left behind"


def test_it_answers(store: Redis) -> None:
    assert store.ping() is True


def test_the_program_has_the_pinned_version(
    store: Redis, stack: RunningStack, instance: str
) -> None:
    verify_version(store.info("server")["redis_version"], stack, instance)


def test_what_was_written_can_be_read_back(store: Redis, key: str) -> None:
    assert store.set(key, "zwei · два", ex=60) is True
    assert store.get(key) == "zwei · два"
    assert store.delete(key) == 1
    assert store.get(key) is None


def test_what_has_a_lifetime_ends(store: Redis, key: str) -> None:
    assert store.set(key, "soon gone", px=60_000) is True
    assert 0 < store.pttl(key) <= 60_000
    assert store.pexpire(key, 0) is True
    assert store.exists(key) == 0


def test_a_list_is_a_queue(store: Redis, key: str) -> None:
    assert store.rpush(key, "first", "second") == 2
    assert store.lpop(key) == "first"
    assert store.expire(key, 60) is True


def test_a_subscriber_hears_what_is_published(store: Redis, key: str) -> None:
    with store.pubsub() as subscriber:
        subscriber.subscribe(key)
        assert subscriber.get_message(timeout=5)["type"] == "subscribe"
        assert store.publish(key, "hello") == 1
        assert subscriber.get_message(timeout=5)["data"] == "hello"


def test_it_is_its_own_master_and_may_be_written_to(store: Redis) -> None:
    said = store.info("replication")
    assert said["role"] == "master"
    assert said["connected_slaves"] == 0


def test_it_writes_to_disk_after_a_minute(store: Redis) -> None:
    assert store.config_get("save") == {"save": "60 1"}


def test_it_can_write_to_disk_now(store: Redis) -> None:
    for attempt in within(10):
        with attempt:
            # It saves by itself, too, and refuses to begin another time meanwhile.
            assert store.info("persistence")["rdb_bgsave_in_progress"] == 0
    store.bgsave(schedule=True)
    for attempt in within(10):
        with attempt:
            assert store.info("persistence")["rdb_bgsave_in_progress"] == 0
    assert store.info("persistence")["rdb_last_bgsave_status"] == "ok"


def test_it_throws_nothing_away_when_memory_is_short(store: Redis) -> None:
    assert store.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


def test_a_wrong_type_is_refused(store: Redis, key: str) -> None:
    assert store.set(key, "no list", ex=60) is True
    with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
        store.lpush(key, "x")


@pytest.mark.claim("P4.5")
@pytest.mark.service(*INSTANCES)
def test_the_other_instance_does_not_have_its_keys(
    store: Redis, inside: Inside, instance: str, key: str
) -> None:
    assert store.set(key, "mine", ex=60) is True
    (other,) = set(INSTANCES) - {instance}
    with keyvalue.session(inside(other)) as elsewhere:
        assert elsewhere.get(key) is None
        assert elsewhere.info("server")["run_id"] != store.info("server")["run_id"]


@pytest.mark.claim("P0.6")
def test_only_the_backend_has_a_way_to_the_server(
    reach_from: ReachFrom, stack: RunningStack, instance: str
) -> None:
    assert reach_from("backend", instance, 6379) == "open"
    assert reach_from("frontend", instance, 6379) == "unresolved"
    assert stack.model.services[instance].ports == ()
