"""Plans an update, or refuses it with the reason; changes nothing."""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct, field

from stacktest.adapters.engine.client import Engine
from stacktest.application.judge import Judge
from stacktest.application.observe import image_name
from stacktest.core.fingerprint.digest import canonical, content_digest
from stacktest.core.freshness.inputs import Tests
from stacktest.core.freshness.judgement import Judgement
from stacktest.core.freshness.observation import ServiceObservation
from stacktest.core.json_data import Json
from stacktest.core.model import Stack
from stacktest.core.observed_state import Container
from stacktest.core.plan import plan_services
from stacktest.core.unknown import Unknown
from stacktest.core.update.choice import (
    data_sources,
    differences,
    edited_files,
    lacks_baseline,
    platform_refusal,
    whose_data,
    with_tenants,
)
from stacktest.core.update.journal import (
    Candidate,
    Journal,
    OldContainer,
    SavedData,
    refused_again,
    works_again,
)
from stacktest.errors import UsageError


class UpdateRequest(Struct, frozen=True, kw_only=True):
    """The update that a person asks for."""

    services: tuple[str, ...] = ()
    """Empty: every service that differs from the files."""
    images: Mapping[str, str] = field(default_factory=dict)
    """Service → the image that it gets in place of the image in the files."""
    rehearsed: bool = True
    """Whether a copy is tested before running containers are changed."""
    without_baseline: bool = False
    again: bool = False


class UpdatePlan(Struct, frozen=True, kw_only=True):
    """The services to replace, in their order, and the data to save."""

    candidates: tuple[Candidate, ...]
    containers: tuple[OldContainer, ...]
    data: tuple[SavedData, ...]
    left_out: Mapping[str, str]
    """Path of the host that containers write to and that is not saved → what it is."""
    model: str
    without_baseline: bool


class Planner(Struct, frozen=True, kw_only=True):
    """Plans updates of one stack."""

    stack: Stack
    engine: Engine
    judge: Judge
    observations: Mapping[str, ServiceObservation]
    judgements: Mapping[str, Judgement]
    tests: Mapping[str, Tests | Unknown]
    earlier: Sequence[Journal]

    def plan(self, request: UpdateRequest, update: str) -> UpdatePlan | None:
        """The plan; None: all services match the files. A UsageError says what is missing."""
        differing = self._differing(request)
        if not differing:
            return None
        replaced = with_tenants(self.stack, differing)
        order = [n for n in plan_services(self.stack, replaced).services if n in replaced]
        listed = [c for c in self.engine.containers(self.stack.name) if not c.one_off]
        self._insist_on_tests(order)
        self._insist_on_containers(order, listed)
        candidates = tuple(
            self._candidate(name, request.images.get(name, ""), differing.get(name, ()), listed)
            for name in order
        )
        self._refuse_again(candidates, request)
        if not request.rehearsed and not request.without_baseline:
            _insist_on_old_files(candidates)
        missing = {name: why for name in order if (why := self._lacks_baseline(name))}
        if missing and not request.without_baseline:
            raise _no_baseline(missing)
        found = data_sources(
            (c for c in listed if c.state not in {"exited", "dead"} or c.service in replaced),
            whose_data(self.stack, replaced),
        )
        return UpdatePlan(
            candidates=candidates,
            containers=_old_containers(order, listed, self.stack.name, update),
            data=tuple(
                SavedData(
                    source=source,
                    volume=f"{self.stack.name}-update-{update}_{number}",
                    services=services,
                )
                for number, (source, services) in enumerate(found.sources.items())
            ),
            left_out=found.left_out,
            model=self._model(),
            without_baseline=request.without_baseline,
        )

    # Private

    def _differing(self, request: UpdateRequest) -> dict[str, tuple[str, ...]]:
        """Service → how it differs from its candidate."""
        chosen = {*request.services, *request.images} or set(self.stack.services)
        differing: dict[str, tuple[str, ...]] = {}
        for name in sorted(chosen):
            observation = self.observations[name]
            if isinstance(observation.containers, Unknown):
                raise UsageError(
                    f"what runs of {name} cannot be seen: {observation.containers.why}",
                    where=f"services.{name}",
                    hint="stacktest doctor",
                )
            reasons = differences(observation.drift)
            if image := request.images.get(name):
                reasons = (*reasons, f"image:{image} in place of {self._tag(name)}")
            if reasons and (observation.containers or name in request.services):
                differing[name] = reasons
        return differing

    def _tag(self, name: str) -> str:
        return image_name(self.stack, self.stack.services[name])

    def _candidate(
        self, name: str, named: str, differs: tuple[str, ...], listed: Iterable[Container]
    ) -> Candidate:
        reference = named or self._tag(name)
        image = self.engine.image(reference)
        if isinstance(image, Unknown):
            raise UsageError(
                f"the image of {name} is not here: {reference}",
                where=f"services.{name}.image",
                hint=f"stacktest update --pull {name}",
            )
        self._insist_on_platform(name, image, listed)
        parts = self.observations[name].fingerprint.parts
        files = {part: str(value) for part, value in parts.items() if part != "image"}
        return Candidate(
            service=name,
            image=image["Id"],
            named=named,
            digest=content_digest(canonical({"image": image["Id"], "files": files})),
            differs=differs or ("it shares the network or the volumes of one that is replaced",),
        )

    def _insist_on_platform(self, name: str, image: Json, listed: Iterable[Container]) -> None:
        for container in listed:
            if container.service != name:
                continue
            old = self.engine.image(container.image_id)
            why = "" if isinstance(old, Unknown) else platform_refusal(old, image)
            if why:
                raise UsageError(
                    f"{name} cannot be replaced: {why}",
                    where=f"services.{name}.image",
                    hint="name an image for this machine, or its digest for this platform",
                )

    def _insist_on_tests(self, order: Iterable[str]) -> None:
        for name in order:
            tests = self.tests.get(name)
            if isinstance(tests, Unknown):
                raise UsageError(
                    f"the tests of {name} are not known: {tests.why}",
                    where="pytest --collect-only",
                    hint="correct that first: without them nothing could judge its update",
                )
            if tests is None or tests.required == 0:
                raise UsageError(
                    f"{name} has no test, so nothing could say whether its update is good",
                    where=f"services.{name}",
                    hint=f"write one that names it: @pytest.mark.service({name!r})",
                )

    def _insist_on_containers(self, order: Iterable[str], listed: Sequence[Container]) -> None:
        for name in order:
            if not any(container.service == name for container in listed):
                raise UsageError(
                    f"{name} does not run, so there is nothing to replace",
                    where=f"project {self.stack.name}",
                    hint=f"stacktest up {name}",
                )

    def _refuse_again(self, candidates: Sequence[Candidate], request: UpdateRequest) -> None:
        refused = {} if request.again else refused_again(candidates, self.earlier)
        for name, journal in sorted(refused.items()):
            raise UsageError(
                f"{name} was put back from this very candidate: {journal.cause}",
                where=f".stacktest/updates/{journal.id}.json",
                hint="change its image or its files, or try it once more: "
                f"stacktest update --again {name}",
            )

    def _lacks_baseline(self, name: str) -> str:
        evidence = self.judge.evidence(name)
        containers = self.observations[name].containers
        state = self.judgements[name].state
        restored = works_again(self.earlier, name)
        return lacks_baseline(
            evidence.last_pass, evidence.last_run, containers, state, restored=restored
        )

    def _model(self) -> str:
        """Digest of the compose model, from signed parts, so it reveals no value."""
        definitions = {
            name: str(observation.fingerprint.parts.get("stanza"))
            for name, observation in self.observations.items()
        }
        return content_digest(canonical(definitions))


# Private


def _old_containers(
    order: Sequence[str], listed: Sequence[Container], project: str, update: str
) -> tuple[OldContainer, ...]:
    chosen = [c for name in order for c in listed if c.service == name]
    return tuple(
        OldContainer(
            service=container.service,
            name=container.name,
            container=container.id,
            image=container.image_id,
            spare=f"{project}-update-{update}-{number}",
            ran=container.state in {"running", "paused", "restarting"},
        )
        for number, container in enumerate(chosen)
    )


def _insist_on_old_files(candidates: Iterable[Candidate]) -> None:
    """Refuse services with an edited mounted file: its old text is not stored anywhere."""
    for candidate in candidates:
        if edited := edited_files(candidate.differs):
            raise UsageError(
                f"{candidate.service} cannot be put back as it is: {edited[0]} was edited, and its "
                "old text is not kept",
                where=f"services.{candidate.service}",
                hint="test a copy first, without --no-rehearsal; or go without: --without-baseline",
            )


def _no_baseline(missing: Mapping[str, str]) -> UsageError:
    name, *others = sorted(missing)
    more = f" (and {', '.join(others)})" if others else ""
    options = " ".join(f"--stack-services={name}" for name in sorted(missing))
    return UsageError(
        f"{name} has no standing pass{more}: {missing[name]}",
        where=f"services.{name}",
        hint=f"prove what runs first, with its files as they were: pytest {options}; "
        "or go without: --without-baseline",
    )
