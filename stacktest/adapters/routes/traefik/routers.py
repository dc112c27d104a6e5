"""The routers that Traefik reads from its providers, and why it ignores one."""

from collections.abc import Mapping

from msgspec import Struct

from stacktest.adapters.routes.traefik.configuration import DOCKER, Origin, Section, section
from stacktest.adapters.routes.traefik.constraints import why_constrained
from stacktest.adapters.routes.traefik.default_rule import all_labels, default_rule
from stacktest.adapters.routes.traefik.services import Services
from stacktest.adapters.routes.traefik.static import Static, as_bool
from stacktest.core.model import Stack
from stacktest.core.readiness import declared_ports


class Routers(Struct, frozen=True, kw_only=True):
    """The routers of every origin."""

    stack: Stack
    static: Static
    origins: tuple[Origin, ...]
    services: Services

    def of(self, origin: Origin) -> dict[str, Section]:
        """The routers of one origin; of a file, without names that an earlier file already has."""
        routers = _defined(origin)
        if origin.provider == DOCKER:
            return {name: self._with_rule(r, origin) for name, r in self._or_usual(origin).items()}
        earlier = self.origins[: self.origins.index(origin)]
        known = {name for item in earlier if item.provider != DOCKER for name in _defined(item)}
        return {name: router for name, router in routers.items() if name not in known}

    def why_not_taken(self, name: str, origin: Origin) -> str:
        """Why Traefik ignores a router; empty if it does not."""
        if origin.provider != DOCKER:
            return ""
        if why := why_ignored(origin, self.static, self.stack):
            return why
        definitions = {
            item.service: repr((sorted(router.items(), key=str), self.services.name(router, item)))
            for item in self.services.origins
            if item.provider == DOCKER and (router := _defined(item).get(name)) is not None
        }
        if len({*definitions.values()}) < _SEVERAL:
            return ""
        return f"Traefik takes none of several routers named {name}, of {' and '.join(definitions)}"

    # Private

    def _or_usual(self, origin: Origin) -> dict[str, Section]:
        """The routers of a container, or the router that Traefik creates if labels define none."""
        routers = _defined(origin)
        service = self.stack.services[origin.service]
        is_offered = declared_ports(service) or any("traefik" in label for label in origin.labels)
        is_of_http = origin.http or not origin.tcp
        is_heard = origin in self.services.origins
        if not routers and self._template and is_heard and is_offered and is_of_http:
            return {origin.service: {}}
        return routers

    def _with_rule(self, router: Section, origin: Origin) -> Section:
        template, service = self._template, self.stack.services[origin.service]
        if router.get("rule") or not template:
            return router
        return {
            **router,
            "rule": default_rule(template, service, origin.labels, self.stack) or template,
        }

    @property
    def _template(self) -> str:
        return self.static.of_labels("defaultrule")


def why_ignored(origin: Origin, static: Static, stack: Stack) -> str:
    """Why Traefik ignores an origin; empty if it does not."""
    if origin.provider != DOCKER:
        return ""
    if not static.reads_labels:
        return "the provider that reads labels is off"
    enabled = next((v for k, v in origin.labels.items() if k.lower() == "traefik.enable"), "")
    if as_bool(enabled or static.of_labels("exposedbydefault")) is False:
        return "Traefik does not expose the service: traefik.enable is not true"
    labels = all_labels(stack.services[origin.service], origin.labels, stack)
    return why_constrained(static.of_labels("constraints"), labels)


# Private

_SEVERAL = 2


def _defined(origin: Origin) -> dict[str, Section]:
    routers = section(origin.http.get("routers"))
    return {name: router for name, router in routers.items() if isinstance(router, Mapping)}
