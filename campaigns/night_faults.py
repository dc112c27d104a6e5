"""The faults of `campaigns.three_in_the_morning`: a small stack each, broken in one way."""

from campaigns.night_stacks import (
    CLIENT,
    DATABASE,
    DOOR,
    DOOR_ALONE,
    DOOR_SERVICE,
    PROXY,
    RUNS,
    RUNS_APP,
    RUNS_STORE,
    SETTINGS,
    SIGN_IN,
    STORE_SERVICE,
    TLS_DOOR,
    TLS_PROXY,
    TLS_SETTINGS,
    VISIT,
    WEB,
    WIKI,
    Fault,
    app,
    certificate,
    compose,
    disconnect,
    edit,
    hold_port,
    in_turn,
    own_folder,
    remake_network,
    restart_alone,
    routed,
    track,
    wait_for_door,
)
from campaigns.pki import DAY

NO_TIMES = SETTINGS.partition("[services.")[0]
VISIT_DOOR = VISIT.replace('"wiki")\ndef', '"door")\ndef')
TLS_WIKI = f"""\
  wiki:
    image: {DOOR}
    volumes: ["./wiki.conf:/etc/nginx/conf.d/wiki.conf:ro", "./certs:/certs:ro"]
"""

FAULTS: tuple[Fault, ...] = (
    # The front door
    Fault(
        name="wrong upstream port",
        services=DOOR_SERVICE + WIKI,
        # Without a time of its own: what is seen of it ends its start.
        files=routed(PROXY.replace("8080", "8081")) | {"stacktest.toml": NO_TIMES},
        culprit="wiki",
        cause=r"wiki\.home\.test → wiki:8081 \(conf\.d/apps\.conf:5\): nothing listens there; "
        r"wiki has 8080",
    ),
    Fault(
        name="misspelt upstream",
        services=DOOR_SERVICE + WIKI,
        files=routed(PROXY.replace("wiki:8080", "wikii:8080")),
        test=VISIT_DOOR.replace('api("wiki")', 'api("wiki.home.test")'),
        culprit="door",
        cause=r"wikii:8080 \(conf\.d/apps\.conf:5\): no service is called wikii; there is wiki",
    ),
    Fault(
        name="swapped upstreams",
        services=DOOR_ALONE
        + WIKI
        + WIKI.replace("wiki:", "files:").replace("/usr/share", "/usr/lib"),
        files=routed(PROXY.replace("wiki:", "files:") + PROXY.replace("wiki.home", "files.home")),
        test=VISIT.replace(
            'api("wiki").get("/").status_code == 200',
            '"doc/" in api("wiki.home.test").get("/").text',
        ),
        culprit="wiki",
        cause=r"wiki\.home\.test → files:8080 \(conf\.d/apps\.conf:5\): this test is about wiki, to "
        r"which files\.home\.test leads \(conf\.d/apps\.conf:13\)",
    ),
    Fault(
        name="plain request to TLS",
        services=DOOR_SERVICE + TLS_WIKI,
        files=routed(PROXY.replace("8080", "8443"))
        | {
            "wiki.conf": "server { listen 8443 ssl; ssl_certificate /certs/home.pem; "
            "ssl_certificate_key /certs/home.pem; location / { return 200 wiki; } }\n"
        },
        prepare=certificate(9 * DAY),
        culprit="wiki",
        cause=r"wiki:8443 \(conf\.d/apps\.conf:5\): wiki speaks TLS there, door does not",
    ),
    Fault(
        name="broken configuration in a restart loop",
        services=DOOR_SERVICE + "    restart: always\n" + WIKI,
        files=routed(PROXY.replace("proxy_pass", "proxy_pas")),
        test=VISIT_DOOR.replace('api("wiki").get("/").status_code == 200', "api"),
        before=edit("conf.d/apps.conf", "proxy_pas ", "proxy_pass "),
        culprit="door",
        cause=r'door exited.* and was restarted \d+ times: .*unknown directive "proxy_pas".*\(conf\.d/apps\.conf:5\)',
    ),
    # Certificates
    Fault(
        name="expired certificate",
        services=TLS_DOOR + WIKI,
        files=routed(TLS_PROXY) | {"stacktest.toml": TLS_SETTINGS},
        prepare=certificate(-DAY / 2),
        before=certificate(9 * DAY),
        culprit="wiki",
        cause=r"the certificate of \*\.home\.test ended (?:today|yesterday) \(certs/home\.pem\)",
    ),
    Fault(
        name="renewed certificate not read",
        services=TLS_DOOR + WIKI,
        files=routed(TLS_PROXY) | {"stacktest.toml": TLS_SETTINGS},
        prepare=certificate(-DAY / 2),
        breaks=in_turn(wait_for_door, certificate(9 * DAY)),
        culprit="wiki",
        cause=r"the certificate of \*\.home\.test ended .*; door has not read the newer one",
    ),
    Fault(
        name="certificate for another host",
        services=TLS_DOOR + WIKI,
        files=routed(TLS_PROXY) | {"stacktest.toml": TLS_SETTINGS},
        prepare=certificate(9 * DAY, "wiki.office.test"),
        before=certificate(9 * DAY),
        culprit="wiki",
        cause=r"the certificate that door shows is for wiki\.office\.test only \(certs/home\.pem\)",
    ),
    # Networks
    Fault(
        name="restarted network of another service",
        services=WIKI.replace("wiki:", "torrents:")
        + '    network_mode: "service:vpn"\n'
        + f"  vpn:\n    image: {WEB}\n    stop_grace_period: 0s\n"
        '    entrypoint: ["sleep", "3600"]\n',
        test=RUNS.replace(
            'run("true").code == 0', 'http(8080).get("/").status_code == 200'
        ).replace("SERVICE", "torrents"),
        breaks=restart_alone("vpn"),
        culprit="torrents",
        cause=r"vpn was restarted after torrents",
    ),
    Fault(
        name="no network in common",
        services=DOOR_SERVICE
        + "    networks: [front]\n"
        + WIKI
        + "    networks: [back]\n"
        + "networks:\n  front: {}\n  back: {}\n",
        files=routed(),
        test=VISIT_DOOR,
        culprit="door",
        cause=r"wiki\.home\.test → wiki:8080 .*: door and wiki share no network",
    ),
    Fault(
        name="a container that lost its network",
        services=DOOR_SERVICE + WIKI,
        files=routed(),
        breaks=in_turn(wait_for_door, disconnect("wiki")),
        culprit="wiki",
        cause=r"wiki is on no network any more; its definition has default",
    ),
    Fault(
        name="a network that was removed",
        services=WIKI,
        test=RUNS.replace("SERVICE", "wiki"),
        breaks=remake_network,
        culprit="wiki",
        cause=r"wiki is tied to a network that is gone",
    ),
    # What cannot be created or started
    Fault(
        name="a port that a program has",
        services=DOOR_ALONE.replace("127.0.0.1::80", "127.0.0.1:${PORT}:80") + WIKI,
        files=routed(),
        prepare=hold_port,
        has_started=False,
        culprit="door",
        test=VISIT_DOOR,
        cause=r"port \d+ belongs to python\S* \(pid \d+",
    ),
    Fault(
        name="an image that is not here",
        services=WIKI.replace(WEB, "stacktest-night/no-such-image:1"),
        test=RUNS.replace("SERVICE", "wiki"),
        has_started=False,
        before=edit("compose.yaml", "stacktest-night/no-such-image:1", WEB),
        culprit="wiki",
        cause=r"wiki has an image that is not here and cannot be pulled: "
        r"stacktest-night/no-such-image:1 \(compose\.yaml:4\)",
    ),
    Fault(
        name="an environment file that is missing",
        services=app("", "    env_file: [app.env]\n"),
        files={"app.env.example": "COLOUR=blue\n"},
        test=RUNS_APP,
        has_started=False,
        culprit="",
        cause=r"env_file app\.env does not exist",
    ),
    # Programs
    Fault(
        name="health check in its own words",
        services=STORE_SERVICE
        + '    healthcheck: {test: ["CMD-SHELL", "redis-cli ping | grep PONG '
        '|| { redis-cli ping; exit 1; }"], interval: 1s, retries: 1}\n',
        test=RUNS_STORE,
        culprit="store",
        cause=r"store is not healthy: NOAUTH",
        shows=r"NOAUTH",
    ),
    Fault(
        name="health check without its command",
        services=app(
            "",
            '    healthcheck: {test: ["CMD", "wget", "-q", "http://localhost:8080/"], interval: 1s, retries: 1}\n',
        ),
        test=RUNS_APP,
        culprit="app",
        cause=r"app is not healthy: its health check runs wget, which its image does not have",
        shows=r"/curl",
    ),
    Fault(
        name="a variable that is missing",
        services=app("import os; os.environ['DATABASE']"),
        test=RUNS_APP,
        culprit="app",
        cause=r"app exited 1: KeyError: 'DATABASE'",
        shows=r"KeyError: 'DATABASE'",
    ),
    Fault(
        name="an edit that was not applied",
        services=app("", "    environment: {COLOUR: red}\n"),
        test=RUNS_APP.replace('run("true").code == 0', 'run("env").out.find("blue") > 0'),
        breaks=edit("compose.yaml", "COLOUR: red", "COLOUR: blue"),
        culprit="app",
        cause=r"app was not started again since COLOUR changed \(compose\.yaml:\d+\)",
    ),
    Fault(
        name="killed for memory",
        services=app("x = b'1' * (48 << 20)", "    mem_limit: 40m\n"),
        test=RUNS_APP,
        culprit="app",
        cause=r"app was killed for memory: its limit is 40 MiB \(compose\.yaml:\d+\)",
    ),
    # Passwords
    Fault(
        name="a password that differs",
        services=STORE_SERVICE
        + app(
            SIGN_IN.strip(),
            "    depends_on: [store]\n    environment: {CACHE_PASSWORD: battery-staple-2}\n",
        ),
        test=RUNS_APP,
        before=edit("compose.yaml", "battery-staple-2", "correct-horse-1"),
        culprit="app",
        cause=r"store refuses the password of app \(its CACHE_PASSWORD is not STORE_PASSWORD of store\)",
    ),
    Fault(
        name="a password that is newer than the volume",
        services=DATABASE + CLIENT + "volumes: {data: {}}\n",
        files={".env": "PASSWORD=correct-horse-1\n"},
        breaks=in_turn(
            edit(".env", "correct-horse-1", "battery-staple-2"), compose("up", "--detach")
        ),
        test=RUNS_APP,
        culprit="app",
        cause=r"store refuses the password of app \(its PGPASSWORD is POSTGRES_PASSWORD of store, "
        r"which may keep the one of its first start\)",
    ),
    # Files
    Fault(
        name="a mounted file that became a folder",
        services=app("open('/etc/app.conf').read()", '    volumes: ["./app.conf:/etc/app.conf"]\n'),
        files={"app.conf": "x\n"},
        prepare=track,
        test=RUNS_APP,
        culprit="app",
        cause=r"app has an empty folder at /etc/app\.conf: app\.conf was not there",
    ),
    Fault(
        name="no right to a folder",
        services=app(
            "open('/data/x', 'w')", '    user: "10001:999"\n    volumes: ["./data:/data"]\n'
        ),
        prepare=own_folder(0o755),
        test=RUNS_APP,
        culprit="app",
        cause=r"app may not write /data: it runs as 10001:999, and data belongs to 0:0",
    ),
    Fault(
        name="a read-only mount",
        services=app("open('/data/x', 'w')", '    volumes: ["./data:/data:ro"]\n'),
        prepare=own_folder(0o777),
        test=RUNS_APP,
        culprit="app",
        cause=r"app cannot write /data/x: /data is mounted read-only \(compose\.yaml:\d+\)",
    ),
    Fault(
        name="a full disk",
        services=app(
            "open('/spool/x', 'wb', buffering=0).write(b'1' * (1 << 20)); "
            "open('/spool/y', 'wb', buffering=0).write(b'1')",
            '    tmpfs: ["/spool:size=64k,mode=1777"]\n',
        ),
        test=RUNS_APP,
        culprit="app",
        cause=r"app has no space left: OSError: \[Errno 28\] No space left",
        shows=r"TYPE",
    ),
)
