"""An example's folder: a stack, its suites, its claims, and which of them do not hold as found.

claims.toml   every claim with its id, text and source; `why` if no test can state it here
forms.toml    [as-found.false] id = "what is so instead"
              [as-found]       other keys of `[stack]` for that form: routes = […]
              [upstream]       compose files of the original
              [engines.NAME]   keys of `[stack]` on that engine
              [engines.NAME.unjudged] id = "why it cannot be judged on that engine"
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stacktest.config.claims_file import listed_claims
from stacktest.core.claims import ListedClaim

EXAMPLES = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Example:
    """One stack, written in the shape of a real one."""

    folder: Path

    @property
    def name(self) -> str:
        """Its folder's name."""
        return self.folder.name

    @property
    def claims(self) -> tuple[ListedClaim, ...]:
        """All that its documents claim."""
        return listed_claims(self.folder)

    @property
    def config(self) -> Mapping[str, Any]:
        """`[stack]` of its configuration."""
        stack: Mapping[str, Any] = _toml(self.folder / "stacktest.toml").get("stack", {})
        return stack

    @property
    def forms(self) -> Mapping[str, Any]:
        """What differs between its forms."""
        return _toml(self.folder / "forms.toml")

    @property
    def false_as_found(self) -> Mapping[str, str]:
        """Claim that does not hold as found → what is so instead."""
        false: Mapping[str, str] = self.forms["as-found"]["false"]
        return false


def find_examples(names: Iterable[str] = ()) -> list[Example]:
    """The examples of these names, or all."""
    chosen = set(names)
    folders = sorted(path.parent for path in EXAMPLES.glob("*/forms.toml"))
    return [Example(folder) for folder in folders if not chosen or folder.name in chosen]


# Private


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
