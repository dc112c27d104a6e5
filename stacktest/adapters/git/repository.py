"""Functions that run one git command each, in the folder that the paths are relative to.

`history` reads many paths together.

Commits are ordered by ancestry. Dates are only for display: an amend or a rebase changes them, and
a shallow clone makes them all the same.
"""

import os
import re
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path

from msgspec import Struct

from stacktest.adapters.git.command import run_git
from stacktest.core import timestamps
from stacktest.core.changed_copy import replace
from stacktest.core.unknown import Unknown
from stacktest.errors import StacktestError, ToolFailedError


class Commit(Struct, frozen=True, kw_only=True):
    """A commit, its parents, and the files that it touched among the requested paths."""

    id: str
    parents: tuple[str, ...]
    committed: datetime
    files: tuple[str, ...] = ()


def why_not(folder: Path) -> Unknown | None:
    """Why the history cannot be used here; None if it can."""
    try:
        completed = run_git(folder, "rev-parse", "--is-inside-work-tree", "--is-shallow-repository")
    except StacktestError as error:
        return Unknown(error.what)
    if completed.code != 0:
        return _explained(completed.err, folder)
    if "true" in completed.out.split("\n")[1:]:
        return Unknown("this is a shallow clone, where every page dates from its last commit; "
                       "run: git fetch --unshallow")  # fmt: skip
    if run_git(folder, "rev-parse", "--verify", "--quiet", "HEAD").code != 0:
        return Unknown("git has no commit here yet")
    return None


def head(folder: Path) -> str | Unknown:
    """The commit that is checked out."""
    try:
        completed = run_git(folder, "rev-parse", "--verify", "--quiet", "HEAD")
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
    """Paths whose content in the folder differs from HEAD, also untracked ones."""
    try:
        completed = run_git(
            folder, "status", "--porcelain=v1", "-z", "--no-renames", "--untracked-files=all", "--",
            *_literal(paths),
        )  # fmt: skip
    except StacktestError as error:
        return Unknown(error.what)
    if completed.code != 0:
        return _explained(completed.err, folder)
    prefix = _prefix(folder)
    names = (row[3:] for row in completed.paths.split("\0") if row)
    return frozenset(_from(prefix, name) for name in names)


def log(folder: Path, paths: Iterable[str], *, start: str = "HEAD") -> tuple[Commit, ...]:
    """The commits up to `start` that touched any of the paths, descendants before ancestors.

    Of a merge, the files that differ from those in all of its parents.
    """
    pathspecs = _literal(paths)
    if not pathspecs:
        return ()
    output = _check(
        folder, "log", "-z", "-c", "--topo-order", "--no-relative", "--no-renames", "--name-only",
        "--ignore-submodules=none", "--format=%x00%H%x1f%P%x1f%cI", start, "--", *pathspecs,
    )  # fmt: skip
    commits, prefix = read_commits(output), _prefix(folder)
    return tuple(
        replace(commit, files=tuple(_from(prefix, name) for name in commit.files))
        for commit in commits
    )


def read_commits(output: str) -> tuple[Commit, ...]:
    """The commits in the output of git for `log`; StacktestError if it has another form."""
    # Names are never empty: an empty field precedes each commit, and the files of a merge.
    commits: list[Commit] = []
    for block in filter(None, (part.strip("\0") for part in f"\0{output}".split("\0\0"))):
        header, _, names = block.partition("\0")
        if _HEADER.fullmatch(header):
            commits.append(_commit(header, names.removeprefix("\n")))
        elif commits and len(commits[-1].parents) > 1 and not commits[-1].files:
            commits[-1] = replace(commits[-1], files=_names(block))
        else:
            raise ToolFailedError(f"git printed what is not a commit: {header}", where="git log")
    return tuple(commits)


def text_at(folder: Path, commit: str, path: str) -> str | None:
    """The text of the file in that commit; None if the commit does not have the file."""
    completed = run_git(folder, "cat-file", "blob", f"{commit}:./{path}")
    return completed.out if completed.code == 0 else None


def top(folder: Path) -> Path:
    """The top folder of the repository, links resolved; `folder` itself if not in a repository."""
    completed = run_git(folder, "rev-parse", "--show-toplevel")
    return Path(completed.paths.rstrip("\n")) if completed.code == 0 else folder


def commit_named(folder: Path, name: str) -> str:
    """The id of the commit with this name (branch, tag, id); empty if there is none."""
    if name.startswith("-"):
        return ""
    completed = run_git(folder, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    return completed.out.strip() if completed.code == 0 else ""


def files_at(folder: Path, commit: str, paths: Iterable[str]) -> dict[str, bytes]:
    """Path → content, in the commit, of the files at or below these paths."""
    completed = run_git(folder, "ls-tree", "-r", "-z", commit, "--", *paths)
    if completed.code != 0:
        raise ToolFailedError(f"git failed: {completed.tail}", where=completed.command)
    rows = (row.partition("\t") for row in completed.paths.split("\0") if row)
    blobs = {name: head.split() for head, _, name in rows}
    return {
        name: run_git(folder, "cat-file", "blob", words[2]).raw
        for name, words in blobs.items()
        if words[0].startswith("100")
    }


def texts_at(
    folder: Path, requests: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], str | None]:
    """Commit and path → the result of `text_at`, by one call of git.

    A path that this call does not support (a line break in a name, a folder) is left out.
    """
    pairs = [(commit, path) for commit, path in requests if "\n" not in path]
    names = "".join(f"{commit}:./{path}\n" for commit, path in pairs)
    output = run_git(folder, "cat-file", "--batch", input=names).raw if pairs else b""
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
        completed = run_git(folder, "log", "-1", "--format=%H", "--", *_literal([path]))
    except StacktestError:
        return False
    return completed.code == 0 and bool(completed.out.strip())


def differing(
    folder: Path, commit: str, paths: Iterable[str], newer: str = "HEAD"
) -> tuple[str, ...]:
    """Files below the paths whose content in HEAD, or `newer`, is not that of the commit."""
    output = _check(
        folder, "diff-tree", "-r", "-z", "--no-renames", "--name-only", "--no-relative",
        "--ignore-submodules=none", commit, newer, "--", *_literal(paths),
    )  # fmt: skip
    prefix = _prefix(folder)
    return tuple(_from(prefix, name) for name in output.split("\0") if name)


def is_linear(folder: Path) -> bool:
    """Whether neither HEAD nor any of its ancestors is a merge."""
    return not _check(folder, "rev-list", "--min-parents=2", "--max-count=1", "HEAD").strip()


def is_ancestor(folder: Path, older: str, newer: str) -> bool:
    """Whether `newer` is `older` or one of its descendants."""
    if older == newer:
        return True
    completed = run_git(folder, "merge-base", "--is-ancestor", older, newer)
    if completed.code not in (0, 1):
        raise ToolFailedError(
            f"git cannot compare two commits: {completed.tail}", where=completed.command
        )
    return completed.code == 0


def renamed_from(folder: Path, older: str, newer: str, path: str) -> str | None:
    """The name that the file had in `older`; None: it was not renamed."""
    output = _check(
        folder, "diff-tree", "-r", "-z", "--find-renames", "--diff-filter=R", "--name-status",
        "--no-relative", older, newer,
    )  # fmt: skip
    fields, prefix = output.split("\0"), _prefix(folder)
    pairs = zip(fields[1::3], fields[2::3], strict=False)
    return next((_from(prefix, old) for old, new in pairs if _from(prefix, new) == path), None)


def is_below(path: str, roots: Iterable[str]) -> bool:
    """Whether the path is one of the roots or is inside one."""
    return any(root in (".", path) or path.startswith(f"{root}/") for root in roots)


def is_within(folder: Path, path: str) -> bool:
    """Whether a path, relative to the folder, is inside the folder's repository."""
    if path.startswith("/"):
        return False
    place = os.path.normpath(os.path.join(_prefix(folder), path))  # noqa: PTH118 - as git has it
    return place != ".." and not place.startswith("../")


def not_in(folder: Path, commit: str) -> frozenset[str]:
    """The commits of HEAD's history that are neither that commit nor its ancestors."""
    return frozenset(_check(folder, "rev-list", f"{commit}..HEAD").split())


def in_index(folder: Path, paths: Iterable[str]) -> frozenset[str]:
    """Those of the paths that are in git's index: tracked, or added."""
    listed = _literal(paths)
    output = _check(folder, "ls-files", "-z", "--cached", "--", *listed) if listed else ""
    return frozenset(name for name in output.split("\0") if name)


def links(folder: Path, paths: Iterable[str]) -> dict[str, str]:
    """Those of the paths that are symbolic links in HEAD → the target of the link."""
    listed = sorted(set(paths))
    output = _check(folder, "ls-tree", "-z", "HEAD", "--", *listed) if listed else ""
    rows = (row.partition("\t") for row in output.split("\0") if row)
    names = [name for head, _, name in rows if head.startswith("120000 ")]
    return {name: text_at(folder, "HEAD", name) or "" for name in names}


def submodules(folder: Path) -> tuple[str, ...]:
    """Paths of the submodules that HEAD has."""
    listed = (
        "config",
        "--blob",
        "HEAD:.gitmodules",
        "-z",
        "--get-regexp",
        r"^submodule\..*\.path$",
    )
    output = run_git(folder, *listed).paths
    values = [row.partition("\n")[2] for row in output.split("\0") if row]
    prefix = _prefix(folder) if values else ""
    return tuple(_from(prefix, value) for value in values)


def object_at(folder: Path, commit: str, path: str) -> str:
    """The id of the object at the path in the commit; empty if there is none."""
    return run_git(folder, "rev-parse", "--verify", "--quiet", f"{commit}:./{path}").out.strip()


def names_at(folder: Path, commit: str) -> tuple[str, ...]:
    """All files that the commit has below the folder."""
    output = _check(folder, "ls-tree", "-r", "-z", "--name-only", commit)
    return tuple(name for name in output.split("\0") if name)


def files_of_content(folder: Path, commit: str, path: str) -> frozenset[str]:
    """Files of the commit, of any name, with the same content as the file in HEAD."""
    content = object_at(folder, "HEAD", path)
    output = _check(folder, "ls-tree", "-r", "-z", "--full-tree", commit) if content else ""
    rows, prefix = (row.partition("\t") for row in output.split("\0") if row), _prefix(folder)
    return frozenset(_from(prefix, name) for head, _, name in rows if head.split()[2] == content)


# Private


def _check(folder: Path, *arguments: str) -> str:
    completed = run_git(folder, *arguments)
    if completed.code != 0:
        raise ToolFailedError(f"git failed: {completed.tail}", where=completed.command)
    return completed.paths


def _explained(stderr: str, folder: Path) -> Unknown:
    first = next((line for line in stderr.splitlines() if line.strip()), "git gave no reason")
    if "dubious ownership" in stderr:
        return Unknown(
            f"another user owns the repository; run: git config --global --add safe.directory "
            f"{folder}"
        )
    return Unknown(first.removeprefix("fatal: "))


@cache
def _prefix(folder: Path) -> str:
    """The folder within its repository; empty for the top."""
    return _check(folder, "rev-parse", "--show-prefix").removesuffix("\n")


def _from(prefix: str, name: str) -> str:
    """A name relative to the top of the repository, made relative to the folder."""
    return os.path.relpath(name, prefix) if prefix else name


def _literal(paths: Iterable[str]) -> list[str]:
    """Paths as literal pathspecs: `*` or `:(magic)` in a file name has no special meaning."""
    return [f":(literal){path}" for path in paths]


def _commit(header: str, names: str) -> Commit:
    identity, parents, committed = header.split("\x1f")
    try:
        moment = timestamps.parse(committed)
    except ValueError as error:
        raise ToolFailedError(f"git printed an invalid date: {error}", where="git log") from None
    return Commit(
        id=identity, parents=tuple(parents.split()), committed=moment, files=_names(names)
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split("\0") if name)


_HEADER = re.compile(r"[0-9a-f]{40,64}\x1f[0-9a-f ]*\x1f[^\x1f]+")
