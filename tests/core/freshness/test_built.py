"""Whether an image was built from what lies in the files now, case by case."""

import pytest

from stacktest.core.fingerprint.fingerprint import Inputs
from stacktest.core.freshness.built import not_built

INPUTS = Inputs(
    build_file_times={
        "Dockerfile": 10.0,
        "context/app.py": 20.0,
        "context/notes.md": 30.0,
        "context/": 40.0,
    },
    image_files=frozenset({"Dockerfile", "context/app.py"}),
    definition_time=50.0,
)
NOW = {"arguments": "1", "Dockerfile": "1", "context/app.py": "1", "context/notes.md": "1"}


@pytest.mark.case("field/c10", "freshness/c15-build-not-built")
@pytest.mark.parametrize(
    ("before", "image", "build", "reasons"),
    [
        # Seen when it was built.
        (NOW, 0.0, 0.0, ()),
        ({**NOW, "Dockerfile": "0"}, 99.0, 9.0, ("unbuilt:Dockerfile",)),
        ({**NOW, "context/app.py": "0"}, 99.0, 19.0, ("unbuilt:context/app.py",)),
        # A build since failed, or changed only what the image does not hold.
        ({**NOW, "Dockerfile": "0"}, 99.0, 99.0, ("unbuilt:Dockerfile:cached",)),
        ({**NOW, "context/app.py": "0"}, 99.0, 99.0, ("unbuilt:context/app.py:cached",)),
        # What the image need not hold: a build that began later took it in.
        ({**NOW, "context/notes.md": "0"}, 99.0, 0.0, ("unbuilt:context/notes.md",)),
        ({**NOW, "context/notes.md": "0"}, 99.0, 31.0, ()),
        ({**NOW, "context/old.md": "0"}, 99.0, 39.0, ("unbuilt:context/old.md",)),
        ({**NOW, "context/old.md": "0"}, 99.0, 41.0, ()),
        # The definition of the build is as old as the compose files are, at most.
        ({**NOW, "arguments": "0"}, 49.0, 49.0, ("unbuilt:arguments",)),
        ({**NOW, "arguments": "0"}, 49.0, 51.0, ()),
        ({**NOW, "arguments": "0"}, 51.0, 0.0, ()),
        # Never seen before: times decide.
        (None, 50.0, 0.0, ()),
        (None, 25.0, 0.0, ("unbuilt:context/", "unbuilt:context/notes.md")),
        (None, 25.0, 41.0, ()),
    ],
)
def test_not_built(
    before: dict[str, str] | None, image: float, build: float, reasons: tuple[str, ...]
) -> None:
    answer = not_built(INPUTS, NOW, before=before, image_time=image, build_time=build)
    assert answer == reasons


@pytest.mark.parametrize(
    ("then", "image", "build", "reasons"),
    [
        # An argument from the shell: no file is newer, and nobody built since.
        (60.0, 60.0, 0.0, ("unbuilt:arguments",)),
        (60.0, 55.0, 60.0, ("unbuilt:arguments",)),
        # Built since: the very same image came of it.
        (60.0, 61.0, 0.0, ()),
        (60.0, 60.0, 61.0, ()),
        # Before the compose files were saved.
        (40.0, 45.0, 45.0, ("unbuilt:arguments",)),
        # An older version did not remember when.
        (0.0, 60.0, 0.0, ()),
    ],
)
def test_an_argument_that_changed_without_a_file(
    then: float, image: float, build: float, reasons: tuple[str, ...]
) -> None:
    before = {**NOW, "arguments": "0"}
    times = {"before_time": then, "image_time": image, "build_time": build}
    assert not_built(INPUTS, NOW, before=before, **times) == reasons
