"""`python -m stacktest`: the command, with the working folder kept out of Python's search path.

With `-m` Python puts the working folder in front of its standard library; a `secrets.py` there must
not be imported in place of the standard library's module.
"""

import sys

if not sys.flags.safe_path:
    del sys.path[0]

from stacktest.cli import main

main()
