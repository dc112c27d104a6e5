"""A folder of nginx files that the front door mounts as a whole: what is added later counts."""

from pathlib import Path

import pytest

from stacktest.adapters.routes import read_routes, unnamed_servers
from stacktest.core.model import Stack
from stacktest.errors import UsageError
from tests.adapters.routes.front_doors import apps, leads, stack, who


def of(root: Path, target: str = "/etc/nginx/conf.d") -> Stack:
    return stack(root, *apps("auth", "books"), mounts={target: "conf.d"})


def write(root: Path, *names: str) -> None:
    (root / "conf.d").mkdir(exist_ok=True)
    for name in names:
        site = f"server {{ listen 80; server_name {name}.x.test; location / {{ proxy_pass http://{name}:1; }} }}"
        (root / f"conf.d/{name}.conf").write_text(site)


@pytest.mark.parametrize("named", [("books",), ("books", "auth")])
def test_the_first_server_of_the_folder_has_other_names_whatever_routes_names(
    tmp_path: Path, named: tuple[str, ...]
) -> None:
    write(tmp_path, "books", "auth")
    (tmp_path / "conf.d/tls.conf").write_text("server { listen 443 default_server; return 404; }")
    sources = tuple(f"conf.d/{name}.conf" for name in (*named, "tls"))
    routes = read_routes(sources, of(tmp_path))
    assert who(routes, "x.test") == "auth"
    assert who(routes, "books.x.test") == "books"


def test_files_that_are_mounted_alone_keep_the_order_of_routes(tmp_path: Path) -> None:
    write(tmp_path, "books", "auth")
    alone = stack(tmp_path, *apps("auth", "books"))
    routes = read_routes(("conf.d/books.conf", "conf.d/auth.conf"), alone)
    assert who(routes, "auth.x.test") == "auth"
    assert list(leads(routes)) == ["books.x.test", "auth.x.test"]


def test_a_pattern_names_files_that_are_added_later(tmp_path: Path) -> None:
    write(tmp_path, "books")
    before = read_routes(("conf.d/*.conf",), of(tmp_path))
    write(tmp_path, "auth")
    after = read_routes(("conf.d/*.conf",), of(tmp_path))
    assert leads(before) == {"books.x.test": "books:1"}
    assert leads(after) == {"auth.x.test": "auth:1", "books.x.test": "books:1"}


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    write(tmp_path, "books")
    (tmp_path / "conf.d/books.conf").rename(tmp_path / "conf.d/[a].conf")
    assert leads(read_routes(("conf.d/[a].conf",), of(tmp_path))) == {"books.x.test": "books:1"}


@pytest.mark.parametrize(
    ("source", "what", "hint"),
    [
        ("conf.d/*.conf", "no file matches conf.d/*.conf", "`none` where nothing"),
        ("conf.d", "conf.d is a folder", "name its files: conf.d/*.conf"),
    ],
)
def test_what_names_no_file_is_refused(tmp_path: Path, source: str, what: str, hint: str) -> None:
    (tmp_path / "conf.d").mkdir()
    with pytest.raises(UsageError) as caught:
        read_routes((source,), of(tmp_path))
    assert caught.value.what == what
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("sources", "unnamed"),
    [
        (("conf.d/books.conf",), ("conf.d/auth.conf:1",)),
        (("conf.d/*.conf",), ()),
        (("traefik",), ()),
        (("none",), ()),
        (("conf.d/broken.conf",), ()),
    ],
)
def test_servers_that_nginx_reads_and_routes_does_not_name(
    tmp_path: Path, sources: tuple[str, ...], unnamed: tuple[str, ...]
) -> None:
    write(tmp_path, "books", "auth")
    (tmp_path / "conf.d/map.conf").write_text("map $host $up { default 1; }")
    if "broken" in sources[0]:
        (tmp_path / "conf.d/broken.conf").write_text("server {")
    assert unnamed_servers(sources, of(tmp_path)) == unnamed
    alone = stack(tmp_path, *apps("auth", "books"))
    assert unnamed_servers(sources, alone) == ()
