"""Steps and faults that many services share."""

from tests.faults.model import Edit, Fault, Inside, Outside, Pin, Recreate, Step

CADDYFILE = "configs/caddy/Caddyfile"
COMPOSE = "docker-compose.yml"
UPSTREAM = "docker-compose.upstream.yml"
RELOAD = Inside("caddy", "caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile --force")


def caddy(old: str, new: str) -> tuple[Step, ...]:
    """The front door's file says something else, and was read again."""
    return (Edit(CADDYFILE, old, new), RELOAD)


def certificate(extensions: str, *, days: int = 397) -> Outside:
    """Another certificate for the front door, from the stack's own CA."""
    return Outside(
        "openssl req -new -key certs/private/stack.key "
        "-subj '/O=Reference Stack/CN=*.stack.local' | "
        f"openssl x509 -req -CA certs/ca.crt -CAkey certs/ca.key -sha256 -days {days} "
        f"-extfile <(printf '{extensions}') -out certs/new.crt 2>/dev/null && "
        "cat certs/new.crt > certs/stack.crt && rm certs/new.crt"
    )


def sql(statement: str) -> Inside:
    """A statement of MariaDB's administrator, over its local socket."""
    login = 'MYSQL_PWD="$MARIADB_ROOT_PASSWORD" mariadb --no-defaults -S /tmp/mysqld.sock -u root'
    return Inside("mariadb", f'{login} -e "{statement}"')


def psql(instance: str, statement: str) -> Inside:
    """A statement of a PostgreSQL's administrator, over its local socket."""
    return Inside(instance, f'psql -q -h /tmp -U postgres -d "$POSTGRES_DB" -c "{statement}"')


class Suite:
    """Faults of one service, whose checks are in one file."""

    def __init__(
        self,
        service: str,
        phase: str,
        file: str,
        *,
        upstream: str = "",
        needs: tuple[str, ...] = (),
    ) -> None:
        self.service = service
        self.phase = phase
        self.file = file
        self.upstream = upstream
        self.needs = needs

    def fault(
        self,
        name: str,
        seed: tuple[Step, ...],
        *red: str,
        but: tuple[str, ...] = (),
        undo: tuple[Step, ...] | None = None,
        more: tuple[str, ...] = (),
    ) -> Fault:
        """A fault whose checks are named without their file, unless they are in another."""
        return Fault(
            name=f"{self.service}: {name}",
            service=self.service,
            phase=self.phase,
            seed=seed,
            red=tuple(self._named(check) for check in red),
            but=tuple(self._named(check) for check in but),
            undo=undo,
            more=more,
            needs=self.needs,
        )

    def behind_the_door(
        self, *native: str, blind_to_ok: tuple[str, ...] = (), blind_to_502: tuple[str, ...] = ()
    ) -> tuple[Fault, ...]:
        """What can go wrong with every application behind the front door.

        `native` are the checks that do not go through it.
        """
        line = f"reverse_proxy {self.upstream}"
        nobody = f"reverse_proxy {self.service}:9"
        return (
            self.fault(
                "the front door looks for it where nobody listens",
                caddy(line, nobody),
                "*",
                but=(*native, *blind_to_502),
                undo=(RELOAD,),
            ),
            self.fault(
                "something that says OK to everything stands in its place",
                caddy(line, 'respond "OK" 200'),
                "*",
                but=(*native, *blind_to_ok),
                undo=(RELOAD,),
            ),
        )

    def other_value(
        self, old: str, new: str, what: str, *red: str, but: tuple[str, ...] = ()
    ) -> Fault:
        """The program runs with another value than the compose file says."""
        seed = (Edit(COMPOSE, old, new), Recreate(self.service), Edit(COMPOSE, new, old))
        return self.fault(what, seed, *red, but=but)

    def changed(self, old: str, new: str, what: str, *red: str, but: tuple[str, ...] = ()) -> Fault:
        """The compose file says something else, and so the program runs."""
        return self.fault(what, (Edit(COMPOSE, old, new), Recreate(self.service)), *red, but=but)

    def sleeps(self, stanza: str, *red: str, but: tuple[str, ...] = ()) -> Fault:
        """Something that only sleeps runs in the service's place."""
        return self.changed(
            stanza,
            f"{stanza}    entrypoint: [sh, -c, sleep infinity]\n",
            "something that only sleeps runs in its place",
            *red,
            but=but,
        )

    def patched(self, module: str, change: str, what: str, *red: str) -> Fault:
        """The stand-in runs with a line changed by sed."""
        path = f"/opt/src/standin/services/{module}.py"
        read = f"docker run --rm --network none --entrypoint cat stacktest/stand-in:1 {path}"
        command = f"    command: [{self.service}]\n"
        mounted = f"{command}    configs: [{{source: patched, target: {path}}}]\n"
        seed = (
            Outside(f"{read} > patched.py && sed -i '{change}' patched.py"),
            Outside("printf '\nconfigs:\n  patched: {file: ./patched.py}\n' >> docker-compose.yml"),
            Edit(COMPOSE, command, mounted),
            Recreate(self.service),
        )
        return self.fault(what, seed, *red)

    def old_image(self, *red: str) -> Fault:
        """The image was updated, and the container was not."""
        return self.fault(
            "the image was updated and the program was not", (Pin(self.service),), *red
        )

    def newer_upstream(self, tag: str, *red: str) -> Fault:
        """The project's own image was updated, and the stand-in was not."""
        seed = (Outside(f"sed -i '/^  {self.service}:/,/image:/s/{tag}/99.9/' {UPSTREAM}"),)
        name = "the project's image was updated and the program was not"
        return self.fault(name, seed, *red, undo=())

    # Private

    def _named(self, check: str) -> str:
        return check if "::" in check else f"{self.file}::{check}"


def behind_the_door(
    *,
    service: str,
    phase: str,
    upstream: str,
    routed: tuple[str, ...],
    blind_to_ok: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
) -> tuple[Fault, ...]:
    """The two faults of `Suite.behind_the_door`, for checks that are in several files."""
    suite = Suite(service, phase, "", upstream=upstream, needs=needs)
    line = f"reverse_proxy {upstream}"
    return (
        suite.fault(
            "the front door looks for it where nobody listens",
            caddy(line, f"reverse_proxy {service}:9"),
            *routed,
            undo=(RELOAD,),
        ),
        suite.fault(
            "something that says OK to everything stands in its place",
            caddy(line, 'respond "OK" 200'),
            *routed,
            but=blind_to_ok,
            undo=(RELOAD,),
        ),
    )
