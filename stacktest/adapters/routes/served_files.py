"""Whether a path is a file or a folder below a folder that a front door serves."""

from pathlib import Path, PurePosixPath

from stacktest.adapters.foreign_paths import is_file, is_folder


def file_kind(folder: str, path: str) -> str:
    """`file`, `folder`, or empty if nothing in the folder is at the path of a request."""
    parts = PurePosixPath(path.lstrip("/")).parts
    if ".." in parts or "\0" in path:
        return ""
    place = Path(folder, *parts)
    if is_file(place):
        return "file"
    return "folder" if is_folder(place) else ""
