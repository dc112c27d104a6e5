"""Where there is no stack, the hint is the command that works there."""

from pathlib import Path

import pytest

from stacktest.bootstrap.stack_folder import stack_folder
from stacktest.errors import UsageError


@pytest.mark.parametrize(
    ("files", "hint"),
    [
        ((), "add compose.yaml and: stacktest init; or name the stack's folder: --stack DIR"),
        (("compose.yml",), "stacktest init"),
        (("a/compose.yml",), "stacktest init --stack a"),
        (("a/stacktest.toml", "my b/stacktest.toml"), "--stack a or --stack 'my b'"),
        (("compose.yml", "a/stacktest.toml"), "--stack a"),
        ((".git/stacktest.toml", "stacktest.md"), "add compose.yaml and: *"),
    ],
)
def test_the_hint_is_what_works_there(
    files: tuple[str, ...], hint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("STACKTEST_STACK", raising=False)
    monkeypatch.setenv("PWD", str(tmp_path))
    with pytest.raises(UsageError, match="no stack here") as caught:
        stack_folder("")
    assert caught.value.hint.startswith(hint.removesuffix("*"))
