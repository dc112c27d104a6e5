"""Asks git; one question per function, each from the folder that the paths are relative to.

`git_history` asks for many paths together.

Order is ancestry. Dates are only carried along to be shown: an amend or a rebase moves them, and a
shallow clone makes them all the same.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from stacktest.adapters import process
from stacktest.core import timestamps
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError, ToolMissingError


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit, its parents, and the files that it touched among those that were asked for."""

    id: str
    parents: tuple[str, ...]
    committed: datetime
    files: tuple[str, ...] = ()


def why_not(folder: Path) -> Unknown | None:
    """Why ancestry cannot be asked here; None: it can."""
    try:
        completed = _run(folder, "rev-parse", "--is-inside-work-tree", "--is-shallow-repository")
    except StacktestError as error:
        return Unknown(error.what)
    if completed.code != 0:
        return _explained(completed.err, folder)
    if "true" in completed.out.split("\n")[1:]:
        return Unknown("this is a shallow clone, where every page dates from its last commit; "
                       "run: git fetch --unshallow")  # fmt: skip
    if _run(folder, "rev-parse", "--verify", "--quiet", "HEAD").code != 0:
        return Unknown("git has no commit here yet")
    return None


def head(folder: Path) -> str | Unknown:
    """The commit that is checked out."""
    try:
        completed = _run(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    except StacktestError as error:
        return Unknown(error.what)
    if completed.code == 0:
        return completed.out.strip()
    return (
        _explained(completed.err, folder)
        if completed.err.strip()
        else Unknown("git has no commit here")
    )


def changed_paths(folder: Path, paths: Iterable[str] = (".",)) -> frozenset[str] | Unknown:
    """Paths whose content in the folder is not that of HEAD, untracked ones included."""
    try:
        completed = _run(
            folder, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--",
            *_literal(paths),
        )  # fmt: skip
    except StacktestError as error:
        return Unknown(error.what)
    if completed.code != 0:
        return _explained(completed.err, folder)
    prefix = _run(folder, "rev-parse", "--show-prefix").paths.strip()
    names = (row[3:] for row in completed.paths.split("\0") if row)
    return frozenset(os.path.relpath(name, prefix or ".") for name in names)


def log(folder: Path, paths: Iterable[str], *, start: str = "HEAD") -> tuple[Commit, ...]:
    """The commits up to `start` that touched any of the paths, descendants before ancestors."""
    pathspecs = _literal(paths)
    if not pathspecs:
        return ()
    output = _check(
        folder, "log", "-z", "--topo-order", "--relative", "--no-renames", "--name-only",
        "--format=%x00%H%x1f%P%x1f%cI", start, "--", *pathspecs,
    )  # fmt: skip
    return read_commits(output)


def read_commits(output: str) -> tuple[Commit, ...]:
    """The commits in what `log` makes git print; StacktestError where it is something else."""
    # No name is empty: an empty field stands before each commit and nowhere else.
    blocks = (block for block in f"\0{output}".split("\0\0") if block.strip("\0"))
    try:
        return tuple(_commit(block) for block in blocks)
    except ValueError as error:
        raise StacktestError(
            f"git printed what is not a commit: {error}", where="git log"
        ) from None


def text_at(folder: Path, commit: str, path: str) -> str | None:
    """The file in that commit; None: it has none there."""
    completed = _run(folder, "cat-file", "blob", f"{commit}:./{path}")
    return completed.out if completed.code == 0 else None


def top(folder: Path) -> Path:
    """The folder of the repository, without links; the folder itself outside of any."""
    completed = _run(folder, "rev-parse", "--show-toplevel")
    return Path(completed.paths.rstrip("\n")) if completed.code == 0 else folder


def commit_named(folder: Path, name: str) -> str:
    """The id of the commit that a name means; empty where there is none."""
    if name.startswith("-"):
        return ""
    completed = _run(folder, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return completed.out.strip() if completed.code == 0 else ""


def files_at(folder: Path, commit: str, paths: Iterable[str]) -> dict[str, bytes]:
    """Path → content of the files that are these paths, or lie below them, in the commit."""
    completed = _run(folder, "ls-tree", "-r", "-z", commit, "--", *paths)
    if completed.code != 0:
        raise StacktestError(f"git failed: {completed.tail}", where=completed.command)
    rows = (row.partition("\t") for row in completed.paths.split("\0") if row)
    blobs = {name: head.split() for head, _, name in rows}
    return {
        name: _run(folder, "cat-file", "blob", words[2]).raw
        for name, words in blobs.items()
        if words[0].startswith("100")
    }


def texts_at(
    folder: Path, requests: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], str | None]:
    """Commit and path → what `text_at` says of them, in one question.

    What cannot be asked in this way (a line break in a name, a folder) is left out.
    """
    pairs = [(commit, path) for commit, path in requests if "\n" not in path]
    names = "".join(f"{commit}:./{path}\n" for commit, path in pairs)
    output = _run(folder, "cat-file", "--batch", input=names).raw if pairs else b""
    texts: dict[tuple[str, str], str | None] = {}
    place = 0
    for pair in pairs:
        end = output.find(b"\n", place)
        if end < 0:
            break
        header, place = output[place:end], end + 1
        if header.endswith(b" missing"):
            texts[pair] = None
            continue
        _, kind, size = header.split(b" ")
        if kind == b"blob":
            texts[pair] = output[place : place + int(size)].decode(errors="replace")
        place += int(size) + 1
    return texts


def was_tracked(folder: Path, path: str) -> bool:
    """Whether any commit up to HEAD touched the path; False where git cannot say."""
    try:
        completed = _run(folder, "log", "-1", "--format=%H", "--", *_literal([path]))
    except StacktestError:
        return False
    return completed.code == 0 and bool(completed.out.strip())


def differing(folder: Path, commit: str, paths: Iterable[str]) -> tuple[str, ...]:
    """Files below the paths whose content in HEAD is not that of the commit."""
    output = _check(
        folder, "diff-tree", "-r", "-z", "--no-renames", "--name-only", "--relative",
        commit, "HEAD", "--", *_literal(paths),
    )  # fmt: skip
    return tuple(name for name in output.split("\0") if name)


def is_linear(folder: Path) -> bool:
    """Whether HEAD and its ancestors are one line: no commit among them has two parents."""
    return not _check(folder, "rev-list", "--min-parents=2", "--max-count=1", "HEAD").strip()


def is_ancestor(folder: Path, older: str, newer: str) -> bool:
    """Whether `newer` is `older` or one of its descendants."""
    if older == newer:
        return True
    completed = _run(folder, "merge-base", "--is-ancestor", older, newer)
    if completed.code not in (0, 1):
        raise StacktestError(
            f"git cannot compare two commits: {completed.tail}", where=completed.command
        )
    return completed.code == 0


def renamed_from(folder: Path, older: str, newer: str, path: str) -> str | None:
    """The name that the file had in `older`; None: it was not renamed."""
    output = _check(
        folder, "diff-tree", "-r", "-z", "--find-renames", "--diff-filter=R", "--name-status",
        "--relative", older, newer,
    )  # fmt: skip
    fields = output.split("\0")
    pairs = zip(fields[1::3], fields[2::3], strict=False)
    return next((before for before, after in pairs if after == path), None)


# Private


def _run(folder: Path, *arguments: str, input: str = "") -> process.Completed:  # noqa: A002
    # A hook or an outer git must not point us at its own repository, index or worktree.
    env = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    env |= {key: os.environ[key] for key in _KEPT if key in os.environ}
    env |= {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}
    argv = ["git", "-c", "core.quotePath=off", "-c", "log.showSignature=false", *arguments]
    try:
        return process.run(argv, cwd=folder, env=env, timeout=60, input=input)
    except ToolMissingError as error:
        hint = "install git, then: stacktest doctor"
        raise ToolMissingError(error.what, where=error.where, hint=hint) from error


def _check(folder: Path, *arguments: str) -> str:
    completed = _run(folder, *arguments)
    if completed.code != 0:
        raise StacktestError(f"git failed: {completed.tail}", where=completed.command)
    return completed.paths


def _explained(stderr: str, folder: Path) -> Unknown:
    first = next((line for line in stderr.splitlines() if line.strip()), "git gave no reason")
    if "dubious ownership" in stderr:
        return Unknown(
            f"another user owns the repository; run: git config --global --add safe.directory "
            f"{folder}"
        )
    return Unknown(first.removeprefix("fatal: "))


def _literal(paths: Iterable[str]) -> list[str]:
    """Paths as git takes them: no `*` or `:(magic)` in a file name may mean something."""
    return [f":(literal){path}" for path in paths]


def _commit(block: str) -> Commit:
    header, _, names = block.partition("\0")
    identity, parents, committed = header.split("\x1f")
    return Commit(
        id=identity,
        parents=tuple(parents.split()),
        committed=timestamps.parse(committed),
        files=tuple(name for name in names.removeprefix("\n").split("\0") if name),
    )


_KEPT = (
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_EXEC_PATH",
    "GIT_DISCOVERY_ACROSS_FILESYSTEM",  # the repository may be mounted apart from the stack in it
)
