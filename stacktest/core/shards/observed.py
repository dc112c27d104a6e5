"""The JSON form of a service's observation in a shard, from which another machine can judge it.

It contains the input of a judgement, but neither values nor the ingredients' digests: those are
only in `.stacktest/` of the machine that made the observation.
"""

from collections.abc import Mapping
from typing import Any

from stacktest.core.fingerprint.fingerprint import PARTS, Fingerprint
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.json_data import Json
from stacktest.core.records.common import ContainerRef
from stacktest.core.records.strict_json import Fields, RecordError
from stacktest.core.unknown import Unknown

REPO = "repo"


def observation_to_dict(observation: ServiceObservation) -> dict[str, Json]:
    """The JSON object."""
    refs = observation.containers
    return {
        "fingerprint": _fingerprint_to_dict(observation.fingerprint),
        "containers": None if isinstance(refs, Unknown) else [ref.to_dict() for ref in refs],
        "containers_unknown": refs.why if isinstance(refs, Unknown) else None,
        "drift": list(observation.drift),
        "unverified": list(observation.unverified),
    }


def observation_of(value: Json, path: str) -> ServiceObservation:
    """The reverse of `observation_to_dict`; a RecordError says what is wrong."""
    keys = ("fingerprint", "containers", "containers_unknown", "drift", "unverified")
    fields = Fields(value, path, keys)
    why = fields.optional_text("containers_unknown")
    return ServiceObservation(
        fingerprint=_fingerprint_of(*fields.raw("fingerprint")),
        containers=tuple(ContainerRef.from_dict(*item) for item in fields.items("containers"))
        if why is None
        else _unknown(why, f"{path}.containers_unknown"),
        drift=fields.texts("drift"),
        unverified=fields.texts("unverified"),
    )


# Private


def _fingerprint_to_dict(fingerprint: Fingerprint) -> dict[str, Json]:
    named: dict[str, Any] = {**fingerprint.parts, REPO: fingerprint.repo}
    return {
        "v": fingerprint.version,
        "parts": {n: None if isinstance(v, Unknown) else v for n, v in sorted(named.items())},
        "unknown": {n: v.why for n, v in sorted(named.items()) if isinstance(v, Unknown)},
        "key_id": fingerprint.key_id,
        "keyed": list(fingerprint.keyed),
        "carried": _by_version(fingerprint.carried),
        "carried_repo": _by_version(fingerprint.carried_repo),
    }


def _fingerprint_of(value: Json, path: str) -> Fingerprint:
    keys = ("v", "parts", "unknown", "key_id", "keyed", "carried", "carried_repo")
    fields = Fields(value, path, keys)
    values, unknown = fields.optional_text_map("parts"), fields.text_map("unknown")
    if set(values) != {*PARTS, REPO}:
        raise RecordError(f"{path}.parts are not {', '.join((*PARTS, REPO))}")
    if {name for name, part in values.items() if part is None} != set(unknown):
        raise RecordError(f"{path}.unknown does not say why each unknown part is unknown")
    parts = {
        name: _unknown(unknown[name], f"{path}.unknown.{name}") if part is None else part
        for name, part in values.items()
    }
    repo = parts.pop(REPO)
    return Fingerprint(
        parts={name: parts[name] for name in PARTS},
        repo=repo,
        key_id=fields.text("key_id"),
        version=fields.number("v"),
        keyed=fields.texts("keyed"),
        carried=_versions_of(fields, "carried"),
        carried_repo=_versions_of(fields, "carried_repo"),
    )


def _unknown(why: str, path: str) -> Unknown:
    if not why.strip():
        raise RecordError(f"{path} is blank, not a reason")
    return Unknown(why)


def _by_version(digests: Mapping[int, str]) -> dict[str, Json]:
    return {str(version): digest for version, digest in sorted(digests.items())}


def _versions_of(fields: Fields, key: str) -> dict[int, str]:
    digests = fields.text_map(key)
    if not all(version.isdecimal() for version in digests):
        raise RecordError(f"{fields.raw(key)[1]} has a key that is not a version")
    return {int(version): digest for version, digest in digests.items()}
