"""Runs git in a folder without the programs that the repository's own configuration names.

`core.fsmonitor`, hooks, filters and another ssh are disabled if the repository itself sets them:
the folder may be untrusted. The user's own configuration stays, and so does Git LFS.
"""

import os
import re
from functools import cache
from pathlib import Path

from stacktest.adapters import process
from stacktest.errors import ToolMissingError


def run_git(folder: Path, *arguments: str, input: str = "") -> process.Completed:  # noqa: A002
    """The finished command, with any exit code."""
    # The variables of a hook or an outer git name its own repository, index or worktree.
    env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    env |= {key: os.environ[key] for key in _KEPT if key in os.environ}
    env |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    try:
        argv = ["git", *_OPTIONS, *_without_programs(folder, tuple(env.items())), *arguments]
        return process.run(argv, cwd=folder, env=env, timeout=60, input=input)
    except ToolMissingError as error:
        hint = "install git, then: stacktest doctor"
        raise ToolMissingError(error.what, where=error.where, hint=hint) from error


# Private

_KEPT = (
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_EXEC_PATH",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",  # the repository may be mounted apart from the stack in it
)
_OPTIONS = (
    *("-c", "core.quotePath=off", "-c", "log.showSignature=false"),
    *("-c", f"core.hooksPath={os.devnull}", "-c", "protocol.ext.allow=never"),
)
_PROGRAM = re.compile(
    r"core\.(?:fsmonitor|sshcommand|gitproxy|askpass|pager|editor|alternaterefscommand)"
    r"|credential\.(?:.*\.)?helper|filter\..*\.(?:clean|smudge|process|required)"
    r"|diff\.external|diff\..*\.(?:command|textconv)|gpg\.(?:.*\.)?program"
    r"|remote\..*\.(?:uploadpack|vcs)",
    re.IGNORECASE,
)
_LFS = re.compile(r"git[- ]lfs [\w %-]*")


@cache
def _without_programs(folder: Path, env: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    """Options that take out the programs which the repository's own configuration names."""
    listing = ("git", "config", "--list", "--show-scope", "--includes", "-z")
    fields = process.run(listing, cwd=folder, env=dict(env), timeout=60).out.split("\0")
    entries = [entry.partition("\n") for entry in fields[1::2]]
    own = [
        (name, value)
        for scope, (name, _, value) in zip(fields[::2], entries, strict=False)
        if scope in ("local", "worktree") and _PROGRAM.fullmatch(name)
    ]
    lfs = {name.rpartition(".")[0] for name, value in own if _LFS.fullmatch(value)}
    names = {name for name, _ in own if name.rpartition(".")[0] not in lfs}
    return tuple(word for name in sorted(names) for word in ("-c", f"{name}="))
