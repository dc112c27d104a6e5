"""The rule that Traefik gives to a container without a rule label: a template with its names."""

import re
from collections.abc import Iterator, Mapping

from stacktest.core.model import Service, Stack


def normalized(name: str) -> str:
    """The name with a hyphen in place of everything except letters and digits, as in Traefik."""
    return "-".join(re.findall(r"[^\W_]+", name))


def own_name(service: str, stack: Stack) -> str:
    """The default name in Traefik of a container and of the service that leads to it."""
    return normalized(f"{service}_{stack.name}")


def default_rule(
    template: str, service: Service, labels: Mapping[str, str], stack: Stack
) -> str | None:
    """The rule of a container; None if the template uses more than names and labels."""
    container = service.container_name or f"{stack.name}-{service.name}-1"
    known = all_labels(service, labels, stack)
    values = {".Name": own_name(service.name, stack), ".ContainerName": container}
    values |= {f'index .Labels "{name}"': value for name, value in known.items()}
    pieces = list(_pieces(template, values))
    return None if None in pieces else "".join(piece for piece in pieces if piece is not None)


def all_labels(service: Service, labels: Mapping[str, str], stack: Stack) -> Mapping[str, str]:
    """The labels of a container: its own, and those that Compose gives it."""
    of_compose = {
        "com.docker.compose.service": service.name,
        "com.docker.compose.project": stack.name,
    }
    return {**of_compose, **labels}


# Private

_EXPRESSION = re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}")
_TRIMMED = re.compile(r"trimPrefix\s+[`\"]/[`\"]\s+")


def _pieces(template: str, values: dict[str, str]) -> Iterator[str | None]:
    position = 0
    for match in _EXPRESSION.finditer(template):
        yield template[position : match.start()]
        position = match.end()
        expression = _TRIMMED.sub("", " ".join(match[1].split())).strip("()")
        expression = re.sub(r"index \.Labels `([^`]+)`", r'index .Labels "\1"', expression)
        is_normalized = expression.startswith("normalize ")
        value = values.get(expression.removeprefix("normalize ").strip("()"))
        yield normalized(value) if is_normalized and value is not None else value
    yield template[position:]
