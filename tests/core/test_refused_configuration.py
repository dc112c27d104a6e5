"""Which last words of a program mean that no waiting helps: messages of real programs."""

import pytest

from stacktest.core.refused_configuration import refused_configuration

NGINX = "2026/12/01 01:34:54 [emerg] 1#1: "
CADDY = "Error: adapting config using caddyfile: "


@pytest.mark.parametrize(
    "line",
    [
        f'{NGINX}unknown directive "foo" in /etc/nginx/conf.d/default.conf:1',
        f'{NGINX}unexpected "}}" in /etc/nginx/nginx.conf:1',
        'nginx: [emerg] unexpected end of file, expecting "}" in /etc/nginx/nginx.conf:9',
        f'{NGINX}"events" directive is not allowed here in /etc/nginx/nginx.conf:1',
        f'{NGINX}invalid number of arguments in "return" directive in /etc/nginx/nginx.conf:1',
        f'{NGINX}"client_max_body_size" directive invalid value in /etc/nginx/nginx.conf:1',
        f"{CADDY}/etc/caddy/Caddyfile:2: unrecognized directive: foo",
        f"{CADDY}/etc/caddy/Caddyfile:2 - Syntax error: Unexpected token 'x', expecting '}}'",
        (
            "Error: loading initial config: loading new config: loading foo app module: "
            "unknown module: foo"
        ),
        (
            "[ALERT]    (8) : config : parsing [/usr/local/etc/haproxy/haproxy.cfg:3] : "
            "unknown keyword 'foo' in 'frontend' section"
        ),
        "command traefik error: field not found, node: foo",
        "Invalid command 'Foo', perhaps misspelled or defined by a module not included",
        "Bad directive or wrong number of arguments",
        '1796088894: Error: Unknown configuration variable "foo".',
        'FATAL:  unrecognized configuration parameter "foo"',
        "2026-12-01  1:34:57 0 [ERROR] mariadbd: unknown variable 'foo=bar'",
        (
            'level=error msg="Error loading config (--config.file=/p.yml)" err="parsing YAML file '
            '/p.yml: yaml: unmarshal errors: line 2: field job not found in type config.ScrapeConfig"'
        ),
        "prometheus: error: unknown long flag '--foo'",
    ],
)
def test_a_message_about_nothing_but_its_own_text_is_certain(line: str) -> None:
    message = refused_configuration(["starting", line, "exiting"])
    assert message
    assert line.endswith(message)


@pytest.mark.parametrize(
    "line",
    [
        f'{NGINX}host not found in upstream "app" in /etc/nginx/conf.d/default.conf:1',
        (
            f'{NGINX}cannot load certificate "/etc/none": BIO_new_file() failed (SSL: error:80000002:'
            "system library::No such file or directory:calling fopen(/etc/none, r))"
        ),
        f'{NGINX}open() "/etc/none" failed (2: No such file or directory) in /etc/nginx/n.conf:1',
        f"{NGINX}bind() to 0.0.0.0:80 failed (98: Address already in use)",
        f"{CADDY}/etc/caddy/Caddyfile:1 - Error during parsing: File to import not found: /none",
        "Error: reading config file: open /etc/none: no such file or directory",
        (
            "Error: loading initial config: loading new config: http app module: start: listening on "
            ":80: listen tcp :80: bind: address already in use"
        ),
        "[ALERT]    (8) : config : Fatal errors found in configuration.",
        "[ALERT]    (8) : config : parsing [/h.cfg:6] : 'server s' : could not resolve 'app'",
        'FATAL:  database "app" does not exist',
        "Error: connect ECONNREFUSED 172.18.0.2:5432",
        "invalid configuration: the database does not answer",
        "",
    ],
)
def test_what_may_come_later_is_waited_for(line: str) -> None:
    assert refused_configuration([line]) == ""


def test_a_program_that_also_misses_something_is_waited_for() -> None:
    lines = ["could not resolve the configuration server", f"{CADDY}/c:1: unrecognized directive"]
    assert refused_configuration(lines) == ""
