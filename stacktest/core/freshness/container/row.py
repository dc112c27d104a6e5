"""How one key of a service definition is compared with the engine's data of a container."""

from collections.abc import Callable, Mapping

from msgspec import Struct, field

from stacktest.core.freshness.container.values import ANY
from stacktest.core.json_data import Json
from stacktest.core.model import Service, Stack
from stacktest.core.unknown import Unknown


class Created(Struct, frozen=True, kw_only=True):
    """One container, and the service definition that it should match."""

    service: Service
    stack: Stack
    inspect: Json
    image: Json | Unknown
    """`inspect` of the image that the container runs."""
    containers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Service → ids of its containers, for `network_mode: service:vpn`."""
    joined: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """`container:NAME` → id of the container with that name, if a service joins it."""

    @property
    def definition(self) -> Mapping[str, Json]:
        """The resolved definition; empty where it is not a mapping."""
        return self.service.definition if isinstance(self.service.definition, dict) else {}

    @property
    def config(self) -> Mapping[str, Json]:
        """The engine's `Config`."""
        return self.inspect.get("Config") or {}

    @property
    def host(self) -> Mapping[str, Json]:
        """The engine's `HostConfig`."""
        return self.inspect.get("HostConfig") or {}

    @property
    def networks(self) -> Mapping[str, Json]:
        """The networks that it is on, by their names on the engine."""
        settings = self.inspect.get("NetworkSettings") or {}
        return {name: item or {} for name, item in (settings.get("Networks") or {}).items()}

    @property
    def name(self) -> str:
        """The container's name."""
        return str(self.inspect.get("Name") or "").lstrip("/")

    @property
    def short_id(self) -> str:
        """The first 12 digits of its id, which is also the default of its host name."""
        return str(self.inspect.get("Id") or "")[:12]

    def of_image(self, name: str) -> Json:
        """A value of the image's own configuration; ANY where the image is unknown."""
        if isinstance(self.image, Unknown):
            return ANY
        return (self.image.get("Config") or {}).get(name)

    def limit(self, key: str, kind: str, name: str) -> Json:
        """A limit by its own key, else by the one below `deploy.resources`."""
        value = self.definition.get(key)
        resources = (self.definition.get("deploy") or {}).get("resources") or {}
        return value if value is not None else (resources.get(kind) or {}).get(name)


Read = Callable[[Created], Json]


class Row(Struct, frozen=True, kw_only=True):
    """How one key is compared: both sides in one form, and the engine's values without the key."""

    key: str
    expected: Read
    """The definition's value; None: the definition does not set the key."""
    actual: Read
    usual: Callable[[Created], tuple[Json, ...]] = lambda _: (None,)
    """Values that the container may have if the definition does not set the key."""
    firm: bool = True
    """False: the engine may have another value although the definition is the same."""
    invents: bool = True
    """Whether, for a row that is not firm, the engine may choose other values than `usual`."""

    def verdict(self, container: Created) -> str:
        """`same`, `certain`, `possible` or `unseen`, as `differences` explains them."""
        try:
            expected, actual, usual = (
                self.expected(container),
                self.actual(container),
                self.usual(container),
            )
        except (AttributeError, LookupError, TypeError, ValueError):
            # Another engine shows the value in an unknown form: neither equal nor changed.
            return "unseen"
        if ANY in (expected, actual) or expected == actual or not (expected or actual):
            return "same"
        if self.firm and expected in usual and actual in usual:
            # Two spellings of the same default.
            return "same"
        if expected is None and (ANY in usual or actual in usual):
            return "same"
        # The engine discards settings that its kernel lacks: the key may still have been set.
        is_asked = expected is not None or not self.invents
        is_certain = self.firm or (is_asked and actual not in usual)
        return "certain" if is_certain else "possible"


def scalar(
    key: str,
    name: str,
    convert: Callable[[Json], Json],
    *usual: Json,
    firm: bool = True,
    invents: bool = True,
    section: str = "HostConfig",
    deploy: tuple[str, str] | None = None,
) -> Row:
    """A row for a single value; `deploy` is the key's other place in the definition."""

    def expected(container: Created) -> Json:
        value = container.limit(key, *deploy) if deploy else container.definition.get(key)
        return None if value is None else convert(value)

    def actual(container: Created) -> Json:
        return (container.inspect.get(section) or {}).get(name)

    return Row(
        key=key,
        expected=expected,
        actual=actual,
        usual=lambda _: usual,
        firm=firm,
        invents=invents,
    )


def from_image(key: str, name: str, convert: Callable[[Json], Json], *usual: Json) -> Row:
    """A row for a key whose default is the image's value."""

    def expected(container: Created) -> Json:
        value = container.definition.get(key)
        return None if value is None else convert(value)

    def allowed(container: Created) -> tuple[Json, ...]:
        inherited = container.of_image(name)
        return (inherited,) if inherited else usual

    return Row(key=key, expected=expected, actual=lambda c: c.config.get(name), usual=allowed)


def collection(key: str, name: str, convert: Callable[[Json], Json], *, firm: bool = True) -> Row:
    """A row for a list or mapping that is empty by default."""
    return Row(
        key=key,
        expected=lambda c: convert(c.definition.get(key)) or None,
        actual=lambda c: convert(c.host.get(name)) or None,
        firm=firm,
    )
