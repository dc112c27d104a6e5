"""`claims.toml`: the claims made in documents, so that claims without a test are listed, too.

[[claim]]
id     = "A21"
text   = "Certificates are renewed every 12 hours"
source = "DEPLOYMENT.md"
why    = "needs a host name that a public certificate authority can reach"   # if no test states it
"""

from pathlib import Path
from typing import Any

from stacktest.config.discovery import read_toml
from stacktest.core.claims import Claim, ListedClaim
from stacktest.core.suggestions import did_you_mean
from stacktest.errors import UsageError

CLAIMS_FILE = "claims.toml"
KEYS = ("id", "text", "source", "why")


def listed_claims(root: Path) -> tuple[ListedClaim, ...]:
    """The claims in the stack's `claims.toml`, in its order; none without such a file."""
    path = root / CLAIMS_FILE
    if not path.is_file():
        return ()
    document = read_toml(path)
    if unknown := sorted(set(document) - {"claim"}):
        raise UsageError(
            f"unknown key {unknown[0]!r}",
            where=f"{path}:{unknown[0]}",
            hint=did_you_mean(unknown[0], ["claim"]) or "write [[claim]]",
        )
    entries = document.get("claim", [])
    claims = tuple(_listed(path, number, entry) for number, entry in enumerate(entries))
    ids = [item.claim.id for item in claims]
    if twice := sorted({id_ for id_ in ids if ids.count(id_) > 1}):
        raise UsageError(f"the claim {twice[0]!r} is listed twice", where=str(path))
    return claims


# Private


def _listed(path: Path, number: int, entry: dict[str, Any]) -> ListedClaim:
    where = f"{path}:claim[{number}]"
    for key, value in entry.items():
        if key not in KEYS:
            raise UsageError(
                f"unknown key {key!r}", where=where, hint=did_you_mean(key, KEYS) or ", ".join(KEYS)
            )
        if not isinstance(value, str):
            raise UsageError(f"{key} = {value!r} is not a text", where=where)
    if not entry.get("id"):
        raise UsageError("a claim needs an id", where=where, hint='write id = "A8"')
    claim = Claim(id=entry["id"], text=entry.get("text", ""), source=entry.get("source", ""))
    return ListedClaim(claim=claim, why=entry.get("why", ""))
