"""The options that the plugin adds to pytest."""

import pytest


def add_options(parser: pytest.Parser) -> None:
    """Add every option of the plugin, in a group of its own."""
    group = parser.getgroup("stacktest", "stacktest: prove a docker compose stack")
    group.addoption("--stack", metavar="DIR", default="", help="folder of the stack under test")
    group.addoption(
        "--stack-up",
        choices=("auto", "always", "never"),
        default="auto",
        help="auto: start what is missing; always: also what somebody else stopped; never: nothing",
    )
    group.addoption("--stack-keep", action="store_true", help="leave what this run started running")
    group.addoption(
        "--stale", action="store_true", help="only tests of services that are not functional"
    )
    _add_copy_options(group)
    _add_selecting_options(group)
    group.addoption(
        "--stack-dry-run",
        action="store_true",
        help="print the plan with its reasons; start nothing",
    )
    group.addoption(
        "--browser-endpoint",
        metavar="URL",
        default="",
        help="a server of Playwright whose browsers load the pages: ws://HOST:PORT/TOKEN",
    )
    _add_own_options(group)


# Private


def _add_copy_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--stack-copy",
        action="store_true",
        help="test a copy of the stack beside the running one, under the same names",
    )
    group.addoption(
        "--stack-copy-data",
        choices=("copy", "empty"),
        default="copy",
        help="what the volumes of the copy begin with",
    )
    group.addoption(
        "--stack-copy-with",
        metavar="SERVICE=IMAGE",
        action="append",
        default=[],
        help="another image for a service of the copy",
    )
    group.addoption(
        "--stack-copy-without",
        metavar="SERVICE",
        action="append",
        default=[],
        help="leave a service out of the copy, with the tests that name it",
    )


def _add_selecting_options(group: pytest.OptionGroup) -> None:
    group.addoption(
        "--stack-services",
        metavar="SERVICE",
        action="append",
        default=[],
        help="only tests of this service and of those that depend on it",
    )
    group.addoption(
        "--stack-drill",
        metavar="SERVICE",
        action="append",
        default=[],
        help="only tests of this service, on a copy that its backup was restored into",
    )
    group.addoption(
        "--stack-shard",
        metavar="I/N",
        default="",
        help="only the first, second … of N parts of the tests; `stacktest merge` joins them",
    )


def _add_own_options(group: pytest.OptionGroup) -> None:
    group.addoption("--stack-copy-verb", metavar="VERB", default="", help=_HIDDEN_VERB)
    group.addoption("--stack-inventory", metavar="FILE", default="", help=_HIDDEN)
    group.addoption("--stack-plan-file", metavar="FILE", default="", help=_HIDDEN_TOO)


_HIDDEN_TOO = "with --stack-dry-run: also write the plan to FILE (used by stacktest itself)"
_HIDDEN_VERB = "the verb whose options a hint has to name (used by stacktest itself)"
_HIDDEN = "write what the whole collection asks for to FILE and stop (used by stacktest itself)"
