"""Mounted paths that a service's fingerprint leaves out, each with the reason.

not read  data, backups: the container may write to it: only what git tracks below it counts
"""

from collections.abc import Iterator, Mapping

from stacktest.core.json_data import Json


def left_out_lines(left_out: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """One line for each reason."""
    for why, paths in sorted(left_out.items()):
        yield f"not read  {', '.join(paths)}: {why}"


def left_out_document(left_out: Mapping[str, tuple[str, ...]]) -> Json:
    """The paths as a JSON document: path → reason."""
    return {path: why for why, paths in sorted(left_out.items()) for path in paths}
