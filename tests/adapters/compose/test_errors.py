"""What Compose refuses becomes a message that names the file, the key and what to do."""

import os
from pathlib import Path

import pytest

from stacktest.adapters.compose.errors import explain
from stacktest.adapters.compose.files import find_project_files
from stacktest.adapters.process import Completed


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def said(text: str) -> Completed:
    return Completed(argv=("docker", "compose", "config"), code=15, out="", err=text)


def explained(root: Path, text: str, *, version: tuple[int, ...] = (2, 26, 1)) -> list[str]:
    project = find_project_files(root, (), (), os.environ)
    return explain(said(text), project=project, version=version).lines()


def test_every_unset_variable_is_named_though_compose_names_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T_SET", "x")
    write(
        tmp_path,
        **{
            "compose.yaml": "a: ${T_ONE:?the first} ${T_TWO?} ${T_SET:?} ${T_FILED:?} $${T_NOT:?}",
            ".env": "T_FILED=y\n",
        },
    )
    text = "error while interpolating services.a: required variable T_TWO is missing a value: "
    assert explained(tmp_path, f"time=x level=warning msg=noise\n{text}") == [
        "error: 2 variables have no value: T_ONE: the first; T_TWO",
        "  at: compose.yaml",
        "  hint: set T_ONE, T_TWO in .env or in the environment",
    ]


@pytest.mark.parametrize("example", [".env.example", ".env.sample", ".env.dist"])
@pytest.mark.parametrize(
    "text",
    [
        "required variable T_ONE is missing a value: the first",
        'level=warning msg="The \\"T_ONE\\" variable is not set."\ninvalid hostPort: ',
    ],
)
def test_a_checkout_without_an_environment_file_is_told_of_the_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: str, text: str
) -> None:
    required = "services: {a: {ports: ['${T_ONE}:80'], hostname: '${T_ONE:?the first}'}}"
    write(tmp_path, **{"compose.yaml": required, example: "T_ONE=\n"})
    monkeypatch.chdir(tmp_path)
    hint = f"  hint: cp {example} .env, then set T_ONE there"
    assert explained(tmp_path, text)[-1] == hint
    (tmp_path / ".env").write_text("")
    assert explained(tmp_path, text)[-1] == "  hint: set T_ONE in .env or in the environment"


@pytest.mark.parametrize("text", ["env file {} not found", "Couldn't find env file: {}"])
def test_an_environment_file_that_is_named_and_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    write(tmp_path, **{"compose.yaml": "", "app.env.example": ""})
    monkeypatch.chdir(tmp_path)
    assert explained(tmp_path, text.format(tmp_path / "app.env")) == [
        "error: env_file app.env does not exist",
        "  at: compose.yaml",
        "  hint: cp app.env.example app.env",
    ]


def test_values_of_the_environment_file_stay_out(tmp_path: Path) -> None:
    write(tmp_path, **{"compose.yaml": "", ".env": "DB_PASSWORD='hunter2'\nON=yes\n"})
    (first, *_) = explained(tmp_path, "invalid hostPort: hunter2 yes")
    assert first == "error: Compose cannot load the project: invalid hostPort: ${DB_PASSWORD} yes"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            'service "a" refers to undefined secret s: invalid compose project',
            "service a uses secret s, which is not defined",
        ),
        (
            'service "a" has neither an image nor a build context specified: invalid',
            "service a has neither image nor build",
        ),
        ("open ROOT/more.yml: no such file or directory", "more.yml does not exist"),
        (
            "validating ROOT/compose.yaml: services.a Additional property prots is not allowed",
            "services.a: not allowed: prots",
        ),
        (
            "validating ROOT/compose.yaml: services.a additional properties 'c', 'd' not allowed",
            "services.a: not allowed: c, d",
        ),
        (
            'unsupported env_file format "raw"',
            "env_file has format raw, which Docker Compose 2.26.1 does not know",
        ),
        (
            "validating ROOT/compose.yaml: json: no value: +Inf",
            "Compose cannot load the project: validating ROOT/compose.yaml: json: no value: +Inf",
        ),
        ("", "Compose cannot load the project: it ended with code 15 and printed nothing"),
    ],
)
def test_other_refusals(tmp_path: Path, text: str, what: str) -> None:
    write(tmp_path, **{"compose.yaml": ""})
    (first, *_) = explained(tmp_path, text.replace("ROOT", str(tmp_path)))
    assert first == f"error: {what.replace('ROOT', str(tmp_path))}"


def test_a_value_that_this_compose_does_not_know_may_be_newer(tmp_path: Path) -> None:
    write(tmp_path, **{"compose.yaml": "services: {a: {image: x, pull_policy: daily}}"})
    why = 'services.a.pull_policy must be one of the following: "always", "never"'
    lines = explained(tmp_path, f"validating {tmp_path}/compose.yaml: services.a.pull_policy {why}")
    assert lines[1:] == [
        "  at: services.a.pull_policy in compose.yaml",
        "  hint: write one of these; if the value is newer than Docker Compose 2.26.1, update Compose",
    ]


def test_the_file_that_is_not_yaml_is_found_among_many(tmp_path: Path) -> None:
    write(tmp_path, **{"a.yml": "services: {}\n", "b.yml": "services: [\n"})
    text = "yaml: line 2: did not find expected node content"
    project = find_project_files(tmp_path, ["a.yml", "b.yml"], [], {})
    error = explain(said(text), project=project)
    assert error.where == "b.yml:2"


WARNING = (
    'time="t" level=warning msg="The \\"{}\\" variable is not set. Defaulting to a blank string."'
)


@pytest.mark.case("compose/unset-path")
@pytest.mark.parametrize(
    ("definition", "text", "key"),
    [
        ('volumes: ["${MEDIA}:/media"]', "invalid spec: :/media: empty section between colons", "volumes"),
        ('image: "${MEDIA}"', 'service "web" has neither an image nor a build context specified', "image"),
        ('env_file: ["${MEDIA}/x.env"]', "env file /x.env not found: stat /x.env: no such file", "env_file"),
        ('mem_limit: "${MEDIA}"', "error decoding 'services[web].mem_limit': invalid size: ''", "mem_limit"),
        ('privileged: "${MEDIA}"', "error while interpolating services.web.privileged: invalid boolean: ", "privileged"),
    ],
)  # fmt: skip
def test_a_blank_variable_is_what_the_refusal_comes_from(
    tmp_path: Path, definition: str, text: str, key: str
) -> None:
    write(tmp_path, **{"compose.yaml": f"services: {{web: {{{definition}}}}}"})
    assert explained(tmp_path, f"{WARNING.format('MEDIA')}\n{text}") == [
        "error: MEDIA is not set",
        f"  at: services.web.{key} in compose.yaml",
        "  hint: set MEDIA in .env or in the environment",
    ]


def test_a_blank_variable_elsewhere_is_not_blamed(tmp_path: Path) -> None:
    write(tmp_path, **{"compose.yaml": 'services: {web: {image: "${TAG}", depends_on: [gone]}}'})
    text = f'{WARNING.format("TAG")}\nservice "web" depends on undefined service "gone": invalid'
    assert (
        explained(tmp_path, text)[0] == "error: service web depends on gone, which is not defined"
    )


@pytest.mark.case("field/b15")
def test_a_key_that_is_not_known_may_be_newer_than_this_compose(tmp_path: Path) -> None:
    write(tmp_path, **{"compose.yaml": ""})
    text = f"validating {tmp_path}/compose.yaml: services.llm Additional property provider is not allowed"
    assert explained(tmp_path, text)[-1] == (
        "  hint: correct that key; if it is newer than Docker Compose 2.26.1, update Compose"
    )


@pytest.mark.case("compose/env-file-second-file")
@pytest.mark.parametrize(
    ("files", "named", "missing", "where"),
    [
        (
            {"compose.yaml": "", "more__mail.yaml": "services: {mail: {env_file: [../mail.env]}}"},
            ["compose.yaml", "more/mail.yaml"],
            "../mail.env",
            "services.mail.env_file in more/mail.yaml",
        ),
        (
            {"compose.yaml": "include: [parts/mail.yaml]",
             "parts__mail.yaml": "services: {mail: {env_file: [{path: ./x/../mail.env}]}}"},
            ["compose.yaml"],
            "parts/mail.env",
            "services.mail.env_file in parts/mail.yaml",
        ),
    ],
)  # fmt: skip
def test_the_file_that_asks_for_an_environment_file_is_named(
    tmp_path: Path, files: dict[str, str], named: list[str], missing: str, where: str
) -> None:
    root = tmp_path / "stack"
    write(root, **files)
    path = (root / missing).resolve()
    project = find_project_files(root, named, (), {})
    error = explain(said(f"env file {path} not found: stat {path}: no such file"), project=project)
    assert error.where == where


@pytest.mark.case("compose/masked-words", "compose/masked-words2")
def test_harmless_words_of_the_environment_file_stay_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(
        tmp_path,
        **{
            "compose.yaml": "services: {wiki: {env_file: [conf/wiki.env], depends_on: [redis]}}",
            ".env": "FOLDER=conf\nWORD=wiki\nDB=postgres\nCACHE=redis\nDB_PASSWORD=wiki\n",
            "conf__wiki.env.example": "",
        },
    )
    missing = f"{tmp_path}/conf/wiki.env"
    assert explained(tmp_path, f"env file {missing} not found: stat {missing}: no such file") == [
        "error: env_file conf/wiki.env does not exist",
        "  at: services.wiki.env_file in compose.yaml",
        "  hint: cp conf/wiki.env.example conf/wiki.env",
    ]
    text = 'service "wiki" depends on undefined service "redis": invalid compose project'
    assert (
        explained(tmp_path, text)[0] == "error: service wiki depends on redis, which is not defined"
    )


def test_a_line_of_an_environment_file_is_not_shown(tmp_path: Path) -> None:
    write(tmp_path, **{"compose.yaml": ""})
    text = f'failed to read {tmp_path}/.env: line 2: unterminated quoted value "hunter2'
    assert explained(tmp_path, text) == [
        "error: an environment file cannot be read: unterminated quoted value",
        "  at: .env:2",
        "  hint: write NAME=value in a line each, with quotes in pairs",
    ]


@pytest.mark.parametrize(
    ("services", "place"),
    [
        ("{a: {env_file: a.env}, b: {}}", "a.env:2"),
        ("{a: {env_file: [a.env]}, b: {env_file: [{path: b.env}]}}", "a.env or b.env:2"),
        ("{a: {}}", "a file of env_file:2"),
    ],
)
def test_compose_does_not_name_the_environment_file(
    tmp_path: Path, services: str, place: str
) -> None:
    write(tmp_path, **{"compose.yaml": f"services: {services}"})
    assert explained(tmp_path, 'line 2: unexpected character "x"')[1] == f"  at: {place}"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("Invalid hostPort: 99999999", "services.web.ports in compose.yaml"),
        ("invalid spec: a:b:c:d", "services.web.volumes in compose.yaml"),
        ("error decoding 'services[web].healthcheck.interval': time: unknown unit",
         "services.web.healthcheck in compose.yaml"),
        ("Invalid ip address ::1: address ::1:: too many colons in address",
         "services.web.ports in compose.yaml"),
        ('unsupported env_file format "raw"', "services.web.env_file in compose.yaml"),
        ("services must be a mapping", "compose.yaml"),
    ],
)  # fmt: skip
def test_the_key_is_named_where_it_can_be_told(tmp_path: Path, text: str, where: str) -> None:
    definition = (
        'ports: ["$P:80", "::1:3010:80"], volumes: ["a:b:c:d"], '
        "env_file: [a.env, {path: b.env, format: raw}]"
    )
    write(
        tmp_path, **{"compose.yaml": f"services: {{web: {{{definition}}}}}", ".env": "P=99999999"}
    )
    assert explained(tmp_path, text)[1] == f"  at: {where}"


@pytest.mark.case("hard/A4-terminal-shows-command-and-url-passwords")
def test_no_word_of_compose_shows_a_secret_of_the_files_or_the_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("T_SHELL_PASSWORD", "of-Shell-31337")
    compose = (
        "services: {web: {command: [redis-server, --requirepass=of-Command-31337], "
        "environment: {PGPASSWORD: of-File-31337, URL: 'http://u:of-Url-31337@h/'}, "
        "env_file: [web.env]}}"
    )
    write(tmp_path, **{"compose.yaml": compose, "web.env": "MYSQL_PWD=of-EnvFile-31337\n"})
    words = "of-Shell-31337 of-Command-31337 of-File-31337 of-Url-31337 of-EnvFile-31337"
    text = "\n".join(explained(tmp_path, f"something new: {words} web"))
    assert "31337" not in text
    assert "something new: ${T_SHELL_PASSWORD} " in text
    assert " web" in text


@pytest.mark.parametrize(
    ("text", "of_compose", "line"),
    [
        ("services:\n  a:\n    image: x\n   command: y\n", 2, 4),
        ('services:\n  a:\n    labels:\n      - "x: {{y}}"z\n', 3, 4),
        ("services:\n  a:\n    environment:\n      - A=1\n      B: 2\n", 4, 5),
        ("services:\n  a: {}\n  a: {}\n", 3, 3),
        ("services:\n  a: {image: x\n  b: {image: y}\n\n", 2, 2),
        ('services:\n  a:\n    image: "x\n  b: {}\n', 2, 3),
        ("services: {\n  a: {\n    image: x\n    ports: []\n  }\n}\n", 3, 4),
    ],
)
def test_the_line_of_a_fault_is_not_where_its_block_begins(
    text: str, of_compose: int, line: int, tmp_path: Path
) -> None:
    write(tmp_path, **{"compose.yaml": text})
    lines = explained(tmp_path, f"yaml: line {of_compose}: did not find expected key")
    assert lines[1] == f"  at: compose.yaml:{line}"


def test_text_that_is_not_utf_8_is_saved_again(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_bytes(b"services: {a: {image: f\xfc}}\n")
    assert explained(tmp_path, "yaml: invalid leading UTF-8 octet") == [
        "error: the compose file is not valid YAML: invalid leading UTF-8 octet",
        "  at: compose.yaml",
        "  hint: save the file as UTF-8",
    ]
