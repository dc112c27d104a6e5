"""Files in a container are the same as files here, or are not; what cannot be told is not known."""

import io
import tarfile
from pathlib import Path
from typing import Any, cast

import pytest

from stacktest.adapters.engine import container_files
from stacktest.adapters.engine.container_files import files_here, files_there
from stacktest.adapters.engine.socket import EngineSocket
from stacktest.core.unknown import Unknown


class ArchiveSocket:
    """Answers with the archive that the engine makes of a path."""

    def __init__(self, path: Path) -> None:
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as archive:
            archive.add(path, arcname=path.name)
        self.data = data.getvalue()

    def read(self, path: str, query: object, reader: Any) -> Any:
        assert (path, query) == ("/containers/c1/archive", {"path": "/etc/app"})
        return reader(io.BytesIO(self.data))


def there(path: Path) -> Any:
    return files_there(cast(EngineSocket, ArchiveSocket(path)), "c1", "/etc/app")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    top = tmp_path / "conf"
    (top / "parts" / "empty").mkdir(parents=True)
    (top / "app.conf").write_text("one")
    (top / "parts" / "more.conf").write_text("two")
    (top / "link").symlink_to("app.conf")
    (top / "parts-link").symlink_to("parts")
    return top


def test_a_folder_and_a_file_are_what_they_are(folder: Path) -> None:
    assert there(folder) == files_here(str(folder))
    assert set(there(folder)) == {"app.conf", "parts/more.conf", "link", "parts-link"}
    file = folder / "app.conf"
    assert there(file) == files_here(str(file))
    assert set(there(file)) == {""}


@pytest.mark.parametrize("change", ["content", "more", "fewer", "link"])
def test_another_folder_is_another(folder: Path, change: str) -> None:
    before = there(folder)
    if change == "content":
        (folder / "app.conf").write_text("two")
    elif change == "more":
        (folder / "new.conf").touch()
    elif change == "fewer":
        (folder / "app.conf").unlink()
    else:
        (folder / "link").unlink()
        (folder / "link").symlink_to("parts/more.conf")
    assert before != files_here(str(folder))


def test_what_cannot_be_compared_is_not_known(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert files_here(str(folder / "gone")) == Unknown(
        f"{folder}/gone cannot be read: No such file or directory"
    )
    socket = ArchiveSocket(folder)
    socket.data = socket.data[:700]
    torn = files_there(cast(EngineSocket, socket), "c1", "/etc/app")
    assert isinstance(torn, Unknown)
    monkeypatch.setattr(container_files, "MOST", 4)
    assert isinstance(there(folder), Unknown)
