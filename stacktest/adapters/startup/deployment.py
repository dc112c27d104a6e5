"""The interface of the program that creates containers: Compose, or `docker stack deploy`."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from stacktest.adapters import process
from stacktest.core.json_data import Json


class Deployment(Protocol):
    """Creates and replaces the containers of services; the engine starts them."""

    def create(
        self,
        services: Iterable[str],
        override: Json,
        *,
        holding: Sequence[int] = (),
        without: Iterable[str] = (),
    ) -> process.Completed:
        """Create missing containers, networks and volumes, unstarted; `override` has the labels.

        Networks and volumes that only the services `without` need are not required.
        """

    def start(self, services: Iterable[str], override: Json) -> process.Completed:
        """Start created containers that the engine alone cannot start."""

    def recreate(
        self, services: Iterable[str], override: Json, *, holding: Sequence[int] = ()
    ) -> process.Completed:
        """Replace the containers of services and start the new ones, from images of the engine."""
