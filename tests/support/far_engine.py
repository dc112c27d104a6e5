"""A container engine on what looks like another machine: reached by TCP with TLS, and by ssh.

It is a `dockerd` in a network namespace of its own, with an address of its own and an sshd beside
it; one folder is another one there. Everything lies below one temporary folder and is gone at the
end.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme

from tests.support.docker_command import wait_until

PROGRAMS = ("dockerd", "sshd", "ip", "nsenter")
USABLE_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"


class FarEngine:
    """The engine, and what a person needs to reach it."""

    def __init__(self, folder: Path) -> None:
        number = os.getpid()
        self.folder = folder
        self._namespace = f"far{number}"
        self.network = f"10.{200 + number % 50}.{number // 50 % 250}"
        self.host = f"{self.network}.2"
        self.socket = folder / "docker.sock"
        self._programs: list[subprocess.Popen[bytes]] = []
        self.swapped = folder / "swapped"
        """What lies there for this machine lies elsewhere for the engine."""
        self.swapped_there = folder / "there"

    # Reaching it

    @property
    def tls_address(self) -> str:
        """Where it listens with TLS."""
        return f"tcp://{self.host}:2376"

    def tls(self, certificates: str = "client") -> dict[str, str]:
        """Variables that lead to it by TCP."""
        folder = str(self.folder / certificates)
        return {
            "DOCKER_HOST": self.tls_address,
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": folder,
        }

    def ssh(self, host: str = "far") -> dict[str, str]:
        """Variables that lead to it by ssh, with a configuration of the tests' own."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        return {"DOCKER_HOST": f"ssh://{host}", "PATH": path}

    def context(self, name: str) -> dict[str, str]:
        """Variables with which a docker context leads to it."""
        path = f"{self.folder / 'bin'}:{os.environ['PATH']}"
        folder = {"DOCKER_CONFIG": str(self.folder / "docker"), "PATH": path}
        return folder | {"DOCKER_CONTEXT": name}

    def docker(self, *words: str) -> str:
        """What the docker command prints, of this engine."""
        argv = ["docker", "--host", f"unix://{self.socket}", *words]
        done = subprocess.run(argv, check=True, capture_output=True, text=True, env=_plain())
        return done.stdout.strip()

    # Private

    def start(self, *images: str) -> None:
        """Start it with these images of this machine's engine."""
        self._make_network()
        self._make_certificates()
        self._start_engine()
        self._start_ssh()
        self._make_contexts()
        loading = ["docker", "--host", f"unix://{self.socket}", "load", "--quiet"]
        with subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE) as saving:
            subprocess.run(loading, stdin=saving.stdout, check=True, capture_output=True)

    def remove(self) -> None:
        """End it, and remove what it made."""
        if self._answers():
            for container in self.docker("ps", "--all", "--quiet").split():
                self.docker("rm", "--force", "--volumes", container)
        for program in reversed(self._programs):
            program.terminate()
            program.wait(timeout=60)
        _run("ip", "netns", "delete", self._namespace, check=False)
        mounts = [row.split()[1] for row in Path("/proc/self/mounts").read_text().splitlines()]
        for mounted in sorted(mounts, reverse=True):
            if mounted.startswith(f"{self.folder}/"):
                _run("umount", "--lazy", mounted, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make_network(self) -> None:
        here, there, name = f"{self._namespace}a", f"{self._namespace}b", self._namespace
        inside = ("ip", "netns", "exec", name, "ip")
        _run("ip", "netns", "add", name)
        _run("ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns", name)
        _run("ip", "address", "add", f"{self.network}.1/24", "dev", here)
        _run("ip", "link", "set", here, "up")
        _run(*inside, "address", "add", f"{self.host}/24", "dev", there)
        _run(*inside, "link", "set", there, "up")
        _run(*inside, "link", "set", "lo", "up")

    def _make_certificates(self) -> None:
        """The engine's CA and pair, those of a client, and a client's that another CA signed."""
        ca, other = trustme.CA(), trustme.CA()
        for name, trusted, signing in (
            ("engine", ca, ca),
            ("client", ca, ca),
            ("stranger", ca, other),
            ("mistrusting", other, ca),
        ):
            folder = self.folder / name
            folder.mkdir()
            pair = signing.issue_cert(self.host)
            trusted.cert_pem.write_to_path(folder / "ca.pem")
            pair.private_key_pem.write_to_path(folder / "key.pem")
            pair.cert_chain_pems[0].write_to_path(folder / "cert.pem")

    def _start_engine(self) -> None:
        self.swapped.mkdir()
        self.swapped_there.mkdir()
        certificates = self.folder / "engine"
        options = {
            "host": [f"unix://{self.socket}", f"tcp://{self.host}:2376"],
            "data-root": [f"{self.folder}/data"],
            "exec-root": [f"{self.folder}/exec"],
            "pidfile": [f"{self.folder}/pid"],
            "tlscacert": [f"{certificates}/ca.pem"],
            "tlscert": [f"{certificates}/cert.pem"],
            "tlskey": [f"{certificates}/key.pem"],
        }
        words = [f"--{name}={value}" for name, values in options.items() for value in values]
        swap = f'mount --bind {self.swapped_there} {self.swapped}; exec "$@"'
        self._start("unshare", "--mount", "sh", "-c", swap, "sh", "dockerd", "--tlsverify", *words)
        wait_until(self._answers, 60)

    def _start_ssh(self) -> None:
        for name in ("host_key", "other_host_key", "user_key", "other_user_key"):
            key = str(self.folder / name)
            _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        public = (self.folder / "user_key.pub").read_text()
        (self.folder / "authorized_keys").write_text(public)
        (self.folder / "sshd_config").write_text(
            f"ListenAddress {self.host}\nPort 2222\nHostKey {self.folder}/host_key\n"
            f"AuthorizedKeysFile {self.folder}/authorized_keys\nPidFile none\nStrictModes no\n"
            "UsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
            f"PermitRootLogin prohibit-password\nSetEnv DOCKER_HOST=unix://{self.socket}\n"
        )
        Path("/run/sshd").mkdir(exist_ok=True)
        sshd = str(shutil.which("sshd", path=USABLE_PATH))
        self._start(sshd, "-D", "-e", "-f", f"{self.folder}/sshd_config")
        self._write_client()
        connection = ["ssh", "far", "true"]
        environment = os.environ | self.ssh()
        wait_until(lambda: not _run(*connection, check=False, env=environment).returncode)

    def _write_client(self) -> None:
        """`ssh` as every user has it, with hosts, keys and known keys of the tests' own."""
        for name, key in (("known_hosts", "host_key"), ("other_hosts", "other_host_key")):
            public = " ".join((self.folder / f"{key}.pub").read_text().split()[:2])
            (self.folder / name).write_text(f"[{self.host}]:2222 {public}\n")
        (self.folder / "no_hosts").touch()
        hosts = {
            "far": ("user_key", "known_hosts"),
            "far-other-key": ("other_user_key", "known_hosts"),
            "far-unknown": ("user_key", "no_hosts"),
            "far-changed": ("user_key", "other_hosts"),
        }
        (self.folder / "ssh_config").write_text(
            "".join(
                f"Host {name}\n  HostName {self.host}\n  Port 2222\n  User root\n"
                f"  IdentityFile {self.folder}/{key}\n  IdentitiesOnly yes\n"
                f"  UserKnownHostsFile {self.folder}/{known}\n  GlobalKnownHostsFile /dev/null\n"
                # Somebody's configuration may switch it off: an engine is never asked without.
                "  StrictHostKeyChecking no\n"
                for name, (key, known) in hosts.items()
            )
        )
        program = self.folder / "bin" / "ssh"
        program.parent.mkdir()
        program.write_text(
            f'#!/bin/sh\nexec {shutil.which("ssh")} -F {self.folder}/ssh_config "$@"\n'
        )
        program.chmod(0o755)

    def _make_contexts(self) -> None:
        certificates = self.folder / "client"
        files = {"ca": "ca.pem", "cert": "cert.pem", "key": "key.pem"}
        pair = ",".join(f"{word}={certificates}/{name}" for word, name in files.items())
        environment = _plain() | {"DOCKER_CONFIG": self.context("")["DOCKER_CONFIG"]}
        for name, host in (
            ("by-tls", f"host={self.tls_address},{pair}"),
            ("by-ssh", "host=ssh://far"),
        ):
            command = ("docker", "context", "create", name, "--docker", host)
            _run(*command, env=environment)

    def _start(self, *argv: str) -> None:
        entering = ["nsenter", f"--net=/run/netns/{self._namespace}", *argv]
        with (self.folder / "log").open("ab") as log:
            program = subprocess.Popen(
                entering,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=os.environ | {"PATH": USABLE_PATH},
            )
        self._programs.append(program)

    def _answers(self) -> bool:
        asking = ("docker", "--host", f"unix://{self.socket}", "version")
        return not _run(*asking, check=False).returncode


@contextmanager
def far_engine(folder: Path, *images: str) -> Iterator[FarEngine]:
    """The engine with these images; the test is skipped where none can be started."""
    missing = [name for name in PROGRAMS if shutil.which(name, path=USABLE_PATH) is None]
    if missing or os.geteuid():
        pytest.skip(f"an engine of its own needs root and: {', '.join(PROGRAMS)}")
    engine = FarEngine(folder)
    try:
        engine.start(*images)
        yield engine
    finally:
        engine.remove()


# Private


def _plain() -> dict[str, str]:
    """The environment without what leads the docker command anywhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DOCKER_")}


def _run(
    *argv: str, check: bool = True, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(argv, check=check, capture_output=True, env=env, timeout=60)
