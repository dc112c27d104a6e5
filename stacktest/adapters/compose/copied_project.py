"""Runs Docker Compose on a resolved document without a file: it is passed on standard input.

So the values of the stack's environment are not written to any file.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy

from stacktest.adapters import process
from stacktest.adapters.compose.client import Compose
from stacktest.adapters.compose.json_config import OUTSIDE, write_config
from stacktest.core.json_data import Json


class CopiedProject(Compose):
    """A second compose project, made from a resolved document of the project `of`."""

    def __init__(self, of: Compose, name: str, document: Json) -> None:
        super().__init__(of.root, project=name)
        self._of, self._document = of, document

    def ask(self, *, version: bool = True) -> None:
        """Do nothing: the document is known."""

    def version(self) -> tuple[int, ...]:
        """Compose's version, read once; ToolMissingError when it is absent or too old."""
        return self._of.version()

    # Private

    def _up(
        self,
        words: Iterable[str],
        override: Json,
        *,
        timeout: float,
        holding: Sequence[int] = (),
        bare: Iterable[str] = (),
    ) -> process.Completed:
        document = with_labels(self._document, override)
        for name in bare:
            kept = {k: v for k, v in document["services"][name].items() if k not in OUTSIDE}
            document["services"][name] = {**kept, "network_mode": "none"}
        argv = ["docker", "compose", "--ansi", "never", "--project-name", str(self.project)]
        argv += ["--project-directory", str(self._of.project_files.directory)]
        argv += ["--profile", "*", "--file", "-", *words]
        return process.run(
            argv,
            cwd=self.root,
            input=write_config(document),
            timeout=timeout,
            holding=holding,
        )


def with_labels(document: Json, override: Mapping[str, Json]) -> Json:
    """The document with the labels that an override has for its services and networks."""
    labelled = deepcopy(document)
    for section, entries in override.items():
        for name, entry in entries.items():
            target = labelled[section].get(name)
            if target is not None:
                target["labels"] = {**(target.get("labels") or {}), **entry.get("labels", {})}
    return labelled
