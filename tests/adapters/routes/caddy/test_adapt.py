"""The reading of the reference stack's Caddyfile against Caddy's own."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from stacktest.adapters.routes import read_routes
from stacktest.core.model import Port, Service, Stack

STACK = Path(__file__).parents[4] / "fixtures/stacks/reference"
IMAGE = "stacktest/caddy:2.6.2"


def adapted(folder: Path) -> dict[str, list[str]]:
    """Host name → upstreams on :443, as `caddy adapt` sees them."""
    argv = ["docker", "run", "--rm", "--network", "none", "-v", f"{folder}:/etc/caddy:ro"]
    argv += ["--entrypoint", "caddy", IMAGE, "adapt", "--config", "/etc/caddy/Caddyfile"]
    done = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=120)
    servers = json.loads(done.stdout)["apps"]["http"]["servers"]
    found: dict[str, list[str]] = {}
    for server in servers.values():
        if ":443" not in server["listen"]:
            continue
        for route in server["routes"]:
            for host in (h for m in route.get("match", []) for h in m.get("host", [])):
                dials = [
                    u["dial"] for handler in _handlers(route) for u in handler.get("upstreams", [])
                ]
                found.setdefault(host, []).extend(dials)
    return found


def _handlers(route: dict[str, Any]) -> list[dict[str, Any]]:
    mine = []
    for handler in route.get("handle", []):
        mine.append(handler)
        for inner in handler.get("routes", []):
            mine += _handlers(inner)
    return mine


def ours(folder: Path, stack: Stack) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for route in read_routes((str(folder / "Caddyfile"),), stack):
        found.setdefault(route.host, []).extend([route.upstream] if route.upstream else [])
    return found


def stack_of(root: Path) -> Stack:
    door = Service(name="caddy", ports=(Port(target=443, published=9443),))
    return Stack(
        name="t", root=root, services={"caddy": door}, domain="stack.local", front_door="caddy"
    )


@pytest.mark.real_docker
def test_the_reference_stack() -> None:
    folder = STACK / "configs/caddy"
    expected = adapted(folder)
    assert len(expected) > 1
    assert ours(folder, stack_of(STACK)) == expected


@pytest.mark.real_docker
def test_many_forms_at_once(tmp_path: Path) -> None:
    (tmp_path / "Caddyfile").write_text(FORMS)
    tmp_path.chmod(0o755)
    (tmp_path / "more").mkdir(mode=0o755)
    (tmp_path / "more/a.caddy").write_text("more.test {\n\timport up more 9\n}\n")
    read = ours(tmp_path, stack_of(tmp_path))
    # Caddy asks conditions first, we name the upstream without one first.
    assert {host: sorted(ups) for host, ups in read.items()} == {
        host: sorted(ups) for host, ups in adapted(tmp_path).items()
    }
    assert read["a.test"][0] == "web:2"
    assert read["c.test"][0] == "c:80"


FORMS = """{
	auto_https off
	admin off
}

(up) {
	# a comment { with a brace
	reverse_proxy {args.0}:{args.1} {
		header_up X-Quoted "a } b"
	}
}

import more/*.caddy

a.test,
https://b.test:443 {
	handle /api/* {
		reverse_proxy api:1
	}
	handle {
		reverse_proxy `web:2`
	}
}

c.test {
	@ws {
		header Connection *Upgrade*
		header Upgrade websocket
	}
	reverse_proxy c:80
	reverse_proxy @ws c:3012
	respond /text "{ not a block" 200
}

d.test {
	route {
		header X \\
			y
		reverse_proxy {
			to d:1 d:2
			lb_policy first
		}
	}
}

{$UNSET:e}.test {
	respond /health ok
	import up e 5
}
"""
