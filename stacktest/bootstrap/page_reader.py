"""Puts together what reads the docs pages of a stack's services."""

from functools import partial

from stacktest.application.judge import PagesOf
from stacktest.config import Config
from stacktest.core.model import Stack


def page_reader(stack: Stack, config: Config) -> PagesOf:
    """Reads the pages of services; empty for a stack that keeps none."""
    from stacktest.adapters.fingerprint_inputs.build_context import left_out_of_context
    from stacktest.adapters.git.docs_pages import read_pages
    from stacktest.adapters.git.repository import was_tracked

    pattern = config.stack.pages
    folder = pattern.partition("{service}")[0]
    is_kept = "stack.pages" in config.origins or (stack.root / folder).is_dir()
    # Losing the last page, or the folder, does not make a stack one that never kept any.
    if not is_kept and not was_tracked(stack.root, folder):
        return lambda _: {}

    def left_out(service: str, path: str) -> bool:
        build = stack.services[service].build
        return build is not None and left_out_of_context(build, str(stack.root / path))

    extra = {name: section.config for name, section in config.services.items()}
    return partial(read_pages, stack, pages=pattern, extra=extra, left_out=left_out)
