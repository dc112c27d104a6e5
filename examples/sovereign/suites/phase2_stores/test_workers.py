"""A worker works when it takes entries from its queue."""

import pytest


@pytest.fixture
def pass_on(cli, run_id, within):
    def wait_for_entry(queue):
        cli("rpush", f"{queue}:todo", run_id)
        for attempt in within(10):
            with attempt:
                assert run_id in cli("lrange", f"{queue}:done", "0", "-1").split()

    return wait_for_entry


@pytest.mark.service("curation_worker")
def test_an_entry_is_curated(pass_on, inside):
    pass_on("curation")
    assert inside("curation_worker").run("test", "-e", "/tmp/works").code == 0


@pytest.mark.service("crawler")
def test_an_entry_is_crawled(pass_on, inside):
    pass_on("crawl")
    assert inside("crawler").run("test", "-e", "/tmp/works").code == 0
