"""The verb `ack`: write a page's fingerprint line."""

import click

from stacktest.cli.completion import complete_services
from stacktest.cli.options import known_services, stack_option
from stacktest.cli.output import say
from stacktest.core.unknown import Unknown
from stacktest.errors import EvidenceError, UsageError


@click.command()
@stack_option
@click.argument("service", shell_complete=complete_services)
def ack(*, folder: str, service: str) -> None:
    """Write the page's fingerprint line: reviewed, still true."""
    from stacktest.adapters.atomic_write import write_file
    from stacktest.bootstrap.context import find_project
    from stacktest.core.freshness.docs_page import acknowledge

    project = find_project(folder)
    (name,) = known_services(project.stack, [service])
    page = project.root / project.config.stack.pages.replace("{service}", name)
    if not page.is_file():
        raise UsageError(f"{name} has no page", where=str(page), hint="write it first")
    current = project.look()[name].fingerprint
    # The fingerprint of the repository's files is the same on every machine; the whole one is not.
    digest = current.digest if project.config.freshness.doc_on else current.repo
    if isinstance(digest, Unknown):
        raise EvidenceError(
            f"the fingerprint of {name} is unknown: {digest.why}",
            where=name,
            hint="stacktest doctor",
        )
    content = page.read_bytes()
    if b"\0" in content:
        raise UsageError(f"the page of {name} is not UTF-8 text", where=str(page))
    text = content.decode(errors="surrogateescape")
    write_file(page, acknowledge(text, digest).encode(errors="surrogateescape"))
    say(f"written  {page}: {digest}; commit it")
