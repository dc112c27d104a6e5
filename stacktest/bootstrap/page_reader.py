"""Makes the reader of the docs pages of a stack's services."""

from collections.abc import Callable, Mapping
from functools import cache, partial

from stacktest.application.judge_ports import PageReading, PagesOf
from stacktest.config import Config
from stacktest.core.fingerprint.fingerprint import Fingerprint
from stacktest.core.freshness.states import State
from stacktest.core.model import Stack
from stacktest.core.records.status import StatusEntry
from stacktest.core.unknown import Unknown

Status = Mapping[str, StatusEntry] | Unknown | None


def page_reader(stack: Stack, config: Config, status: Callable[[], Status]) -> PagesOf:
    """The reader of the services' docs pages; it returns none for a stack without pages.

    `status` is the last written status, which lists pages even if git does not. Nothing is read
    before pages are needed: a plan needs none.
    """

    @cache
    def reader() -> PagesOf:
        return _reader(stack, config, status)

    def pages(fingerprints: Mapping[str, Fingerprint]) -> Mapping[str, PageReading]:
        return reader()(fingerprints)

    return pages


# Private


def _reader(stack: Stack, config: Config, status: Callable[[], Status]) -> PagesOf:
    from stacktest.adapters.fingerprint_inputs.gone_files import gone_files
    from stacktest.adapters.git.docs_pages import read_pages
    from stacktest.adapters.git.repository import was_tracked

    pattern = config.stack.pages
    folder = pattern.partition("{service}")[0]
    is_kept = "stack.pages" in config.origins or (stack.root / folder).is_dir()
    # A stack that lost its last page, or the folder, still is a stack with pages.
    if not is_kept and not was_tracked(stack.root, folder) and not _had_pages(status()):
        return lambda _: {}

    extra = {name: section.config for name, section in config.services.items()}
    left_out = gone_files(stack, config)
    return partial(read_pages, stack, pages=pattern, extra=extra, left_out=left_out)


def _had_pages(status: Status) -> bool:
    """Whether the last status has a service with a docs page, or with a missing one."""
    entries = status.values() if isinstance(status, Mapping) else ()
    about_pages = {State.DOC_MISSING, State.DOC_STALE}
    return any(
        entry.spoke_updated is not None or about_pages & {entry.state, *entry.also}
        for entry in entries
    )
