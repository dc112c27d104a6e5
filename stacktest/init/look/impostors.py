"""Answers that a program's absence causes: errors of a proxy, and default pages of web servers.

A check that holds for one of them proves nothing about the program behind the front door.
"""

from http import HTTPStatus

from stacktest.init.look.answer import RecordedAnswer


def _page(status: int, text: str, server: str = "") -> RecordedAnswer:
    headers = {"content-type": "text/html", **({"server": server} if server else {})}
    return RecordedAnswer(status=status, headers=headers, text=text)


def _plain(status: int, text: str, server: str = "") -> RecordedAnswer:
    headers = {
        "content-type": "text/plain; charset=utf-8",
        **({"server": server} if server else {}),
    }
    return RecordedAnswer(status=status, headers=headers, text=text)


def _nginx(status: int, reason: str, version: str = "") -> RecordedAnswer:
    text = (
        f"<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n"
        f"<center><h1>{status} {reason}</h1></center>\r\n<hr><center>nginx{version}</center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    return _page(status, text, f"nginx{version}")


def _haproxy(status: int, reason: str, sentence: str) -> RecordedAnswer:
    return _page(status, f"<html><body><h1>{status} {reason}</h1>\n{sentence}\n</body></html>\n")


IMPOSTORS: tuple[RecordedAnswer, ...] = (
    # A front door may answer with any of these by itself, and writes its name into others' answers.
    *(
        _nginx(status, status.phrase, version)
        for status in HTTPStatus
        if status >= HTTPStatus.MULTIPLE_CHOICES
        for version in ("", "/1.22.1")
    ),
    _nginx(503, "Service Temporarily Unavailable"),
    _nginx(504, "Gateway Time-out"),
    *(_plain(status, "", "Caddy") for status in HTTPStatus if status >= HTTPStatus.OK),
    *(_plain(200, text) for text in ("", "OK", "ok", "Hello", "It works!\n")),
    *(
        RecordedAnswer(status=status, headers={"content-type": "application/json"}, text=text)
        for status, text in (
            (200, '{"status": "ok"}'),
            (200, '{"status": "healthy"}'),
            (200, '{"status": "UP"}'),
            (200, '{"ok": true, "success": true}'),
            (404, '{"error": "Not found", "message": "Not found", "detail": "Not found"}'),
            (404, '{"error": "Not Found", "message": "Not Found", "detail": "Not Found"}'),
            (401, '{"error": "Unauthorized", "message": "Unauthorized", "detail": "Unauthorized"}'),
        )
    ),
    _plain(404, "404 page not found\n"),
    _plain(502, "Bad Gateway"),
    _plain(503, "no available server\n"),
    _plain(504, "Gateway Timeout"),
    _haproxy(502, "Bad Gateway", "The server returned an invalid or incomplete response."),
    _haproxy(503, "Service Unavailable", "No server is available to handle this request."),
    _haproxy(504, "Gateway Time-out", "The server didn't respond in time."),
    *(
        _page(404, text)
        for text in (
            (
                "<HTML><HEAD><TITLE>404 Not Found</TITLE></HEAD>\n<BODY><H1>Not Found</H1>\n"
                "The requested URL was not found on this server.</BODY></HTML>\n"
            ),
            (
                "<!DOCTYPE html>\n<html><head>\n<title>404 Not Found</title>\n</head><body>\n"
                "<h1>Not Found</h1>\n<p>The requested URL was not found on this server.</p>\n"
                "</body></html>\n"
            ),
            (
                '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
                "<title>Error</title>\n</head>\n<body>\n<pre>Cannot GET /</pre>\n</body>\n</html>\n"
            ),
        )
    ),
    _page(
        200,
        "<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome to nginx!</title>\n<style>\nhtml { "
        "color-scheme: light dark; }\n</style>\n</head>\n<body>\n<h1>Welcome to nginx!</h1>\n"
        "<p>If you see this page, the nginx web server is successfully installed and\nworking."
        "</p>\n<p><em>Thank you for using nginx.</em></p>\n</body>\n</html>\n",
        "nginx/1.22.1",
    ),
    _page(
        200,
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n\t<title>Caddy works!</title>\n</head>\n<body>'
        "\n<h1>Congratulations!</h1>\nYour web server is working.\n</body>\n</html>\n",
        "Caddy",
    ),
    _page(
        200,
        "<html>\n<head>\n<title>Apache2 Debian Default Page: It works</title>\n</head>\n<body>\n"
        '<div class="main_page">\nIt works!\n</div>\n</body>\n</html>\n',
        "Apache/2.4.57 (Debian)",
    ),
    _page(200, "<html><body><h1>It works!</h1></body></html>\n", "Apache/2.4.57 (Unix)"),
    _page(
        200,
        "<!DOCTYPE HTML>\n<html>\n<head>\n<title>Directory listing for /</title>\n</head>\n<body>\n"
        "<h1>Directory listing for /</h1>\n<hr>\n</body>\n</html>\n",
        "SimpleHTTP/0.6 Python/3.11.2",
    ),
    _page(
        200,
        "<html>\r\n<head><title>Index of /</title></head>\r\n<body>\r\n<h1>Index of /</h1><hr>"
        '<pre><a href="../">../</a>\r\n</pre><hr></body>\r\n</html>\r\n',
        "nginx",
    ),
)
