"""Whether an image was built from what lies in the files now.

No engine says what an image was built from: its time of creation stays when every step comes from
the cache, and an image that was built again may be the very same. So what lay in the files when an
image was first seen is remembered, and compared:

| remembered        | the files now                        | then                                  |
|-------------------|--------------------------------------|---------------------------------------|
| what it was       | the same                             | built                                 |
| built from        | another Dockerfile, another file     | not built: a build gives another      |
|                   | that the image certainly holds       | image; one that began since failed,   |
|                   |                                      | or only a stage beside it changed     |
|                   | the `build:` section: arguments,     | built, if a build began or the image  |
|                   | an inline Dockerfile, its target     | was tagged after the compose files    |
|                   | anything else differs                | built, if a build began after it      |
| nothing           | nothing is newer than the image      | built, and remembered                 |
|                   | something is newer                   | built, if a build began after it      |
"""

from collections.abc import Iterable

from stacktest.core.fingerprint.fingerprint import Inputs
from stacktest.core.freshness.origins import Digests, differing
from stacktest.core.freshness.reasons import CACHED, Reason

ARGUMENTS = "arguments"
"""The label of the `build:` section among what an image was built from."""


def not_built(
    inputs: Inputs,
    now: Digests,
    *,
    before: Digests | None,
    image_time: float,
    build_time: float,
) -> tuple[str, ...]:
    """`unbuilt:path` for each input that changed since the image was built; empty: it was built.

    With the note `cached` where a build began since and the image is the one from before.

    `before` are the inputs that the image is known to be built from; `image_time` is when it was
    created or tagged, `build_time` when the last build of this context began, both in seconds.
    """
    if before is not None:
        changed = differing(before, now)
        certain = [label for label in changed if label in inputs.copied]
        if certain:
            is_tried = all(build_time > _time(inputs, label) for label in certain)
            return _reasons(certain, CACHED if is_tried else "")
        latest = {ARGUMENTS: max(build_time, image_time)}
        is_built = all(latest.get(x, build_time) > _time(inputs, x) for x in changed)
        return () if is_built else _reasons(changed)
    changed = tuple(label for label, time in inputs.built.items() if time > image_time)
    newest = max((inputs.built[label] for label in changed), default=0.0)
    return () if build_time > newest or not changed else _reasons(changed)


# Private


def _reasons(labels: Iterable[str], note: str = "") -> tuple[str, ...]:
    return tuple(Reason.of("unbuilt", label, note) for label in sorted(labels))


def _time(inputs: Inputs, label: str) -> float:
    """When an input changed; of one that is gone, when its folder did."""
    if label == ARGUMENTS:
        return inputs.written
    if label in inputs.built:
        return inputs.built[label]
    folder = label.rpartition("/")[0]
    while folder and f"{folder}/" not in inputs.built:
        folder = folder.rpartition("/")[0]
    return inputs.built.get(f"{folder}/", 0.0)
