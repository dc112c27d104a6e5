"""Every format that `stacktest export` writes, in the words that ask for it."""

import click

from stacktest.cli import cli

_VARIANTS = {
    "badge": ("badge", "badge --svg"),
    "in-toto": ("in-toto SERVICE",),
    "summary": ("summary", "summary --annotations"),
}


def exports(service: str) -> tuple[str, ...]:
    """The words after `stacktest export`; `service` where a format is about a single one."""
    group = cli.commands["export"]
    assert isinstance(group, click.Group)
    return tuple(
        words.replace("SERVICE", service)
        for name in sorted(group.commands)
        for words in _VARIANTS.get(name, (name,))
    )
