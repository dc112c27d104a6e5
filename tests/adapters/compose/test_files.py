"""Which files make up a project, which `.env` is read, and what is typed to mean it."""

import os
from pathlib import Path

import pytest

from stacktest.adapters.compose.command_line import command_options
from stacktest.adapters.compose.files import (
    ProjectFiles,
    environment_of,
    file_options,
    find_project_files,
    list_files,
    names_no_file,
)
from stacktest.errors import UsageError


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def project(
    root: Path, *named: str, env_files: tuple[str, ...] = (), **environ: str
) -> ProjectFiles:
    return find_project_files(root, named, env_files, environ)


def names(files: ProjectFiles) -> list[str]:
    return [path.relative_to(files.root).as_posix() for path in files.paths]


def test_named_files_win(tmp_path: Path) -> None:
    write(tmp_path, **{"compose.yaml": "", "a.yml": "", "b.yml": ""})
    files = project(tmp_path, "a.yml", "b.yml", COMPOSE_FILE="compose.yaml")
    assert names(files) == ["a.yml", "b.yml"]


def test_then_the_environment_then_the_environment_file(tmp_path: Path) -> None:
    write(
        tmp_path, **{"compose.yaml": "", "a.yml": "", "b.yml": "", ".env": 'COMPOSE_FILE="b.yml"'}
    )
    both = project(tmp_path, COMPOSE_FILE=os.pathsep.join(["a.yml", "b.yml"]))
    assert names(both) == ["a.yml", "b.yml"]
    assert names(project(tmp_path)) == ["b.yml"]
    comma = project(tmp_path, COMPOSE_FILE="a.yml,b.yml", COMPOSE_PATH_SEPARATOR=",")
    assert names(comma) == ["a.yml", "b.yml"]


@pytest.mark.parametrize(("value", "is_read"), [("1", False), ("True", False), ("0", True)])
def test_the_environment_file_that_compose_reads_by_itself_can_be_off(
    value: str, is_read: bool, tmp_path: Path
) -> None:
    text = "COMPOSE_FILE=b.yml\nX=1"
    write(tmp_path, **{"compose.yaml": "", "b.yml": "", ".env": text, "own.env": text})
    files = project(tmp_path, COMPOSE_DISABLE_ENV_FILE=value)
    assert (names(files), files.value("X")) == (
        (["b.yml"], "1") if is_read else (["compose.yaml"], None)
    )
    own = project(tmp_path, env_files=("own.env",), COMPOSE_DISABLE_ENV_FILE=value)
    assert (names(own), own.value("X")) == (["b.yml"], "1")


@pytest.mark.case("field/b04", "compose/compose-file-var")
@pytest.mark.parametrize(
    "text",
    [
        "STAGE=b\nCOMPOSE_FILE=a.yaml:${STAGE}.yaml",
        'STAGE=b\nCOMPOSE_FILE="a.yaml:${STAGE}.yaml" # both',
        "STAGE=b # the stage\nexport COMPOSE_FILE=a.yaml:$STAGE.yaml",
        "COMPOSE_FILE=a.yaml:${STAGE:-b}.yaml",
        "COMPOSE_PATH_SEPARATOR=;\nCOMPOSE_FILE='a.yaml;b.yaml'",
    ],
)
def test_compose_file_in_env_is_read_with_quotes_comments_and_variables(
    tmp_path: Path, text: str
) -> None:
    write(tmp_path, **{"a.yaml": "", "b.yaml": "", "compose.yaml": "", ".env": text})
    assert names(project(tmp_path)) == ["a.yaml", "b.yaml"]


def test_then_the_usual_names_with_their_override(tmp_path: Path) -> None:
    write(tmp_path, **{"docker-compose.yml": "", "docker-compose.override.yml": ""})
    assert names(project(tmp_path)) == ["docker-compose.yml", "docker-compose.override.yml"]
    write(tmp_path, **{"compose.yml": ""})
    assert names(project(tmp_path))[0] == "compose.yml"


def test_no_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        project(tmp_path)
    assert caught.value.lines() == [
        "error: no compose file here",
        f"  at: {tmp_path}",
        "  hint: add compose.yaml, or name the stack's folder: --stack DIR",
    ]


def test_a_named_file_that_is_absent_names_its_key(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        project(tmp_path, "a.yml")
    assert caught.value.where == "stacktest.toml:stack.compose"


@pytest.mark.parametrize(
    ("named", "environ", "value"),
    [
        ((), {}, "root"),
        (("deploy/c.yml",), {}, "deploy"),
        ((), {"COMPOSE_FILE": "deploy/c.yml"}, "root"),
        ((), {"COMPOSE_FILE": "deploy/c.yml", "V": "shell"}, "shell"),
        ((), {"COMPOSE_ENV_FILES": "one.env,two.env"}, "two"),
        (("deploy/c.yml",), {"COMPOSE_ENV_FILES": "one.env"}, "one"),
    ],
)
def test_the_env_file_that_compose_reads_is_read(
    tmp_path: Path, named: tuple[str, ...], environ: dict[str, str], value: str
) -> None:
    write(
        tmp_path,
        **{"compose.yaml": "", ".env": "V=root", "deploy__c.yml": "", "deploy__.env": "V=deploy\nW=1",
           "one.env": "V=one", "two.env": "V=two"},
    )  # fmt: skip
    files = find_project_files(tmp_path, named, (), environ)
    assert files.value("V") == value
    # The second `.env` fills in what the first leaves out.
    assert files.value("W") == (
        "1" if "deploy/c.yml" in names(files) and not files.env_files else None
    )


def test_profiles_come_from_the_environment_or_the_file(tmp_path: Path) -> None:
    write(tmp_path, **{"compose.yaml": "", ".env": "COMPOSE_PROFILES='web, mail'"})
    assert project(tmp_path).profiles == ("web", "mail")
    assert project(tmp_path, COMPOSE_PROFILES="*").profiles == ("*",)


def test_included_and_extended_files_are_listed_with_the_folder_of_their_paths(
    tmp_path: Path,
) -> None:
    write(
        tmp_path,
        **{
            "compose.yaml": "include: [one.yml, {path: [sub/two.yml, $X/no.yml]}]\n"
            "services: {a: {extends: {file: base.yml, service: b}}}\n",
            "sub__two.yml": "include: [{path: three.yml, project_directory: ..}]\n",
            "sub__three.yml": "services: {}\n",
            "one.yml": "include: [compose.yaml]\n",
            "base.yml": "services: {}\n",
            "there__no.yml": "services: {}\n",
        },
    )
    listed = {
        file.path.relative_to(tmp_path).as_posix(): file.folder.relative_to(tmp_path).as_posix()
        for file in list_files(project(tmp_path, X="there"))
    }
    assert listed == {
        "compose.yaml": ".",
        "one.yml": ".",
        "sub/two.yml": "sub",
        "sub/three.yml": ".",
        "there/no.yml": "sub",
        "base.yml": ".",
    }


# What is handed to Compose, and what a person types


def test_files_of_compose_file_are_handed_on_as_such(tmp_path: Path) -> None:
    write(tmp_path, **{"d__a.yml": "", ".env": "COMPOSE_FILE=d/a.yml"})
    files = project(tmp_path, HOME="/root")
    assert file_options(files, "-") == []
    assert environment_of(files, "-") == {
        "HOME": "/root",
        "PWD": str(tmp_path),
        "COMPOSE_FILE": f"{tmp_path}/d/a.yml:-",
        "COMPOSE_PATH_SEPARATOR": ":",
    }


@pytest.mark.parametrize(
    ("environ", "image"),
    [({}, "outer-beside"), ({"I": "shell"}, "shell-beside")],
)
def test_what_stands_beside_compose_file_in_the_env_file_goes_before_that_of_the_files(
    tmp_path: Path, environ: dict[str, str], image: str
) -> None:
    text = "COMPOSE_FILE=d/a.yml\nI=outer\nJ=beside"
    write(tmp_path, **{"d__a.yml": "", "d__.env": "I=inner\nJ=inner", ".env": text})
    handed_on = environment_of(find_project_files(tmp_path, (), (), environ))
    assert f"{handed_on['I']}-{handed_on['J']}" == image
    # Where the shell names the files, Compose is left to read what it reads.
    shell = {**environ, "COMPOSE_FILE": "d/a.yml"}
    assert "J" not in environment_of(find_project_files(tmp_path, (), (), shell))


def test_a_folder_below_the_stack_is_told_where_it_is(tmp_path: Path) -> None:
    write(tmp_path, **{"compose.yaml": "", "a__b__c.txt": ""})
    with pytest.raises(UsageError) as caught:
        find_project_files(tmp_path / "a/b", (), (), {})
    assert caught.value.hint == "--stack ../.."


def test_a_separator_in_a_name_is_not_taken_for_one(tmp_path: Path) -> None:
    write(tmp_path, **{"a:b.yml": "", "c.yml": ""})
    files = project(tmp_path, COMPOSE_FILE="a:b.yml|c.yml", COMPOSE_PATH_SEPARATOR="|")
    assert environment_of(files)["COMPOSE_PATH_SEPARATOR"] == "|"


@pytest.mark.case("field/c27")
@pytest.mark.parametrize(
    ("named", "environ", "folder", "options"),
    [
        ((), {}, ".", ()),
        ((), {}, "sub", ("--project-directory", "..")),
        (("deploy/c.yml",), {}, ".", ("-f", "deploy/c.yml")),
        (("deploy/c.yml",), {}, "sub", ("-f", "../deploy/c.yml")),
        (("deploy/c.yml",), {}, "deploy", ("-f", "c.yml")),
        ((), {"COMPOSE_FILE": "deploy/c.yml"}, ".", ()),
        ((), {"COMPOSE_FILE": "deploy/c.yml"}, "sub", ("--env-file", "../.env", "-f", "../deploy/c.yml")),
        ((), {"COMPOSE_ENV_FILES": "x.env"}, ".", ()),
    ],
)  # fmt: skip
def test_a_command_means_this_project_where_the_person_stands(
    tmp_path: Path,
    named: tuple[str, ...],
    environ: dict[str, str],
    folder: str,
    options: tuple[str, ...],
) -> None:
    write(tmp_path, **{"compose.yaml": "", "deploy__c.yml": "", ".env": "", "x.env": ""})
    files = find_project_files(tmp_path, named, (), environ)
    assert command_options(files, tmp_path if folder == "." else tmp_path / folder) == options


def test_a_command_names_the_environment_files_the_folder_and_the_project(tmp_path: Path) -> None:
    write(tmp_path, **{"deploy__c.yml": "", "x.env": ""})
    files = find_project_files(tmp_path, ["deploy/c.yml"], ["x.env"], {}, directory=".")
    assert command_options(files, tmp_path, name="shop") == (
        "--env-file", "x.env", "-f", "deploy/c.yml", "--project-directory", ".",
        "--project-name", "shop",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "surely"),
    [
        (b"services: {web: {image: x}}\n", True),
        (b"include: [other.yaml]\n", False),
        (b"services: {web: {extends: {file: base.yaml, service: web}}}\n", False),
        (b'"\\x69nclude": [other.yaml]\n', False),
        ("include: [other.yaml]\n".encode("utf-16"), False),
    ],
)
def test_what_may_name_another_file_is_parsed(tmp_path: Path, text: bytes, surely: bool) -> None:
    (tmp_path / "compose.yaml").write_bytes(text)
    (tmp_path / "other.yaml").write_text("services: {db: {image: y}}\n")
    assert names_no_file(tmp_path / "compose.yaml") == surely
    assert not names_no_file(tmp_path / "absent.yaml")
