"""Makes the project of a compose file without a `stacktest.toml`, as `init` would configure it."""

import os
from pathlib import Path

from stacktest.adapters.compose.command_line import working_folder
from stacktest.bootstrap.context import Project
from stacktest.init.front_door import find_front_door


def unconfigured_project() -> Project:
    """The stack of the working folder's compose file; UsageError if there is none.

    Front door, routes and CA are found in its files, unless variables name others.
    """
    root = Path(os.path.abspath(working_folder()))  # noqa: PTH100 - keeps symbolic links
    door = find_front_door(Project(root, os.environ).compose.model())
    shown = {
        "STACKTEST_FRONT_DOOR": door.service,
        "STACKTEST_ROUTES": ",".join(door.sources),
        "STACKTEST_CA": door.ca,
    }
    return Project(root, {name: value for name, value in shown.items() if value} | os.environ)
