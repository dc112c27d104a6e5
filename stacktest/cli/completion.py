"""The verb `completion`, and the names of services that a shell completes."""

import click
from click.shell_completion import CompletionItem, get_completion_class

from stacktest.cli.output import print_own

VARIABLE = "_STACKTEST_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, *, shell: str) -> None:
    """Print what makes a shell complete commands and services.

    For bash: eval "$(stacktest completion bash)" in ~/.bashrc.
    """
    kind = get_completion_class(shell)
    assert kind is not None  # noqa: S101 - click knows all three
    print_own(kind(context.find_root().command, {}, "stacktest", VARIABLE).source() + "\n")


def complete_services(
    context: click.Context, _: click.Parameter, prefix: str
) -> list[CompletionItem]:
    """Services of status.json, which is read quickly, whose names begin with the prefix."""
    from stacktest.bootstrap.context import find_project
    from stacktest.core.unknown import Unknown
    from stacktest.errors import StacktestError

    try:
        known = find_project(context.params.get("folder", "")).ledger.read_status()
    except StacktestError:
        # A shell that completes a word cannot show an error.
        return []
    names = () if known is None or isinstance(known, Unknown) else known
    return [CompletionItem(name) for name in sorted(names) if name.startswith(prefix)]
