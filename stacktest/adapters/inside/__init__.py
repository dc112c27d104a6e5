"""Reaches what the stack does not publish: ports on its networks, and commands in its containers.

    the host is on the network itself      straight to the container's address
    it is not (rootless, remote, Desktop)  through `nc` or bash in a container on that network

The first is the case with an ordinary engine on Linux. A container's address is used only where
this host has the network's own bridge: under a rootless engine the same numbers may belong to
somebody else's machine, or to a container of another engine.
"""

from stacktest.adapters.inside.footing import Footing, Footings
from stacktest.adapters.inside.reach import OPEN, REACHES, Reach, reach
from stacktest.adapters.inside.service import Inside
from stacktest.adapters.inside.way import Way, Ways

__all__ = ["OPEN", "REACHES", "Footing", "Footings", "Inside", "Reach", "Way", "Ways", "reach"]
