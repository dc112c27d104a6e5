"""Diagnoses the front door's certificate: out of date, not valid yet, other names, another CA."""

import re
from datetime import datetime

from stacktest.core.compose_command import compose_command
from stacktest.core.diagnosis.diagnosis import Diagnosis
from stacktest.core.diagnosis.facts import Certificate, Facts, Failure
from stacktest.core.routing import covers

ABOUT_CERTIFICATES = re.compile(
    r"certificate|CERT_|x509|SSL: |self.signed|unknown ca", re.IGNORECASE
)
"""Words in the message of a test whose connection failed because of a certificate."""


_SELF_SIGNED = re.compile(r"self.signed certificate", re.IGNORECASE)
"""OpenSSL's reason for a certificate without a CA; an unknown root in its chain reads longer."""


def diagnose(facts: Facts, failure: Failure) -> Diagnosis | None:
    """Diagnoses the first untrusted certificate, if the test's message is about certificates."""
    if not ABOUT_CERTIFICATES.search(failure.text):
        return None
    refused = (shown for shown in facts.certificates.values() if shown.why)
    return next((_of(facts, certificate) for certificate in refused), None)


# Private


# The sentences name no host where it makes no difference: a front door that shows one certificate
# for all names has one cause for all services, and each error says which name was asked.


def _of(facts: Facts, certificate: Certificate) -> Diagnosis:
    door, host, file = facts.stack.front_door, certificate.host, certificate.file
    name = next((n for n in certificate.names if covers(n, host)), "")
    place = f" ({file})" if file else ""
    restart = compose_command(facts.stack, "restart", services=[door])
    if certificate.not_after <= facts.now:
        day = _day(certificate.not_after, facts.now)
        subject = f"the certificate of {name or host} ended {day}{place}"
        if certificate.file_not_after and certificate.file_not_after > facts.now:
            newer = f"{subject}; {door} has not read the newer one that is in that file now"
            return Diagnosis(service=door, sentence=newer, command=restart)
        return Diagnosis(
            service=door,
            sentence=subject,
            before=f"renew {file or 'it'}",
            command=restart,
        )
    if certificate.not_before > facts.now:
        return Diagnosis(
            service=door,
            sentence=f"the certificate of {name or host} is valid from "
            f"{certificate.not_before:%Y-%m-%d %H:%M} UTC on{place}",
            before="set the clock of this machine, or make the certificate again",
            command=restart,
        )
    if not name:
        names = ", ".join(certificate.names[:3]) or "no name"
        return Diagnosis(
            service=door,
            sentence=f"the certificate that {door} shows is for {names} only{place}",
            before=f"make one for {_wanted(facts, host)}",
            command=restart,
        )
    if _SELF_SIGNED.fullmatch(certificate.why):
        return Diagnosis(
            service=door,
            sentence=f"the certificate that {door} shows signed itself: no CA did{place}",
            before=f"put the one that your CA signed into {file or 'its place'}, or name this one "
            "as `ca` in stacktest.toml",
            command=restart,
        )
    return Diagnosis(
        service=door,
        sentence=f"the certificate that {door} shows is not trusted: {certificate.why}; "
        f"it was issued by {certificate.issuer or 'an issuer without a name'}{place}",
        command="stacktest doctor",
    )


def _wanted(facts: Facts, host: str) -> str:
    """What a certificate should be for: all of the stack's names, where the host is one of them."""
    pattern = f"*.{facts.stack.domain}"
    return pattern if facts.stack.domain and covers(pattern, host) else host


def _day(moment: datetime, now: datetime) -> str:
    days = (now.date() - moment.date()).days
    words = {0: "today", 1: "yesterday"}
    return words.get(days, f"on {moment:%Y-%m-%d}")
