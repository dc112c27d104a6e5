"""The forms in which an example runs.

as documented   compose.yaml                              all claims hold
as found        compose.yaml and compose.as-found.yaml    those of `[as-found.false]` do not
upstream        files of a checkout of the original       as found
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from examples.example import Example


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """One way to run a stack: which compose files, and which claims hold."""

    name: str
    compose: tuple[str, ...]
    is_as_documented: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    unjudged: Mapping[str, str] = field(default_factory=dict)
    """Claim that cannot be judged on this engine → why."""

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.name.replace("-", " ")

    def environment(self, example: Example) -> dict[str, str]:
        """The variables by which stacktest runs this form, and keeps its records apart."""
        found = {} if self.is_as_documented else example.forms["as-found"]
        values = {
            "compose": ",".join(self.compose),
            "project_name": f"example-{example.name}-{self.name}",
            "ledger": f"data/{self.name}/tests",
            "status": f"data/{self.name}/status.json",
            **_texts(found, leave_out="false"),
            **self.settings,
        }
        return {f"STACKTEST_{key.upper()}": value for key, value in values.items()}

    def expected(self, example: Example) -> dict[str, str]:
        """Claim → the word that `stacktest claims` should say."""
        false = frozenset() if self.is_as_documented else frozenset(example.false_as_found)
        words = dict.fromkeys((item.claim.id for item in example.claims), "true")
        words |= dict.fromkeys(false, "false")
        words |= dict.fromkeys(self.unjudged, "not judged")
        return words | {item.claim.id: "no test" for item in example.claims if item.why}

    def on_engine(self, example: Example, engine: str) -> Self:
        """The same form on an engine that lacks something: `[engines.NAME]` of `forms.toml`."""
        own = example.forms.get("engines", {}).get(engine, {})
        settings = _texts(own, leave_out="unjudged")
        return replace(self, settings=settings, unjudged=own.get("unjudged", {}))

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


def _texts(table: Mapping[str, Any], *, leave_out: str) -> dict[str, str]:
    """Keys of `[stack]` in a table of `forms.toml`, as variables have them."""
    return {
        key: ",".join(value) if isinstance(value, list) else str(value)
        for key, value in table.items()
        if key != leave_out
    }
