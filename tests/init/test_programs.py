"""What a known program answers is not what programs of one's own answer, too."""

import json
from typing import Any

import pytest

from stacktest.init.look.answer import RecordedAnswer
from stacktest.init.programs import PROGRAMS
from stacktest.init.suites import checks_of


@pytest.mark.parametrize(
    "document",
    [
        {"status": "ok", "database": "ok"},
        {"status": "ok", "checks": {"database": {"status": "ok"}}},
        {"version": "1.2.3"},
        {"name": "shop", "version": "1.2.3"},
    ],
)
def test_no_known_program_is_taken_to_answer_what_many_programs_answer(
    document: dict[str, Any],
) -> None:
    headers = {"content-type": "application/json"}
    answer = RecordedAnswer(status=200, headers=headers, text=json.dumps(document))
    for program in PROGRAMS:
        expected = program.answer
        # A path with the program's own name is asked of no other program.
        if expected is None or program.name.lower() in expected.path:
            continue
        assert not all(check.holds(answer) for check in checks_of(expected)), program.name
        assert expected.marker not in answer.shown, program.name
