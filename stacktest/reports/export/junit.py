"""Properties for pytest's own JUnit XML, by which other programs can sort tests by service.

<property name="stacktest.service" value="grafana"/>      once per service
<property name="stacktest.phase" value="phase1"/>
<property name="stacktest.evidence" value="reports/evidence/…/index.html"/>   of a failed test
<property name="stacktest.contact" value="grafana"/>      once per service that answered
"""

from collections.abc import Iterable

from stacktest.printable import one_line

Property = tuple[str, str]


def properties(
    *, services: Iterable[str], phase: str, contacts: Iterable[str] = ()
) -> tuple[Property, ...]:
    """The properties of one test, for `item.user_properties`."""
    rows = [("stacktest.service", name) for name in sorted(set(services))]
    if phase:
        rows.append(("stacktest.phase", phase))
    rows += [("stacktest.contact", name) for name in sorted(set(contacts))]
    return tuple((name, one_line(value)) for name, value in rows)


def evidence_property(page: str) -> tuple[Property, ...]:
    """The property for the page about a failed test, relative to the folder that pytest ran in."""
    return (("stacktest.evidence", one_line(page)),)
