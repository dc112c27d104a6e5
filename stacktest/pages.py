"""What the repository says about pages, for `judging`; the questions are asked of git."""

from datetime import datetime

from stacktest.config import Config
from stacktest.core.documentation import Page
from stacktest.core.model import Stack
from stacktest.core.unknown import Unknown
from stacktest.present import Seen


class RepositoryPages:
    """Pages and commits of the repository that holds the stack."""

    def __init__(self, stack: Stack, config: Config) -> None:
        self._stack = stack
        self._config = config

    def page(self, service: str, seen: Seen) -> Page | Unknown | None:
        """The judgement of one page; None when the stack keeps no pages."""
        return None

    def changed_on(self, service: str, seen: Seen) -> datetime | None:
        """Committer date of the change to this fingerprint, where it is tracked and clean."""
        return None

    def commit(self) -> tuple[str | None, bool | None]:
        """The commit of the repository, and whether its working tree differs from it."""
        return None, None
