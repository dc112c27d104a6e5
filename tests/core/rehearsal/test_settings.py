"""What a person asks of a rehearsal survives the way to a worker."""

import pytest
from msgspec import convert, to_builtins

from stacktest.core.rehearsal.settings import CopySettings, parse_images
from stacktest.errors import UsageError


def test_settings_come_back_from_json() -> None:
    settings = CopySettings(
        id="ab",
        data="empty",
        images={"web": "nginx:2"},
        left_out=("vpn",),
        drilled=("db",),
        verb="drill",
    )
    assert convert(to_builtins(settings), CopySettings) == settings


def test_images_are_read_by_service() -> None:
    texts = ["web=registry:5000/nginx:2", "db=postgres@sha256:ab"]
    assert parse_images(texts, where="--with") == {
        "web": "registry:5000/nginx:2",
        "db": "postgres@sha256:ab",
    }


@pytest.mark.parametrize("text", ["web", "web=", "=nginx", ""])
def test_what_is_not_service_and_image_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="names no service with its image") as raised:
        parse_images([text], where="--with")
    assert raised.value.hint == "write SERVICE=IMAGE"


@pytest.mark.parametrize(
    ("verb", "without", "empty"),
    [
        ("", "--stack-copy-without a --stack-copy-without b", "--stack-copy-data empty"),
        ("rehearse", "--without a --without b", "--data empty"),
        ("drill", "--without a --without b", ""),
        ("update", "", ""),
    ],
)
def test_hints_name_the_options_of_the_command_that_runs(
    verb: str, without: str, empty: str
) -> None:
    settings = CopySettings(id="ab", verb=verb)
    assert (settings.without("a", "b"), settings.begin_empty) == (without, empty)
