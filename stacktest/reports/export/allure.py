"""Labels and links for Allure: epic = phase, feature = service, and a link to each service.

Allure only gets labels: the gate and the states never depend on it.
"""

from collections.abc import Iterable, Mapping

from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.phase import Phase
from stacktest.core.records.common import Run
from stacktest.printable import one_line, visible

Label = tuple[str, str]


def labels(*, services: Iterable[str], phase: Phase | None) -> tuple[Label, ...]:
    """`(("epic", "Observability"), ("feature", "grafana"))`; the phase's marker is a tag anyway."""
    labels: list[Label] = []
    if phase:
        labels.append(("epic", phase.title or phase.name))
    names = sorted(set(services))
    labels += [("feature", name) for name in names]
    return tuple((kind, one_line(value)) for kind, value in labels)


def environment(stack: Stack, run: Run) -> Mapping[str, str]:
    """The rows of Allure's environment: stack, run, commit and versions."""
    rows = {"stack": stack.name, "run": run.id, "commit": run.git_commit or "none"}
    return rows | dict(sorted(run.versions.items()))


def properties(rows: Mapping[str, str]) -> str:
    """The rows as `environment.properties`."""
    escaped = str.maketrans({"\\": "\\\\", "\n": "\\n"})
    return "".join(f"{key}={visible(value).translate(escaped)}\n" for key, value in rows.items())


def categories() -> list[dict[str, Json]]:
    """Kinds of failures that different people handle, by an expression for their message.

    The expressions mean the same in Java and in JavaScript, in which Allure 2 and 3 are written.
    """
    return [
        {
            "name": name,
            "matchedStatuses": ["failed", "broken"],
            "messageRegex": rf"[\s\S]*({words})[\s\S]*",
        }
        for name, words in _CATEGORIES
    ]


# Private

_CATEGORIES = (
    ("TLS: a certificate is not trusted", "CERTIFICATE_VERIFY_FAILED|ERR_CERT_|SSLError"),
    ("Names: a host is not known or leads nowhere", "ERR_NAME_NOT_RESOLVED|SK-NAMES|getaddrinfo"),
    ("Front door: it answers for a service that does not", "\\b50[234]\\b"),
    ("Network: no answer", "ConnectError|ConnectionRefused|ERR_CONNECTION"),
    ("Time: an answer came too late", "Timeout|timed out"),
)
