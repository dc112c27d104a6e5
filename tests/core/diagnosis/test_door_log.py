"""Lines of front doors, as they wrote them, and what they are read as."""

import pytest

from stacktest.core.diagnosis.door_log import complaints, read_complaint

NGINX = (
    "2026/11/29 03:00:01 [error] 22#22: *1 {what}, client: 10.0.0.1, server: wiki.home.lan, request:"
    ' "GET / HTTP/1.1", upstream: "http://10.0.0.4:8081/", host: "wiki.home.lan"'
)
CADDY = (
    '{{"level":"error","ts":1764385201.1,"logger":"http.log.error","msg":"{what}","request":'
    '{{"remote_ip":"10.0.0.1","proto":"HTTP/2.0","method":"GET","host":"wiki.home.lan","uri":"/"}},'
    '"duration":0.001,"status":502,"err_id":"x","err_trace":"reverseproxy.statusError"}}'
)


@pytest.mark.parametrize(
    ("line", "kind", "upstream", "port", "host"),
    [
        (
            NGINX.format(what="connect() failed (111: Connection refused) while connecting to upstream"),
            "refused", "10.0.0.4", 8081, "wiki.home.lan",
        ),
        (
            NGINX.format(what="connect() failed (113: No route to host) while connecting to upstream"),
            "unreachable", "10.0.0.4", 8081, "wiki.home.lan",
        ),
        (
            NGINX.format(what="upstream timed out (110: Connection timed out) while connecting to upstream"),
            "unreachable", "10.0.0.4", 8081, "wiki.home.lan",
        ),
        (
            NGINX.format(what="upstream sent no valid HTTP/1.0 header while reading response header from upstream"),
            "speaks_tls", "10.0.0.4", 8081, "wiki.home.lan",
        ),
        (
            NGINX.format(what="SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream"),
            "plain", "10.0.0.4", 8081, "wiki.home.lan",
        ),
        (
            'nginx: [emerg] host not found in upstream "wikii" in /etc/nginx/conf.d/apps.conf:9',
            "unknown", "wikii", None, "",
        ),
        (
            '2026/11/29 03:00:01 [error] 22#22: *1 wikii could not be resolved (3: Host not found), client: 10.0.0.1, server: wiki.home.lan, request: "GET / HTTP/1.1", host: "wiki.home.lan"',
            "unknown", "wikii", None, "wiki.home.lan",
        ),
        (CADDY.format(what="dial tcp 10.0.0.4:8081: connect: connection refused"), "refused", "10.0.0.4", 8081, "wiki.home.lan"),
        (CADDY.format(what="dial tcp: lookup wikii on 127.0.0.11:53: no such host"), "unknown", "wikii", None, "wiki.home.lan"),
        (CADDY.format(what="tls: first record does not look like a TLS handshake"), "plain", "", None, "wiki.home.lan"),
        (CADDY.format(what=r'net/http: HTTP/1.x transport connection broken: malformed HTTP response \"\\x15\\x03\\x01\\x00\\x02\\x02\"'), "speaks_tls", "", None, "wiki.home.lan"),
        (CADDY.format(what="dial tcp 10.0.0.4:8081: i/o timeout"), "unreachable", "10.0.0.4", 8081, "wiki.home.lan"),
        (CADDY.format(what="x509: certificate signed by unknown authority"), "untrusted", "", None, "wiki.home.lan"),
        (
            """time="2026-11-29T03:00:01Z" level=debug msg="'502 Bad Gateway' caused by: dial tcp 10.0.0.4:8081: connect: connection refused\"""",
            "refused", "10.0.0.4", 8081, "",
        ),
        (
            '2026-11-29T03:00:01Z DBG github.com/traefik/traefik/v3/pkg/proxy/httputil/proxy.go:113 > 502 Bad Gateway error="dial tcp 10.0.0.4:8081: connect: connection refused"',
            "refused", "10.0.0.4", 8081, "",
        ),
        (
            '[WARNING]  (8) : Server wiki/app1 is DOWN, reason: Layer4 connection problem, info: "Connection refused", check duration: 0ms.',
            "refused", "", None, "",
        ),
        (
            "[ALERT]    (1) : config : [/usr/local/etc/haproxy/haproxy.cfg:14] : 'server wiki/app1' : could not resolve address 'wikii'.",
            "unknown", "wikii", None, "",
        ),
        (
            '[WARNING]  (8) : Server wiki/app1 is DOWN, reason: Layer6 invalid response, info: "SSL handshake failure", check duration: 2ms.',
            "plain", "", None, "",
        ),
    ],
)  # fmt: skip
def test_a_complaint_is_read(
    line: str, kind: str, upstream: str, port: int | None, host: str
) -> None:
    complaint = read_complaint(line)
    assert complaint is not None
    assert (complaint.kind, complaint.upstream, complaint.port, complaint.host) == (
        kind,
        upstream,
        port,
        host,
    )


def test_what_a_healthy_door_writes_is_no_complaint() -> None:
    lines = [
        '10.0.0.1 - - [29/Nov/2026:03:00:01 +0000] "GET /?q=connection+refused HTTP/1.1" 502 150 "-"',
        '{"level":"info","logger":"http.log.access","request":{"host":"wiki.home.lan"},"status":502}',
        "2026/11/29 03:00:01 [notice] 1#1: start worker processes",
        "2026/11/29 03:00:01 [warn] 22#22: *1 an upstream response is buffered to a temporary file",
    ]
    assert complaints(lines) == ()
