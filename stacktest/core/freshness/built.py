"""Whether an image was built from the current content of its files.

No engine records what an image was built from: its creation time stays if every step comes from
the cache, and a repeated build may give the identical image. So the digests of the files are
remembered when an image is first seen, and compared later:

| remembered        | the files now                        | result                                |
|-------------------|--------------------------------------|---------------------------------------|
| digests of the    | the same                             | built                                 |
| files that it was | Dockerfile changed, or a file that   | not built: a build gives another      |
| built from        | the image certainly contains         | image; a build since then failed, or  |
|                   |                                      | only an unused stage changed          |
|                   | the `build:` section: arguments,     | built, if a build began or the image  |
|                   | an inline Dockerfile, its target     | was tagged after the compose files,   |
|                   |                                      | and after that was remembered         |
|                   | anything else differs                | built, if a build began after it      |
| nothing           | nothing is newer than the image      | built, and remembered                 |
|                   | something is newer                   | built, if a build began after it      |
"""

from collections.abc import Iterable

from stacktest.core.fingerprint.fingerprint import Inputs
from stacktest.core.freshness.origins import Digests, differing
from stacktest.core.freshness.reasons import CACHED, Reason

ARGUMENTS = "arguments"
"""The label of the `build:` section among the inputs of a build."""


def not_built(
    inputs: Inputs,
    now: Digests,
    *,
    before: Digests | None,
    before_time: float = 0.0,
    image_time: float,
    build_time: float,
) -> tuple[str, ...]:
    """`unbuilt:path` for each input that changed since the image was built; empty: it was built.

    The reasons have the note `cached` if a build began since and the image is still the old one.

    `before` are the inputs that the image is known to be built from, `before_time` the later of the
    two times then: an argument from the shell changes without a file. `image_time` is when it was
    created or tagged, `build_time` when the last build of this context began, both in seconds.
    """
    if before is not None:
        changed = differing(before, now)
        certain = [label for label in changed if label in inputs.image_files]
        if certain:
            is_tried = all(build_time > _time(inputs, label) for label in certain)
            return _reasons(certain, CACHED if is_tried else "")
        latest = {ARGUMENTS: max(build_time, image_time)}
        is_built = all(latest.get(x, build_time) > _time(inputs, x) for x in changed)
        if ARGUMENTS in changed and latest[ARGUMENTS] <= before_time:
            is_built = False
        return () if is_built else _reasons(changed)
    changed = tuple(label for label, time in inputs.build_file_times.items() if time > image_time)
    newest = max((inputs.build_file_times[label] for label in changed), default=0.0)
    return () if build_time > newest or not changed else _reasons(changed)


# Private


def _reasons(labels: Iterable[str], note: str = "") -> tuple[str, ...]:
    return tuple(Reason.of("unbuilt", label, note) for label in sorted(labels))


def _time(inputs: Inputs, label: str) -> float:
    """When an input changed; for a deleted input, when its folder changed."""
    if label == ARGUMENTS:
        return inputs.definition_time
    if label in inputs.build_file_times:
        return inputs.build_file_times[label]
    folder = label.rpartition("/")[0]
    while folder and f"{folder}/" not in inputs.build_file_times:
        folder = folder.rpartition("/")[0]
    return inputs.build_file_times.get(f"{folder}/", 0.0)
