"""What a trace is cleaned of, event by event, without a browser."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.browser.trace_secrets import clean_trace
from stacktest.core.secret_forms import MASK

VALUE = "__playwright_value_"
FIELD = ["INPUT", {"type": "password", VALUE: "typed-Canary"}]
SNAPSHOT = {"type": "frame-snapshot", "snapshot": {"html": ["HTML", {}, ["BODY", {}, FIELD]]}}


def action(method: str, **parameters: Any) -> dict[str, Any]:
    return {"type": "before", "class": "Frame", "method": method, "params": parameters}


def cleaned(tmp_path: Path, *events: Any, **files: bytes) -> dict[str, bytes]:
    path = tmp_path / "trace.zip"
    with zipfile.ZipFile(path, "w") as trace:
        trace.writestr("trace.trace", "".join(f"{json.dumps(event)}\n" for event in events))
        for name, content in files.items():
            trace.writestr(name.replace("__", "/").replace("_", "."), content)
    clean_trace(path, {"model-Canary"})
    with zipfile.ZipFile(path) as trace:
        return {name: trace.read(name) for name in trace.namelist()}


def events_of(content: dict[str, bytes]) -> list[Any]:
    return [json.loads(line) for line in content["trace.trace"].splitlines()]


def test_what_stood_in_a_password_field_is_blanked_everywhere(tmp_path: Path) -> None:
    content = cleaned(
        tmp_path,
        action("fill", selector="internal:label=Word", value="typed-Canary"),
        action("type", selector="#w", text="-Can"),
        action("press", selector="#w", key="C"),
        {"type": "log", "message": 'elementHandle.type("-Can")'},
        {"type": "console", "text": "sent typed-Canary"},
        SNAPSHOT,
        resources__a_html=b"<p>typed-Canary</p>",
    )
    fill, typed, press, log, console, snapshot = events_of(content)
    assert [fill["params"]["value"], typed["params"]["text"], press["params"]["key"]] == [MASK] * 3
    assert log["message"] == f"elementHandle.type({MASK})"
    assert console["text"] == f"sent {MASK}"
    assert snapshot["snapshot"]["html"][2][2][1] == {"type": "password", VALUE: MASK}
    assert content["resources/a.html"] == f"<p>{MASK}</p>".encode()


def test_what_was_typed_elsewhere_stays(tmp_path: Path) -> None:
    event = action("fill", selector="internal:label=User", value="somebody")
    assert events_of(cleaned(tmp_path, event, SNAPSHOT))[0] == event


def test_without_snapshots_nobody_knows_into_what_it_was_typed(tmp_path: Path) -> None:
    (event,) = events_of(cleaned(tmp_path, action("fill", selector="#x", value="typed-Canary")))
    assert event["params"]["value"] == MASK


@pytest.mark.parametrize(
    "node",
    [
        {"headers": [{"name": "Authorization", "value": "Bearer sent-Canary"}]},
        {"headers": [{"name": "cookie", "value": "session=sent-Canary"}]},
        {"headers": [{"name": "Set-Cookie", "value": "session=sent-Canary; Path=/"}]},
        {"headers": [{"name": "X-Api-Key", "value": "sent-Canary"}]},
        {"cookies": [{"name": "session", "value": "sent-Canary"}]},
        {"options": {"httpCredentials": {"username": "u", "password": "sent-Canary"}}},
        {"queryString": [{"name": "access_token", "value": "sent-Canary"}]},
        {"url": "https://app/x?access_token=sent-Canary"},
        {"url": "https://u:sent-Canary@app/x"},
        {"text": "model-Canary"},
    ],
)
def test_what_is_sent_in_secret_is_blanked(tmp_path: Path, node: dict[str, Any]) -> None:
    content = cleaned(tmp_path, {"type": "resource-snapshot", "snapshot": node})
    assert b"Canary" not in content["trace.trace"]
    assert MASK.encode() in content["trace.trace"]


def test_what_was_posted_in_secret_is_blanked_in_the_body_and_elsewhere(tmp_path: Path) -> None:
    body = b'{"client_secret": "sent-Canary", "colour": "blue"}'
    content = cleaned(tmp_path, {"type": "console", "text": "sent-Canary"}, resources__b_json=body)
    assert content["resources/b.json"] == body.replace(b"sent-Canary", MASK.encode())
    assert b"Canary" not in content["trace.trace"]


def test_pictures_and_what_is_not_text_stay_as_they_are(tmp_path: Path) -> None:
    picture, raw = b"\x89PNG model-Canary", b"\x00model-Canary"
    content = cleaned(tmp_path, SNAPSHOT, resources__c_png=picture, resources__d_bin=raw)
    assert content["resources/c.png"] == picture
    assert content["resources/d.bin"] == raw


def test_the_title_repeats_the_parameters_of_the_test_and_goes(tmp_path: Path) -> None:
    (event,) = events_of(cleaned(tmp_path, {"type": "context-options", "title": "test-x-Canary"}))
    assert event["title"] == MASK


def test_a_trace_is_its_owners_alone_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    cleaned(tmp_path, SNAPSHOT)
    assert [path.name for path in tmp_path.iterdir()] == ["trace.zip"]
    assert (tmp_path / "trace.zip").stat().st_mode & 0o077 == 0


def test_what_is_no_trace_is_an_error_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "trace.zip"
    path.write_bytes(b"PK")
    with pytest.raises(zipfile.BadZipFile):
        clean_trace(path, ())
    assert path.read_bytes() == b"PK"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a_json", '{"data": {"refreshToken": "sent-Canary", "n": [{"apiKeys": ["x-Canary"]}]}}'),
        ("a_json", '{"pairs": [{"name": "client_secret", "value": "sent-Canary"}]}'),
        ("a_jsonl", '{"type": "send", "data": "{\\"access_token\\": \\"sent-Canary\\"}"}'),
        ("a_xml", "<r><apiKey>sent-Canary</apiKey><token value='x-Canary'/></r>"),
        ("a_yaml", "password: sent-Canary\n"),
        ("a_js", "var token = 'sent-Canary-1'; set('api_key', 'x-Canary-2')"),
        ("a_html", '<meta name="csrf-token" content="sent-Canary"><input name=\'token\' value="x-Canary">'),
        ("a_dat", '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nsent-Canary\r\n--b--'),
        ("a_txt", "see ghp_sentCanary0123456789 and eyJhbGciOiJI.eyJzdWIi.x-Canary"),
    ],
)  # fmt: skip
def test_what_an_answer_holds_in_secret_is_blanked_there_and_elsewhere(
    tmp_path: Path, name: str, body: str
) -> None:
    console = {"type": "console", "text": "it is sent-Canary"}
    content = cleaned(tmp_path, console, SNAPSHOT, **{f"resources__{name}": body.encode()})
    assert b"Canary" not in content[f"resources/{name.replace('_', '.')}"]
    if name not in {"a_js", "a_txt"}:
        assert b"Canary" not in content["trace.trace"]


@pytest.mark.parametrize(
    "node",
    [
        {"storageState": {"origins": [{"localStorage": [{"name": "x", "value": "kept-Canary"}]}]}},
        {"params": {"expression": "v => set('token', v)", "arg": {"value": {"s": "kept-Canary"}}}},
        {"result": {"value": {"o": [{"k": "token", "v": {"s": "kept-Canary"}}]}}},
        {"frameUrl": "https://app/#access_token=kept-Canary"},
        {
            "queryString": [
                {"name": "code", "value": "kept-Canary"},
                {"name": "code", "value": "404"},
            ]
        },
        {"html": ["BODY", {}, ["INPUT", {"aria-label": "API key", VALUE: "kept-Canary"}]]},
    ],
)
def test_what_pages_keep_and_programs_hand_over_is_blanked_there_and_elsewhere(
    tmp_path: Path, node: dict[str, Any]
) -> None:
    events = ({"type": "x", **node}, {"type": "console", "text": "kept-Canary"}, SNAPSHOT)
    content = cleaned(tmp_path, *events)
    assert b"Canary" not in content["trace.trace"]


def test_ordinary_words_of_pages_and_programs_stay(tmp_path: Path) -> None:
    program = (
        b"var token = 'required'; t('password', 'Repeat it'); secret = computed; x('token', y)"
    )
    texts = b'{"title": "Sign in", "session_count": 3, "code": "not_found", "key": "a-b-c-d"}'
    console = {"type": "console", "text": "required Repeat it computed not_found a-b-c-d"}
    content = cleaned(tmp_path, console, SNAPSHOT, resources__a_js=program, resources__b_json=texts)
    assert content["resources/a.js"] == program
    assert content["resources/b.json"] == texts
    assert events_of(content)[0] == console
