"""The API works when it answers questions, and says of itself and of errors what is the matter."""

import statistics
import time

import pytest

pytestmark = pytest.mark.service("rag")


@pytest.mark.claim("X4")
def test_health(rag):
    response = rag.get("/health")
    assert response.status_code == 200
    document = response.json()
    assert document["status"] == "healthy"
    assert document["version"] == "0.1.0"
    assert 0 < document["memory_gb"] < 6
    assert document["vectorstore_loaded"] is True
    assert document["components"] == {"llm": True, "vectorstore": True, "redis": True}


def test_a_question_is_answered(rag):
    response = rag.post("/query", json={"query": "What leaves this machine?"})
    assert response.json() == {"response": "Nothing.", "counted_in": "redis"}


def test_what_is_not_in_the_documents_is_not_made_up(rag):
    response = rag.post("/query", json={"query": "Who won?"})
    assert response.json()["response"] == "That is not in the documents."


@pytest.mark.claim("X12")
def test_errors_have_one_form(rag):
    invalid, unknown = rag.post("/query", json={}), rag.get("/no-such-path")
    assert (invalid.status_code, unknown.status_code) == (400, 404)
    for response in (invalid, unknown):
        document = response.json()
        assert sorted(document) == [
            "category",
            "error_code",
            "http_status",
            "message",
            "request_id",
            "timestamp",
        ]
        assert document["http_status"] == response.status_code
        assert document["request_id"] == response.headers["X-Request-ID"]
    assert invalid.headers["X-Request-ID"] != unknown.headers["X-Request-ID"]


@pytest.mark.claim("X14")
def test_it_is_quick(rag):
    times = []
    for _ in range(21):
        begin = time.perf_counter()
        assert rag.post("/query", json={"query": "Who runs this?"}).status_code == 200
        times.append(time.perf_counter() - begin)
    assert statistics.median(times) < 0.5
