"""What `status.meta.json` says of a whole look: versions, exemptions in force, warnings."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from stacktest.core.evidence import Judgement
from stacktest.core.fingerprint import FINGERPRINT_VERSION
from stacktest.core.gate import Exempting, in_force
from stacktest.core.status import Exemption, Scope, StatusMeta


def make_meta(
    judgements: Mapping[str, Judgement],
    *,
    now: datetime,
    versions: Mapping[str, str],
    key_id: str,
    scope: Scope = "host",
    exempt: Iterable[Exempting] = (),
    recorded: Iterable[str] = (),
) -> StatusMeta:
    """The document; `recorded` are the services that the ledger has records of.

    A service that was removed from the compose model, or never was in it, is named for as long as
    its records lie there: a pass for an unknown service must not go unnoticed.
    """
    said = [text for judgement in judgements.values() for text in judgement.warnings]
    said += [
        f"{name} has records but is no service of the stack: removed, or renamed?"
        for name in sorted(set(recorded) - set(judgements))
    ]
    return StatusMeta(
        versions=versions,
        fingerprint_version=FINGERPRINT_VERSION,
        key_id=key_id,
        scope=scope,
        evaluated_at=now,
        exemptions=tuple(
            Exemption(service=one.service, states=one.states, reason=one.reason, until=one.until)
            for one in sorted(in_force(exempt, now.date()), key=lambda one: one.service)
        ),
        warnings=tuple(sorted(said)),
    )
