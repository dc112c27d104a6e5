"""Parses a Dockerfile: its lines without comments, its base, and the files that it surely copies.

Only files that are known without running the build are listed: not a source with a variable or a
wildcard, a here-document, or a copy from another stage or image.
"""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping

_DIRECTIVE = re.compile(r"#\s*(syntax|escape|check)\s*=", re.IGNORECASE)
_COPY = re.compile(r"\s*(?:COPY|ADD)\s+(.*)", re.IGNORECASE | re.DOTALL)


def instructions(text: str) -> list[str]:
    """The lines without comments and blank lines; all lines if there may be a here-document."""
    lines = text.splitlines()
    if "<<" in text:
        return lines
    head = 0
    while head < len(lines) and _DIRECTIVE.match(lines[head]):
        head += 1
    rest = (line.rstrip() for line in lines[head:])
    return [*lines[:head], *(line for line in rest if line and not line.lstrip().startswith("#"))]


def copied_sources(text: str) -> Iterator[str]:
    """Labels of files copied by name: `context/app.py`, `context` for all, `context:name/x`."""
    if "<<" in text:
        return
    joined = "\n".join(instructions(text)).replace("\\\n", " ")
    stages = {
        match[1].lower() for match in re.finditer(r"(?im)^\s*FROM\s.*\sAS\s+(\S+)\s*$", joined)
    }
    for line in joined.splitlines():
        match = _COPY.match(line)
        if match is None:
            continue
        context, words = _words(match[1])
        if context.lower() in stages or context.isdigit():
            continue
        top = f"context:{context}" if context else "context"
        for source in words[:-1]:
            if not re.search(r"[$*?\[]|://|^git@", source):
                path = posixpath.normpath(f"/{source}").strip("/")
                yield f"{top}/{path}" if path else top


def base_image(text: str, arguments: Mapping[str, str], target: str = "") -> str:
    """The image that the built stage starts from; empty if a variable of its name has no value."""
    values: dict[str, str] = {}
    stages: dict[str, str] = {}
    for line in "\n".join(instructions(text)).replace("\\\n", " ").splitlines():
        if stage := _FROM.match(line):
            names = _VARIABLE.findall(stage[1])
            is_known = all(values.get(bare or braced) or default for bare, braced, default in names)
            image = _VARIABLE.sub(lambda m: values.get(m[1] or m[2]) or m[3], stage[1])
            base = stages.get(image.lower(), image) if is_known else ""
            # A stage is named by its number or its name; the last one is built without a target.
            stages |= {str(len(stages)): base, (stage[2] or "").lower(): base, _LAST: base}
        elif not stages and (argument := _ARG.match(line)):
            values[argument[1]] = arguments.get(argument[1], (argument[2] or "").strip("\"'"))
    return stages.get(target.lower() or _LAST, "")


# Private

_ARG = re.compile(r"\s*ARG\s+(\w+)(?:=(\S*))?", re.IGNORECASE)
_FROM = re.compile(r"\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::-([^}]*))?\})")
_LAST = "the last stage"


def _words(rest: str) -> tuple[str, list[str]]:
    """The context that `--from` names, and the sources followed by the target."""
    context = ""
    while match := re.match(r"--(\S+?)(?:=(\S+))?\s+", rest):
        if match[1].lower() == "from":
            context = match[2] or ""
        rest = rest[match.end() :]
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except ValueError:
            return context, []
        return context, [str(word) for word in words]
    return context, rest.split()
