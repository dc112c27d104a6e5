"""`stacktest ack` writes one line, and leaves every other byte of the page as it is."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from stacktest.cli.ack import ack
from stacktest.core.model import Service, Stack
from stacktest.errors import UsageError

LINE = b"\n**Last change fingerprint:** 0123456789abcdef\n"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The page of the one service of a stack."""
    fingerprint = SimpleNamespace(digest="f" * 16, repo="0123456789abcdef")
    project = SimpleNamespace(
        root=tmp_path,
        stack=Stack(name="t", root=tmp_path, services={"app": Service(name="app")}),
        config=SimpleNamespace(
            stack=SimpleNamespace(pages="{service}.md"), freshness=SimpleNamespace(doc_on=())
        ),
        look=lambda: {"app": SimpleNamespace(fingerprint=fingerprint)},
    )
    monkeypatch.setattr("stacktest.bootstrap.context.find_project", lambda _: project)
    return tmp_path / "app.md"


@pytest.mark.parametrize("text", [b"It works.\n", "Läuft.\n".encode("latin-1")])
def test_the_bytes_of_the_page_stay(page: Path, text: bytes) -> None:
    page.write_bytes(text)
    outcome = CliRunner().invoke(ack, ["app"], catch_exceptions=False)
    assert outcome.exit_code == 0
    assert page.read_bytes() == text + LINE


def test_a_link_stays_a_link(page: Path) -> None:
    target = page.with_name("elsewhere.md")
    target.write_text("It works.\n")
    page.symlink_to(target.name)
    CliRunner().invoke(ack, ["app"], catch_exceptions=False)
    assert page.is_symlink()
    assert target.read_bytes() == b"It works.\n" + LINE


def test_what_is_no_text_is_left_alone(page: Path) -> None:
    content = "It works.\n".encode("utf-16")
    page.write_bytes(content)
    with pytest.raises(UsageError, match="not UTF-8 text"):
        CliRunner().invoke(ack, ["app"], catch_exceptions=False)
    assert page.read_bytes() == content
