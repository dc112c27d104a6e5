"""The verb `claims`: lists what documents claim about the stack, and whether it is true."""

import click

from stacktest.cli.options import json_option, stack_option
from stacktest.cli.output import print_json, say


@click.command()
@stack_option
@json_option
@click.option("--md", "as_markdown", is_flag=True, help="Print a Markdown table.")
def claims(*, folder: str, as_json: bool, as_markdown: bool) -> None:
    """List what documents claim, and whether it is true.

    Claims are those of the marker `claim` and of `claims.toml`; each is judged by the newest run of
    the tests that state it.
    """
    from stacktest.bootstrap.context import find_project
    from stacktest.config.claims_file import listed_claims
    from stacktest.core.claims import ClaimTest, judge_claims
    from stacktest.core.redaction import clean
    from stacktest.core.secrets import secrets_of
    from stacktest.errors import UsageError
    from stacktest.reports.terminal.claims import claim_document, claim_lines, claim_table

    project = find_project(folder)
    collection = project.collect_tests()
    if collection.errors:
        raise UsageError(
            "; ".join(file.cause for file in collection.errors),
            where=str(project.suites.base),
            hint="pytest --collect-only",
        )
    tests = [
        ClaimTest(nodeid=test.nodeid, services=test.services, claim=claim)
        for test in collection.tests
        for claim in test.claims
    ]
    names = sorted({name for test in tests for name in test.services})
    histories = {name: project.ledger.history(name)[0] for name in names}
    judged = clean(
        judge_claims(listed_claims(project.root), tests, histories), secrets_of(project.stack)
    )
    if as_json:
        print_json(claim_document(judged))
        return
    for line in claim_table(judged) if as_markdown else claim_lines(judged):
        say(line)
