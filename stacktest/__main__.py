"""`python -m stacktest`: the command, whatever modules the working folder holds.

Python puts the folder in front of its own library here; a `secrets.py` in it must not stand in for
the standard library's module.
"""

import sys

if not sys.flags.safe_path:
    del sys.path[0]

from stacktest.cli import main

main()
