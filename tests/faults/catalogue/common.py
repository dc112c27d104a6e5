"""Steps that many faults share."""

from tests.faults.model import Edit, Fault, Inside, Outside, Step

CADDYFILE = "configs/caddy/Caddyfile"
RELOAD = Inside("caddy", "caddy reload --config /etc/caddy/Caddyfile --adapter caddyfile --force")


def caddy(old: str, new: str) -> tuple[Step, ...]:
    """The front door's file says something else, and was read again."""
    return (Edit(CADDYFILE, old, new), RELOAD)


def certificate(extensions: str, *, days: int = 397, key: str = "certs/ca.key") -> Outside:
    """Another certificate for the front door, from the stack's own CA unless `key` says otherwise."""
    return Outside(
        "openssl req -new -key certs/private/stack.key -subj '/O=Reference Stack/CN=*.stack.local' | "
        f"openssl x509 -req -CA certs/ca.crt -CAkey {key} -sha256 -days {days} "
        f"-extfile <(printf '{extensions}') -out certs/new.crt 2>/dev/null && "
        "cat certs/new.crt > certs/stack.crt && rm certs/new.crt"
    )


def behind_the_door(
    *, service: str, phase: str, upstream: str, routed: tuple[str, ...], needs: tuple[str, ...] = ()
) -> tuple[Fault, ...]:
    """What can go wrong with every application behind the front door.

    `routed` are the checks that go through the door.
    """
    line = f"reverse_proxy {upstream}"
    return (
        Fault(
            name=f"the front door looks for {service} where nobody listens",
            service=service,
            phase=phase,
            seed=caddy(line, f"reverse_proxy {service}:9"),
            red=routed,
            needs=needs,
            undo=(RELOAD,),
        ),
        Fault(
            name=f"something that says OK to everything stands in for {service}",
            service=service,
            phase=phase,
            seed=caddy(line, 'respond "OK" 200'),
            red=routed,
            needs=needs,
            undo=(RELOAD,),
        ),
    )
