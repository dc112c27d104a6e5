"""Writes the first `stacktest.toml` and one smoke test per service, from what compose says.

What is proposed is read off the compose model and the front door's own files. What cannot be read
off them is not guessed: it is named, and the test that needs it fails until somebody fills it in.
"""

from stacktest.init.places import SUITES
from stacktest.init.proposal import Proposal, propose
from stacktest.init.write import InitResult, initialise

__all__ = ["SUITES", "InitResult", "Proposal", "initialise", "propose"]
