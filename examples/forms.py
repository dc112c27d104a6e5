"""The forms in which an example runs.

as documented   compose.yaml                              all claims hold
as found        compose.yaml and compose.as-found.yaml    those of `[as-found.false]` do not
upstream        files of a checkout of the original       as found
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from examples.example import Example


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """One way to run a stack: which compose files, and which claims hold."""

    name: str
    compose: tuple[str, ...]
    is_as_documented: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.name.replace("-", " ")

    def environment(self, example: Example) -> dict[str, str]:
        """The variables by which stacktest runs this form, and keeps its records apart."""
        stack = {} if self.is_as_documented else _settings(example)
        values = {
            "compose": ",".join(self.compose),
            "project_name": f"example-{example.name}-{self.name}",
            "ledger": f"data/{self.name}/tests",
            "status": f"data/{self.name}/status.json",
            **stack,
            **self.settings,
        }
        return {f"STACKTEST_{key.upper()}": value for key, value in values.items()}

    def expected(self, example: Example) -> dict[str, str]:
        """Claim → the word that `stacktest claims` should say."""
        false = frozenset() if self.is_as_documented else frozenset(example.false_as_found)
        return {
            item.claim.id: "no test" if item.why else "false" if item.claim.id in false else "true"
            for item in example.claims
        }

    def of_checkout(self, example: Example, checkout: str) -> Self:
        """The same form with the compose files of a checkout of the original."""
        folder = Path(checkout).expanduser().resolve()
        files = tuple(str(folder / name) for name in example.forms["upstream"]["compose"])
        return replace(self, compose=files, settings={"project_directory": str(folder)})


FORMS = (
    Form(name="as-documented", compose=("compose.yaml",), is_as_documented=True),
    Form(name="as-found", compose=("compose.yaml", "compose.as-found.yaml")),
)
UPSTREAM = Form(name="upstream", compose=())


# Private


def _settings(example: Example) -> dict[str, str]:
    """Keys of `[stack]` that `forms.toml` gives the form as found."""
    return {
        key: ",".join(value) if isinstance(value, list) else str(value)
        for key, value in example.forms["as-found"].items()
        if key != "false"
    }
