"""The lines of an update: its plan and its result."""

from collections.abc import Iterator

from stacktest.core.update.choice import edited_files
from stacktest.core.update.journal import Candidate, Journal, OldContainer, SavedData
from stacktest.reports.wording import NOT_WELL, count, update_result


def plan_lines(
    candidates: tuple[Candidate, ...],
    containers: tuple[OldContainer, ...],
    data: tuple[SavedData, ...],
) -> Iterator[str]:
    """The services to replace, in order and with reasons, and the data that is saved before."""
    for candidate in candidates:
        old = [item.image for item in containers if item.service == candidate.service]
        before, after = _short(old[0]), _short(candidate.image)
        images = (
            f"{before} → {after}" if before != after else f"made again of the same image, {after}"
        )
        yield f"update    {candidate.service}: {images}"
        for reason in candidate.differs:
            yield f"          {reason}"
        for path in edited_files(candidate.differs):
            yield f"not saved {path} as it was before it was edited"
    for item in data:
        yield f"saves     {item.source} ({', '.join(item.services)})"


def ended_lines(journal: Journal) -> Iterator[str]:
    """The result of an update, and differences to the files that remain."""
    names = ", ".join(journal.services)
    if journal.step == "kept":
        yield f"kept      {names}: {update_result(journal)}"
        for candidate in journal.candidates:
            if candidate.named:
                yield f"note      {candidate.service}: the files do not name {candidate.named} yet"
        if journal.kept_until is not None:
            yield f"keeps     what ran before until {journal.kept_until:%Y-%m-%d %H:%M} UTC"
        return
    if journal.step == "given_up":
        yield update_result(journal)
        return
    yield f"put back  {update_result(journal)}"
    for candidate in journal.candidates:
        differs = count(len(candidate.differs), "difference")
        yield f"differs   {candidate.service}, {differs} to the files: {candidate.differs[0]}"
    if journal.works is False:
        yield f"not well  {NOT_WELL}"


# Private

_SHORT = 12


def _short(image: str) -> str:
    return image.removeprefix("sha256:")[:_SHORT]
