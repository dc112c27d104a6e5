"""What a folder of files that a front door serves holds at a path."""

import os


def file_kind(folder: str, path: str) -> str:
    """`file`, `folder`, or empty where the folder has nothing at the path of a request."""
    place = os.path.normpath(os.path.join(folder, path.lstrip("/")))
    if place != folder and not place.startswith(os.path.join(folder, "")):
        return ""
    if os.path.isfile(place):
        return "file"
    return "folder" if os.path.isdir(place) else ""
