"""Changes real inputs as people, editors, crashes and attackers do: by line, by word, by value, by byte.

Most results are nearly valid, so that they come past the first check of a reader.
"""

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

NUMBERS = (
    "-1", "0", "00", "65536", "8O80", "1e999", "-0", "NaN", "Infinity", "0x1F", "1_000", "٣", "²", "½",
    "9" * 20, "9" * 5000, "3.14", "true", "null", "''", "2026-02-30", "0001-01-01T00:00:00.000+23:59",
    "9999-12-31T23:59:59.999-23:59", "2026-11-20T10:00:00+99:99", "1h1h", "9" * 400 + "h",
)  # fmt: skip
WORDS = (
    "\x00", "\ufeff", "\u202e", "\x1b[2J", "\x1b]52;c;Y3VybA==\x07", "::error::x", "\u2028", "\x85", "\x0b",
    "{", "}", "[", "]", "(", ")", "<<EOF", "EOF", "${A:?b}", "${", "$", "$$", "%", "%s", "{{", "}}", "{$A}", "*",
    "**", "?", "!", "\\", "\\\\", '"', "'", "`", "#", "&a", "*a", "!!python/object:os.system", "!reset", "<<: *a",
    "---", "...", "|", ">", ">-", "- ", ":", "://", "@", "~", "~(", "(?P<", "(a+)+$", "[[:alpha:]]", "include *",
    "import *", "import x", "../..", "/dev/zero", "/proc/self/mem", "nul", "😀", "é", "\u0301", "xn--", "xn--a-",
    ".", "..", "a" * 70, "a." * 200, "::1", "[::1", "[::1]:80", "unix:/x", "tcp:", "http(s)", "exited(",
    "PathRegexp(`[`)", "Host(", "&& ||", "!!", "not", "$host", "$1", "\\1", "\r", "\r\n", "\t", " ", "\n",
)  # fmt: skip
BYTES = (
    b"\x00",
    b"\xff",
    b"\xfc",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"\xfe\xff",
    b"\x80",
    b"\r",
    b"\x1b",
)
DEEP = 400
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**30, 1.5, 1e308, "", " ", "x", "\x00", "\ud800", "1", "-1", "²", "9" * 5000, [], {},
    [None], [[]], [{}], {"": None}, {"x": {}}, ["x", 1], {"a": "b"}, "${A}", "1h", "\x1b[2J", "0001-01-01T00:00:00.000+23:59",
)  # fmt: skip
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+")


class Mutator:
    """Makes one input after the other; the same source of random numbers gives the same ones."""

    def __init__(self, source: random.Random) -> None:
        self._random = source

    def mutate(self, seed: bytes, corpus: Sequence[bytes], form: str) -> bytes:
        """The seed after one to four changes; `form` is `json`, `yaml` or `text`."""
        data = seed
        for _ in range(self._random.choice((1, 1, 1, 2, 2, 3, 4))):
            if form != "text" and self._random.random() < _BY_VALUE:
                data = self._by_value(data)
            else:
                data = self._by_text(data, corpus)
        return data

    # Private, by value

    def _by_value(self, data: bytes) -> bytes:
        """Another value somewhere in a JSON document, which is YAML as well."""
        try:
            document = json.loads(data)
        except (ValueError, RecursionError):
            return self._by_text(data, [data])
        changed = self._changed(document)
        text = json.dumps(changed, ensure_ascii=self._random.random() < _HALF)
        if self._random.random() < _SELDOM:
            text = text.replace('{"', '{"twice": 1, "twice": 2, "', 1)
        return text.encode("utf-8", "surrogatepass")

    def _changed(self, value: Any) -> Any:
        pick = self._random.random()
        if isinstance(value, dict) and value and pick < _DEEPER:
            key = self._random.choice(list(value))
            return {**value, key: self._changed(value[key])}
        if isinstance(value, list) and value and pick < _DEEPER:
            place = self._random.randrange(len(value))
            return [*value[:place], self._changed(value[place]), *value[place + 1 :]]
        return self._replaced(value)

    def _replaced(self, value: Any) -> Any:
        kind = self._random.randrange(6)
        if kind == 0 and isinstance(value, dict) and value:
            gone = self._random.choice(list(value))
            return {key: item for key, item in value.items() if key != gone}
        if kind == 1 and isinstance(value, dict):
            return {
                **value,
                self._random.choice(("x", "", "\x1b[2J", "a.b", "ſ")): self._random.choice(VALUES),
            }
        if kind == 2 and isinstance(value, str):
            return self._by_text(value.encode("utf-8", "surrogatepass"), [b"x"]).decode(
                "utf-8", "replace"
            )
        if kind == 3:
            return [value]
        if kind == 4:
            return {"x": value}
        return self._random.choice(VALUES)

    # Private, by text

    def _by_text(self, data: bytes, corpus: Sequence[bytes]) -> bytes:
        changes: tuple[Callable[[bytes, Sequence[bytes]], bytes], ...] = (
            self._line, self._line, self._word, self._word, self._word, self._insert, self._insert,
            self._byte, self._cut, self._splice, self._whole,
        )  # fmt: skip
        return self._random.choice(changes)(data, corpus)

    def _line(self, data: bytes, _: Sequence[bytes]) -> bytes:
        lines = data.split(b"\n")
        place, other = self._random.randrange(len(lines)), self._random.randrange(len(lines))
        kind = self._random.randrange(5)
        if kind == 0:
            del lines[place]
        elif kind == 1:
            lines.insert(other, lines[place])
        elif kind == 2:
            lines[place], lines[other] = lines[other], lines[place]
        elif kind == 3:
            lines[place] = (
                self._random.choice((b" ", b"\t", b"  ", b"- ", b"# ", b"}")) + lines[place]
            )
        else:
            lines[place] = lines[place].strip()
        return b"\n".join(lines)

    def _word(self, data: bytes, corpus: Sequence[bytes]) -> bytes:
        text = data.decode("utf-8", "surrogateescape")
        numbers = self._random.random() < _HALF
        matches = list((_NUMBER if numbers else _WORD).finditer(text))
        if not matches:
            return self._insert(data, corpus)
        match = self._random.choice(matches)
        others = [*NUMBERS, *WORDS, "", self._random.choice(matches)[0]]
        changed = text[: match.start()] + self._random.choice(others) + text[match.end() :]
        return changed.encode("utf-8", "surrogateescape")

    def _insert(self, data: bytes, _: Sequence[bytes]) -> bytes:
        place = self._random.randrange(len(data) + 1)
        inserted = self._random.choice((*WORDS, *NUMBERS)).encode()
        return data[:place] + inserted + data[place:]

    def _byte(self, data: bytes, _: Sequence[bytes]) -> bytes:
        place = self._random.randrange(len(data) + 1)
        return data[:place] + self._random.choice(BYTES) + data[place + self._random.randrange(2) :]

    def _cut(self, data: bytes, _: Sequence[bytes]) -> bytes:
        place = self._random.randrange(len(data) + 1)
        return data[:place] if self._random.random() < _HALF else data[place:]

    def _splice(self, data: bytes, corpus: Sequence[bytes]) -> bytes:
        other = self._random.choice(corpus)
        return (
            data[: self._random.randrange(len(data) + 1)]
            + other[self._random.randrange(len(other) + 1) :]
        )

    def _whole(self, data: bytes, _: Sequence[bytes]) -> bytes:
        kind = self._random.randrange(9)
        opened, closed = self._random.choice(
            ((b"[", b"]"), (b"{", b"}"), (b"(", b")"), (b"a{\n", b"}\n"), (b"- ", b""))
        )
        return (
            b"",
            b"\xef\xbb\xbf" + data,
            data.replace(b"\n", b"\r\n"),
            data.decode("utf-8", "replace").encode("utf-16"),
            data.decode("utf-8", "replace").encode("latin-1", "replace") + b"\xfc",
            opened * DEEP + data + closed * DEEP,
            data + opened * DEEP * 10,
            data * 3,
            bytes(self._random.randrange(256) for _ in range(40)),
        )[kind]


_BY_VALUE = 0.7
_DEEPER = 0.85
_HALF = 0.5
_SELDOM = 0.1
