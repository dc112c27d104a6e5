"""Which image copies a volume: one of the stack's own that has `sh`, `cp` and `du`."""

from collections.abc import Mapping

from stacktest.adapters.engine.client import Engine
from stacktest.core.model import Stack
from stacktest.core.rehearsal.copy_document import DataCopy
from stacktest.errors import StacktestError


class CopyTool:
    """Chooses the image: the one that is `named`, those of the volume's services, any other."""

    def __init__(
        self, engine: Engine, stack: Stack, *, named: str, labels: Mapping[str, str]
    ) -> None:
        self._engine, self._stack, self._labels = engine, stack, labels
        self._named = [named] if named else []
        self._has_tools: dict[str, bool] = {}

    def __call__(self, copy: DataCopy) -> str:
        """The image; a StacktestError where none has the programs."""
        services = self._stack.services
        own = [self._image(name) for name in copy.services if name in services]
        others = [self._image(name) for name in services]
        for image in dict.fromkeys([*self._named, *own, *others]):
            if self._can_copy(image):
                return image
        raise StacktestError(
            f"{copy.source} cannot be copied: no image of the stack has sh, cp and du",
            where="stacktest.toml:stack.probe_image",
            hint="name an image that has them as `probe_image` under [stack]",
        )

    # Private

    def _image(self, service: str) -> str:
        return self._stack.services[service].image or f"{self._stack.name}-{service}"

    def _can_copy(self, image: str) -> bool:
        if image not in self._has_tools:
            argv = ("sh", "-c", "command -v cp && command -v du")
            try:
                code, _ = self._engine.run_tool(
                    image, argv, folders={}, labels=self._labels, timeout=60
                )
            except StacktestError:
                # An image that is not here copies nothing.
                code = 1
            self._has_tools[image] = code == 0
        return self._has_tools[image]
