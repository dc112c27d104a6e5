"""Runs the examples in both forms and compares their claims with what is known to be so.

    python -m examples                                  # every example, as documented and as found
    python -m examples lucia --form as-found            # one of them in one form
    STACKTEST_UPSTREAM=~/lucia python -m examples lucia # a checkout of the original itself

1 when a claim is judged otherwise than the example's files say, or a service has no pass as
documented.
"""

import argparse
import os
import time

from examples.example import Example, find_examples
from examples.forms import FORMS, UPSTREAM, Form
from examples.run import FormResult, run_form


def main() -> int:
    """1 when anything differs."""
    arguments = _arguments()
    upstream = os.environ.get("STACKTEST_UPSTREAM", "")
    begun = time.monotonic()
    differing = 0
    for example in find_examples(arguments.names):
        for form in _forms(example, arguments, upstream):
            result = run_form(example, form)
            differing += bool(result.differences)
            for line in _lines(example, form, result):
                print(line, flush=True)
    print(f"{time.monotonic() - begun:.0f} s")
    return 1 if differing else 0


# Private


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    names = [example.name for example in find_examples()]
    parser.add_argument("names", nargs="*", metavar="EXAMPLE", help=", ".join(names) or "none")
    parser.add_argument("--engine", default="", help="what scripts/with-engine started")
    parser.add_argument("--form", choices=[form.name for form in FORMS], help="only this form")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.names) - set(names)):
        parser.error(f"no example {unknown[0]!r}; there are {', '.join(names)}")
    if os.environ.get("STACKTEST_UPSTREAM") and len(arguments.names) != 1:
        parser.error("STACKTEST_UPSTREAM is a checkout of one original: name its example")
    return arguments


def _forms(example: Example, arguments: argparse.Namespace, upstream: str) -> list[Form]:
    if upstream:
        return [UPSTREAM.of_checkout(example, upstream)]
    forms = [form for form in FORMS if arguments.form in {None, form.name}]
    if not arguments.engine:
        return forms
    return [form.on_engine(example, arguments.engine) for form in forms]


def _lines(example: Example, form: Form, result: FormResult) -> list[str]:
    head = f"{example.name}, {form.title} ({result.seconds:.0f} s)"
    lines = [f"{head}: {result.totals}"]
    lines += [f"  {difference}" for difference in result.differences]
    if result.differences:
        lines.append(f"  pytest's output: {result.log}")
    return lines


if __name__ == "__main__":
    raise SystemExit(main())
