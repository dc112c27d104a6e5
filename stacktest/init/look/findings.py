"""The tests that a stack's recorded answers support: per service, and for its front door.

A check is kept only if it refuses every recorded answer of every other service, and the answers
that come when a program is missing (`impostors`).
"""

from collections.abc import Collection, Iterator, Mapping

from msgspec import Struct

from stacktest.init.look.answer import RecordedAnswer
from stacktest.init.look.candidates import candidates
from stacktest.init.look.checks import JSON_CHECKS, Check, Shown
from stacktest.init.look.choice import Choice, Others, choose, is_of_a_server
from stacktest.init.look.impostors import IMPOSTORS
from stacktest.init.look.look import Look, Visit

LANDING = "/"
NOWHERE = "/stacktest-no-such-page"
"""A path that no program has."""
ANYBODY = "another program"
_FEWEST_STATUS_OF_REDIRECT = 300
_FEWEST_STATUS_OF_REFUSAL = 400
_FEWEST_STATUS_OF_FAILURE = 500
_NOT_FOUND = frozenset({400, 404, 405, 406})
"""Statuses of a program that does not have the path; used only if there is no better answer."""
_TOO_MANY = 429


class Question(Struct, frozen=True, kw_only=True):
    """A request, and the checks that only this service's answer passes."""

    path: str
    choice: Choice
    is_page: bool = False

    @property
    def is_followed(self) -> bool:
        """Whether redirects are followed: not if the answer is a redirect to another host."""
        return not _FEWEST_STATUS_OF_REDIRECT <= self.choice.status < _FEWEST_STATUS_OF_REFUSAL

    @property
    def lines(self) -> tuple[str, ...]:
        """The assertions in Python; those on a JSON document last."""
        about = [check.line for check in self.choice.checks if isinstance(check, JSON_CHECKS)]
        plain = [check.line for check in self.choice.checks if check.line not in about]
        return (*plain, *(["document = response.json()"] if about else []), *about)


class Finding(Struct, frozen=True, kw_only=True):
    """The questions for one service, and the address to which they are sent."""

    visit: Visit
    questions: tuple[Question, ...]

    @property
    def confused(self) -> tuple[str, ...]:
        """Other services that pass every one of the questions."""
        common = [set(question.choice.confused) for question in self.questions]
        return tuple(sorted(set.intersection(*common)))


class Doorway(Struct, frozen=True, kw_only=True):
    """A row of the front door's test: a request to a host, and the marker in its answer."""

    host: str
    path: str
    status: int
    marker: str


def findings(look: Look) -> Mapping[str, Finding]:
    """Service → its questions, at the first of its addresses that has any."""
    result: dict[str, Finding] = {}
    for visit in look.visits:
        if visit.service and visit.service not in result and (finding := _finding(visit, look)):
            result[visit.service] = finding
    return result


def doorways(look: Look) -> tuple[Doorway, ...]:
    """A row for each host name, and for each path below it that leads to another service."""
    return tuple(row for visit in look.visits if visit.host for row in _doorway(visit, look))


def confirmed(checks: Collection[Check], path: str, look: Look, service: str) -> bool:
    """Whether the checks of a known program hold for the service, and for no other one."""
    visits = [visit for visit in look.visits if visit.service == service and visit.host]
    for visit in visits or [visit for visit in look.visits if visit.service == service]:
        answers = visit.answers.get(path, ())
        if not answers or not all(_is_ok(answer, checks) for answer in answers):
            return False
        others = _others(visit, look)
        if any(_is_ok(answer, checks) for group in others.values() for answer in group):
            return False
    return bool(visits) or any(visit.service == service for visit in look.visits)


# Private

_OK = 200


def _is_ok(answer: RecordedAnswer, checks: Collection[Check]) -> bool:
    return answer.status == _OK and all(check.holds(answer) for check in checks)


def _questions(visit: Visit, look: Look) -> list[Question]:
    """Every question that distinguishes this address, the landing page first."""
    others = _others(visit, look)
    questions = []
    for path, answers in _usable(visit):
        status, suggestions = answers[0].status, candidates(answers, look.secrets)
        if status in _NOT_FOUND:
            suggestions = [check for check in suggestions if not is_of_a_server(check)]
        choice = choose(status, suggestions, others)
        if choice and ANYBODY not in choice.confused:
            full, is_page = visit.prefix + path, answers[0].is_page
            questions.append(Question(path=full, choice=choice, is_page=is_page))
    return questions


def _best(questions: list[Question]) -> tuple[Question, ...]:
    """The best one or two questions: the first one, and one whose answer is not a page."""
    if not questions:
        return ()
    fewest = min(len(question.choice.confused) for question in questions)
    best = [question for question in questions if len(question.choice.confused) == fewest]
    missing = [question for question in best if question.choice.status in _NOT_FOUND]
    best = [question for question in best if question not in missing] or missing
    # A second page proves little: a single-page program sends its page at every path.
    return tuple([best[0], *(question for question in best[1:] if not question.is_page)][:2])


def _usable(visit: Visit) -> Iterator[tuple[str, tuple[RecordedAnswer, ...]]]:
    """Paths with equal statuses in the service's own answers, except for its "not found" page."""
    nowhere = {answer.text for answer in visit.answers.get(NOWHERE, ())}
    for path, answers in visit.answers.items():
        statuses = {answer.status for answer in answers}
        if len(statuses) != 1 or path == NOWHERE or path not in visit.credited:
            continue
        status = statuses.pop()
        is_everywhere = path != LANDING and answers[0].text in nowhere
        if status < _FEWEST_STATUS_OF_FAILURE and status != _TOO_MANY and not is_everywhere:
            yield path, answers


def _doorway(visit: Visit, look: Look) -> Iterator[Doorway]:
    others = _others(visit, look)
    for path, answers in _usable(visit):
        markers = (check.marker for check in candidates(answers, look.secrets))
        shown = [Shown(marker) for marker in markers if marker]
        fitting = [check for check in shown if all(check.holds(answer) for answer in answers)]
        for check in fitting:
            choice = choose(answers[0].status, [check], others)
            if choice and ANYBODY not in choice.confused and not _others_in(choice, visit, look):
                yield Doorway(
                    host=visit.host,
                    path=visit.prefix + path,
                    status=choice.status,
                    marker=check.text,
                )
                return


def _others_in(choice: Choice, visit: Visit, look: Look) -> bool:
    """Whether a program passes that does not already pass all of this service's questions."""
    own = _finding(visit, look)
    return bool(set(choice.confused) - set(own.confused if own else ()))


def _finding(visit: Visit, look: Look) -> Finding | None:
    """The questions at one address, or None."""
    questions = _best(_questions(visit, look))
    return Finding(visit=visit, questions=questions) if questions else None


def _others(visit: Visit, look: Look) -> Others:
    others: dict[str, tuple[RecordedAnswer, ...]] = {ANYBODY: IMPOSTORS}
    for other in look.visits:
        is_same = other.service == visit.service and (other.service or other.host == visit.host)
        if not is_same:
            name = other.service or other.host
            answers = tuple(answer for group in other.answers.values() for answer in group)
            others[name] = (*others.get(name, ()), *answers)
    return others
