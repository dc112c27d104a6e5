"""The documentation works when it can be read, and builds without a warning."""

import ast

import pytest

pytestmark = pytest.mark.service("mkdocs")


@pytest.mark.claim("X6")
def test_it_can_be_read(api):
    response = api("mkdocs").get("/")
    assert response.status_code == 200
    assert "<h1" in response.text
    assert "A private AI stack" in response.text


@pytest.mark.service("caddy")
@pytest.mark.claim("X28")
def test_folders_and_files(inside, door):
    door.get("/no-such-path")
    log = inside("caddy").run("stat", "--format", "%u %s", "/log/caddy", "/log/caddy/access.log")
    (folder, _), (file, size) = (line.split() for line in log.out.splitlines())
    assert (folder, file) == ("1001", "1001")
    assert int(size) > 0
    pages = inside("mkdocs").run("find", "/workspace/docs", "-type", "f", "-printf", "%m\n")
    assert set(pages.out.split()) == {"644"}


@pytest.mark.service("rag")
@pytest.mark.claim("X35")
def test_imports_and_links(inside, sandbox):
    programs = sorted((sandbox("programs").path / "programs").glob("*.py"))
    relative = [
        path.name
        for path in programs
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert programs
    assert relative == []
    imports = inside("rag").run("python3", "-c", "import rag", env={"PYTHONPATH": "/programs"})
    assert imports.code == 0
    build = (
        "build",
        "--strict",
        "--config-file",
        "/workspace/mkdocs.yml",
        "--site-dir",
        "/tmp/site",
    )
    assert inside("mkdocs").run("mkdocs", *build).code == 0
