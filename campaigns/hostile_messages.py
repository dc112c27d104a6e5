"""Messages that no honest client sends: DNS, requests to a proxy, requests for pages."""

import random
import struct

import dns.exception
import dns.flags
import dns.message
import dns.opcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

DOMAIN = "stack.local"
HOSTS = ("app.stack.local", "*.apps.stack.local")
ADDRESS = "127.0.0.1"
GOOD_QUESTION = dns.message.make_query("app.stack.local", "A").to_wire()
GOOD_REQUEST = b"GET http://app.stack.local/ HTTP/1.1\r\nHost: app.stack.local\r\n\r\n"
UNFINISHED = (
    b"",
    b"C",
    b"GET http://app.stack.local/ HTTP/1.1\r\nHost: a",
    b"CONNECT app.stack.local:80 HTTP/1.1\r\n\r\n",
    b"POST http://app.stack.local/ HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n",
)
"""What a client may send and then wait."""
LARGEST_REPLY = 1232
"""Bytes of an answer: a small server must not be worth a spoofed question."""


# ------------------------------------------------------------------ DNS

_NAMES = (
    "app.stack.local",
    "APP.Stack.LOCAL",
    "stack.local",
    "x.apps.stack.local",
    "nothing.stack.local",
    "example.com",
    ".",
    "\\000.stack.local",
    "\\255\\254.stack.local",
    "xn--a.stack.local",
    "a\\.b.stack.local",
    "x" * 63 + ".stack.local",
    ".".join(["a" * 60] * 4),
    "version.bind",
    "_https._tcp.app.stack.local",
)
_TYPES = ("A", "AAAA", "ANY", "TXT", "NS", "SOA", "AXFR", "IXFR", "OPT", "TSIG", "HTTPS", "RRSIG")
_CLASSES = ("IN", "CH", "HS", "NONE", "ANY")


def dns_message(numbers: random.Random) -> bytes:
    """A message: well-formed but odd, mutated, of random bytes, or built to make parsers loop."""
    kind = numbers.randrange(10)
    if kind == 0:
        return numbers.randbytes(numbers.randrange(0, 600))
    if kind == 1:
        return _looping(numbers)
    message = _question(numbers)
    return _mutated(message, numbers) if kind < 6 else message


def dns_fault(sent: bytes, reply: bytes) -> str:
    """What is wrong with a reply; empty for one that an honest server may give."""
    try:
        answer = dns.message.from_wire(reply)
    except (dns.exception.DNSException, struct.error, ValueError) as error:
        return f"a reply that cannot be read ({error!r})"
    if not answer.flags & dns.flags.QR or reply[:2] != sent[:2]:
        return "not a reply to what was asked"
    if len(reply) > max(LARGEST_REPLY, 2 * len(sent)):
        return f"a reply of {len(reply)} bytes to {len(sent)}"
    if answer.authority or answer.flags & dns.flags.RA:
        return "acts as a resolver"
    return next(filter(None, map(_record_fault, answer.answer)), "")


def _record_fault(records: dns.rrset.RRset) -> str:
    name = records.name.to_text(omit_final_dot=True).lower()
    if records.rdclass != dns.rdataclass.IN or records.rdtype != dns.rdatatype.A:
        return f"a record of another class or type: {records}"
    if not (name == DOMAIN or name.endswith(f".{DOMAIN}")):
        return f"a record for a foreign name: {records}"
    if any(str(record) != ADDRESS for record in records):
        return f"another address: {records}"
    return ""


def _question(numbers: random.Random) -> bytes:
    message = dns.message.make_query(
        numbers.choice(_NAMES),
        numbers.choice(_TYPES),
        numbers.choice(_CLASSES) if numbers.random() < 0.4 else "IN",
        use_edns=numbers.choice((None, 0, 0, 1, 255)),
    )
    message.id = numbers.randrange(65536)
    if numbers.random() < 0.2:
        message.set_opcode(dns.opcode.Opcode(numbers.randrange(16)))
    if numbers.random() < 0.1:
        message.flags |= dns.flags.QR
    try:
        return message.to_wire()
    except (dns.exception.DNSException, ValueError):
        # An opcode under which this library writes no questions.
        return GOOD_QUESTION


def _looping(numbers: random.Random) -> bytes:
    """Names that point to themselves, to each other, or beyond the end; counts that lie."""
    counts = [numbers.choice((0, 1, 2, 65535)) for _ in range(4)]
    head = struct.pack("!HHHHHH", numbers.randrange(65536), numbers.choice((0, 0x100)), *counts)
    pointer = struct.pack("!H", 0xC000 | numbers.choice((0, 12, 13, 14, 0x3FFF)))
    body = numbers.choice((b"", b"\x01a", b"\x3f" + b"a" * 63, b"\x80", b"\x40a")) + pointer
    return head + body * numbers.randrange(1, 40) + numbers.randbytes(numbers.randrange(8))


def _mutated(message: bytes, numbers: random.Random) -> bytes:
    changed = bytearray(message)
    for _ in range(numbers.randrange(1, 4)):
        kind = numbers.randrange(4)
        if kind == 0 and changed:
            changed[numbers.randrange(len(changed))] = numbers.randrange(256)
        elif kind == 1:
            del changed[numbers.randrange(len(changed) + 1) :]
        elif kind == 2:
            changed += numbers.randbytes(numbers.randrange(80))
        elif len(changed) > 12:
            changed[numbers.randrange(12)] = numbers.randrange(256)
    return bytes(changed)


# ------------------------------------------------------------------ HTTP

_FOREIGN = (
    "example.com",
    "169.254.169.254",
    "127.0.0.1",
    "localhost",
    "[::1]",
    "0x7f000001",
    "2130706433",
    "0",
    "app.stack.local.example.com",
    "stack.local.example",
    "notstack.local",
    "app.stack.local@example.com",
    "example.com#app.stack.local",
    "example.com?app.stack.local",
    "example.com/app.stack.local",
    "example.com\\.stack.local",
    "app.stack.local\x00.example.com",
    "app.stack.local%00.example.com",
    "x" * 300,
    "xn--" + "a" * 80,
    "\xff\xfe",
    "",
)
_OURS = ("app.stack.local", "APP.STACK.LOCAL", "app.stack.local.", "x.apps.stack.local")
_METHODS = (
    *["GET"] * 4,
    "POST",
    "CONNECT",
    "CONNECT",
    "HEAD",
    "get",
    "",
    "PRI",
    "X" * 200,
    "\x16\x03\x01",
)
_PORTS = ("", ":80", ":443", ":22", ":0", ":65536", ":-1", ":x", ":80:80")
_VERSIONS = (*["HTTP/1.1"] * 8, "HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "", "HTTP/1.1 HTTP/1.1")
_SCHEMES = (*["http://"] * 6, "https://", "ftp://", "file://", "//", "", "http:/", "HTTP://")


_HEADERS = (
    "Proxy-Authorization: Basic eDp5",
    "Content-Length: 5",
    "Content-Length: -1",
    "Transfer-Encoding: chunked",
    "Expect: 100-continue",
    "Upgrade: websocket",
    "Host: example.com",
    "no colon",
    ": empty",
    " folded: x",
    "\x00: \x00",
)


def proxy_request(numbers: random.Random) -> bytes:
    """A request to a proxy: for hosts of others, in odd forms, mutated, or of random bytes."""
    kind = numbers.randrange(10)
    if kind == 0:
        return numbers.randbytes(numbers.randrange(0, 3000))
    method = numbers.choice(_METHODS)
    host = numbers.choice(_OURS if numbers.random() < 0.3 else _FOREIGN)
    target = host + numbers.choice(_PORTS)
    if method != "CONNECT" or numbers.random() < 0.1:
        target = f"{numbers.choice(_SCHEMES)}{target}{numbers.choice(_PATHS)}"
    request = _request(f"{method} {target} {numbers.choice(_VERSIONS)}", numbers)
    return _mutated(request, numbers) if kind < 4 else request


def is_for_the_stack(sent: bytes) -> bool:
    """Whether a CONNECT names a host below the stack's domain, as far as it can be read."""
    words = sent.split(b"\r\n", 1)[0].split(b" ")
    host = words[1].rpartition(b":")[0].rpartition(b"@")[2] if len(words) > 1 else b""
    return host.lower().rstrip(b".").endswith(DOMAIN.encode())


_PATHS = (
    "/",
    "",
    "/evidence/",
    "/evidence/r1/app.log",
    "/evidence/../.env",
    "/evidence/%2e%2e/.env",
    "/evidence/..%2f.env",
    "/evidence/out",
    "/evidence/circle",
    "/evidence//etc/passwd",
    "/evidence/%00",
    "/evidence/r1/app.log%00.html",
    "/evidence/\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
    "/.env",
    "/" + "a" * 5000,
    "/evidence/" + "a/" * 2000,
    "/evidence/" + "../" * 500 + "etc/passwd",
    "/<script>alert(1)</script>",
    "//[::1/x",
    "/?" + "q" * 1000,
    "/%",
    "/%zz%",
    "*",
    "http://example.com/",
    "\\..\\..\\.env",
)


def page_request(numbers: random.Random, port: int) -> bytes:
    """A request for a page: paths that lead out, odd forms, other hosts, mutated, or random."""
    kind = numbers.randrange(12)
    if kind == 0:
        return numbers.randbytes(numbers.randrange(0, 3000))
    if kind == 1:
        return b"GET /" + b"a" * numbers.choice((60_000, 70_000)) + b" HTTP/1.1\r\n\r\n"
    method = numbers.choice(("GET", "GET", "GET", "HEAD", *_METHODS))
    hosts = (f"127.0.0.1:{port}", f"localhost:{port}", "example.com", "", "\xff")
    host = numbers.choice(hosts if numbers.random() < 0.3 else hosts[:1])
    line = f"{method} {numbers.choice(_PATHS)} {numbers.choice(_VERSIONS)}"
    request = _request(line, numbers, host)
    return _mutated(request, numbers) if kind < 5 else request


def is_whole(sent: bytes) -> bool:
    """Whether an HTTP/1 request is there to its end, so that it has to be answered."""
    line, separator, _ = sent.partition(b"\r\n")
    words = line.split(b" ")
    is_request = len(words) == 3 and words[0].isalpha() and words[2] in (b"HTTP/1.0", b"HTTP/1.1")
    return is_request and bool(separator) and b"\r\n\r\n" in sent and words[1].isascii()


def _request(line: str, numbers: random.Random, host: str = "app.stack.local") -> bytes:
    size = numbers.choice((1, 9000, 70_000))
    odd = (*_HEADERS, "X: " + "y" * size)
    headers = [f"Host: {host}", *numbers.choices(odd, k=numbers.randrange(4))]
    if numbers.random() < 0.05:
        headers += ["X: y"] * 300
    end = numbers.choice((*["\r\n\r\n"] * 8, "\n\n", "\r\n", ""))
    body = numbers.choice(("", "", "hello", "0\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"))
    return ("\r\n".join((line, *headers)) + end + body).encode("latin-1", "replace")
