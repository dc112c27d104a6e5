"""Writes the first `stacktest.toml` and one smoke test per service, from the compose files.

Proposals come from the compose model and the front door's own files. Facts that these do not
contain are not guessed: they are listed, and a test that needs one fails until it is filled in.
"""

from stacktest.init.places import SUITES
from stacktest.init.proposal import Proposal, propose
from stacktest.init.write import InitResult, initialise

__all__ = ["SUITES", "InitResult", "Proposal", "initialise", "propose"]
