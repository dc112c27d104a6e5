"""Whether an image is outdated since another service's build makes it, or the image it is based on.

Stacks build one image for several services (`image: app` beside another service's `build:`), or a
base for others (`FROM app-base`). An edit of that build reaches every one of them.
"""

from collections.abc import Iterator, Mapping

from stacktest.core.changed_copy import replace
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.freshness.reasons import IMAGE_OF, Reason
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.unknown import Unknown


def with_inherited_builds(
    stack: Stack,
    observations: Mapping[str, ServiceObservation],
    tagged: Mapping[str, Json | Unknown],
    tags: Mapping[str, str],
) -> Mapping[str, ServiceObservation]:
    """The observations, with `unbuilt:image of NAME` where the build of NAME was not repeated.

    `tags` has the tag of each service's image, `tagged` the engine's document of that image.
    """
    bases = {name: seen.fingerprint.base_image for name, seen in observations.items()}
    makers = {name: tuple(_makers(stack, name, bases[name], tags)) for name in observations}

    def is_outdated(name: str, maker: str, passed: frozenset[str] = frozenset()) -> bool:
        image, made = tagged[name], tagged[maker]
        if isinstance(image, Unknown) or isinstance(made, Unknown) or image.get("RepoDigests"):
            # An image from a registry was not built of these files.
            return False
        is_unbuilt = any(Reason(text).kind == "unbuilt" for text in observations[maker].drift)
        is_older = bool(bases[name]) and not _is_built_on(image, made)
        passed |= {name}
        below = (x for x in makers[maker] if x not in passed)
        return is_unbuilt or is_older or any(is_outdated(maker, x, passed) for x in below)

    reasons = {
        name: [Reason.of("unbuilt", f"{IMAGE_OF}{x}") for x in makers[name] if is_outdated(name, x)]
        for name in observations
    }
    return {
        name: replace(seen, drift=(*seen.drift, *reasons[name])) if reasons[name] else seen
        for name, seen in observations.items()
    }


# Private


def _makers(stack: Stack, name: str, base: str, tags: Mapping[str, str]) -> Iterator[str]:
    """The services whose builds make the image of a service without a build, or its base."""
    service = stack.services[name]
    wanted = base if service.build else tags[name]
    if not wanted:
        return
    for other, tag in tags.items():
        # Of several services that build the same tag, the one that was built last made the image.
        if other != name and stack.services[other].build and _full(tag) == _full(wanted):
            yield other


def _full(tag: str) -> str:
    return tag if ":" in tag.rpartition("/")[2] else f"{tag}:latest"


def _is_built_on(image: Json, base: Json) -> bool:
    layers, below = ((x.get("RootFS") or {}).get("Layers") or [] for x in (image, base))
    return bool(layers[: len(below)] == below)
