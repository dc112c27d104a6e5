"""What creates and replaces the containers of services: Compose, or `docker stack deploy`."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from stacktest.adapters import process
from stacktest.core.json_data import Json


class Deployment(Protocol):
    """The program that turns definitions into containers; the engine starts them."""

    def create(
        self,
        services: Iterable[str],
        override: Json,
        *,
        holding: Sequence[int] = (),
        without: Iterable[str] = (),
    ) -> process.Completed:
        """Create what is missing and start nothing; `override` has the labels.

        What only the services `without` need, such as a network, does not have to be there.
        """

    def start(self, services: Iterable[str], override: Json) -> process.Completed:
        """Start what was created, where the engine alone cannot."""

    def recreate(
        self, services: Iterable[str], override: Json, *, holding: Sequence[int] = ()
    ) -> process.Completed:
        """Replace the containers of services, and start the new ones, from images that are here."""
