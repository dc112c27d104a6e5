"""Causes of services that are not up, each once."""

from stacktest.core.runs.start_failure import StartFailure, by_cause, with_dependants


def test_a_cause_of_several_services_is_told_once_with_all_of_them() -> None:
    expired = "the certificate of *.home.lan ended yesterday"
    failures = with_dependants(
        [
            StartFailure(service="wiki", cause=expired, hint="renew it", details=("running",)),
            StartFailure(service="db", cause="db exited 3", where="service db", details=("|",)),
            StartFailure(service="blog", cause=expired, hint="renew it", details=("running",)),
        ],
        {"app": ["db"]},
    )
    shared, single = by_cause(failures)
    assert shared.lines() == [
        f"error: {expired}",
        "  at: services blog, wiki",
        "  hint: renew it",
    ]
    assert single == failures["db"]
