"""All campaigns in turn: `python -m campaigns [--short] [--seed N]`; 1 when one shows a fault."""

import subprocess
import sys
from pathlib import Path

HELPERS = {"__init__", "__main__", "common"}


def names() -> list[str]:
    """Every module with a command of its own, sorted."""
    modules = [
        path.stem
        for path in Path(__file__).parent.glob("*.py")
        if path.stem not in HELPERS and "__main__" in path.read_text(encoding="utf-8")
    ]
    return sorted(modules)


def main() -> int:
    """1 when a campaign showed a fault or did not end well."""
    faulty = []
    for name in names():
        print(f"== {name}", flush=True)
        argv = [sys.executable, "-m", f"campaigns.{name}", *sys.argv[1:]]
        if subprocess.run(argv, check=False).returncode:
            faulty.append(name)
    print(f"faults: {', '.join(faulty)}" if faulty else "no campaign shows a fault")
    return 1 if faulty else 0


if __name__ == "__main__":
    raise SystemExit(main())
