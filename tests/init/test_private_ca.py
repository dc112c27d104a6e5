"""Which file is proposed as `ca`: the root that signed the certificate beside it."""

from pathlib import Path

import pytest
import trustme

from stacktest.core.model import Mount, Service, Stack
from stacktest.init.private_ca import find_ca

ROOT, OTHER, PUBLIC = trustme.CA(), trustme.CA(), trustme.CA()
BETWEEN = ROOT.create_child_ca()
UNSEEN = PUBLIC.create_child_ca()
LEAF = ROOT.issue_cert("app.test").cert_chain_pems[0].bytes()
CHAIN = b"".join(blob.bytes() for blob in BETWEEN.issue_cert("app.test").cert_chain_pems)
PUBLIC_CHAIN = b"".join(blob.bytes() for blob in UNSEEN.issue_cert("app.test").cert_chain_pems)
ROOT_PEM, OTHER_PEM = ROOT.cert_pem.bytes(), OTHER.cert_pem.bytes()


def stack(root: Path, mounted: str) -> Stack:
    source = str(root / mounted)
    mount = Mount(kind="bind", source=source, target="/data", read_only=True)
    return Stack(
        name="s", root=root, services={"door": Service(name="door", image="a", mounts=(mount,))}
    )


@pytest.mark.parametrize(
    ("files", "ca"),
    [
        ({"certs/ca.crt": ROOT_PEM, "certs/app.crt": LEAF}, "certs/ca.crt"),
        ({"certs/rootCA.pem": ROOT_PEM, "certs/app.pem": LEAF}, "certs/rootCA.pem"),
        ({"keys/home.crt": ROOT_PEM, "keys/app.crt": LEAF}, "keys/home.crt"),
        ({"certs/ca.crt": OTHER_PEM, "keys/z.pem": ROOT_PEM, "keys/app.crt": LEAF}, "keys/z.pem"),
        ({"certs/root.crt": ROOT_PEM, "certs/app.crt": CHAIN}, "certs/root.crt"),
        ({"keys/step/certs/root_ca.crt": ROOT_PEM}, "keys/step/certs/root_ca.crt"),
        (
            {"keys/caddy/pki/authorities/local/root.crt": ROOT_PEM},
            "keys/caddy/pki/authorities/local/root.crt",
        ),
        ({"keys/home.crt": ROOT_PEM}, ""),
        ({"certs/ca.crt": OTHER_PEM, "certs/app.crt": LEAF}, ""),
        ({"certs/fullchain.pem": PUBLIC_CHAIN, "certs/chain.pem": UNSEEN.cert_pem.bytes()}, ""),
        ({"certs/ca.crt": LEAF}, ""),
        ({"certs/ca.crt": b""}, ""),
        ({"other/ca.crt": ROOT_PEM, "other/app.crt": LEAF}, ""),
    ],
    ids=[
        "beside the leaf",
        "mkcert",
        "any name in a mount",
        "of two the one that signed",
        "by way of an intermediate",
        "step-ca without a leaf",
        "Caddy's own",
        "a root of any name without a leaf",
        "another CA",
        "a public CA's intermediate",
        "a leaf with the name of a CA",
        "an empty file",
        "a folder that is not mounted",
    ],
)
def test_the_root_that_signed(files: dict[str, bytes], ca: str, tmp_path: Path) -> None:
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(content)
    assert find_ca(stack(tmp_path, "keys"))[0] == ca


def test_who_signed_is_named_if_that_certificate_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "app.crt").write_bytes(LEAF)
    assert find_ca(stack(tmp_path, "."))[1].startswith("OU=Testing CA")
