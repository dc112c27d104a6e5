"""All benchmarks in turn: `python -m benchmarks [--short]`; 1 when a limit is missed."""

import subprocess
import sys

BENCHMARKS = {
    "bringup": (["--rounds", "7", "--kills", "20"], ["--rounds", "3", "--kills", "4"]),
    "peers": (["--rounds", "5"], ["--rounds", "1"]),
    "names": (["200"], ["40"]),
    "workers": ([], []),
    "pages": (["20", "--workers"], ["5"]),
    "remote_pages": (["40"], ["10"]),
    "daily": (["--check"], ["--short", "--check"]),
    "change": ([], []),
    "fingerprint": (["--check"], ["--rounds", "3", "--check"]),
    "plugin": ([], ["--short"]),
    "stale": ([], ["--services", "6"]),
}


def main() -> int:
    """The number of benchmarks that missed a limit, at most 1 as an exit code."""
    short = "--short" in sys.argv[1:]
    missed = []
    for name, (long_form, short_form) in BENCHMARKS.items():
        print(f"== {name}", flush=True)
        argv = [sys.executable, "-m", f"benchmarks.{name}", *(short_form if short else long_form)]
        if subprocess.run(argv, check=False).returncode:
            missed.append(name)
    print(f"missed a limit: {', '.join(missed)}" if missed else "every limit holds")
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
