"""Writes the parts of Allure's report about the whole run: environment, categories, the startup.

If the stack does not come up, no test has failed: the message and logs are attached to the run.
"""

import json
from collections.abc import Iterable
from pathlib import Path

from stacktest.adapters.atomic_write import write_file
from stacktest.core.model import Stack
from stacktest.core.records.common import Run
from stacktest.core.records.timeline import Span
from stacktest.printable import one_line, visible
from stacktest.reports.export.allure import categories, environment, properties


def write_run(folder: Path, stack: Stack, run: Run) -> None:
    """Write the files of the environment and the categories beside the results of the tests."""
    rows = properties(environment(stack, run))
    write_file(folder / "environment.properties", rows)
    kinds = categories()
    # Allure 2 reads the first by itself; Allure 3 reads the second if it is configured to.
    _write(folder / "categories.json", kinds)
    _write(folder / "allurerc.json", {"name": stack.name, "categories": kinds})


def attach_boot(boots: Iterable[Span], evidence: Path, trouble: str = "") -> None:
    """Attach to the run how long each service took to start, and the evidence of a failed start."""
    import allure

    text = allure.attachment_type.TEXT
    lines = [f"{span.name:<24} {span.seconds:6.1f} s  {span.word}" for span in boots]
    if lines:
        allure.global_attach(
            "\n".join(map(one_line, lines)), name="how the services came up", attachment_type=text
        )
    for file in sorted(evidence.iterdir()) if evidence.is_dir() else ():
        content = file.read_text(encoding="utf-8", errors="replace")
        allure.global_attach(content, name=f"boot/{file.name}", attachment_type=text)
    if trouble:
        allure.global_error(visible(trouble))


def attach_evidence(page: Path, shown: str) -> None:
    """Attach the page about a failed test to the test, under the path of its evidence (`shown`)."""
    import allure

    html = allure.attachment_type.HTML
    allure.attach(page.read_text(encoding="utf-8"), name=shown, attachment_type=html)


# Private


def _write(file: Path, document: object) -> None:
    write_file(file, json.dumps(document, indent=2) + "\n")
