"""What Firefox and WebKit make of the TLS table by themselves: `python -m campaigns.engines`.

In Debian's builds, through stacktest's proxy and with stacktest's ways to make them trust the CA.
What such an engine takes although it is bad must be caught by what stands behind every answer of a
browser. `--short` visits every tenth certificate, and Firefox only.
"""

import datetime as dt
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from campaigns.certificates import Case, cases
from campaigns.common import Options, Report, main
from campaigns.pki import ADDRESS, HOST, Pki
from campaigns.tls import FIRST_PORT, serving
from stacktest.adapters.names import ConnectProxy, NameMap
from stacktest.adapters.tls import ServerTrust
from tests.support.other_browsers import Refused, Visit, firefox, webkit

ENGINES = {"firefox": firefox, "webkit": webkit}
PROGRAMS = {"firefox": "firefox-esr", "webkit": "Xvfb"}


def run(options: Options) -> Report:
    """Every certificate for the host name, in each engine that is installed."""
    table = [case for case in cases() if case.host == HOST][:: 10 if options.short else 1]
    rows: list[tuple[object, ...]] = []
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="stacktest-engines-") as name:
        folder = Path(name)
        pki = Pki(dt.datetime.now(dt.UTC))  # noqa: TID251 - certificates are judged by the real clock
        pki.write_trusted(folder / "ca.crt")
        with serving(pki, table, folder) as ports:
            doors = {FIRST_PORT + number: (ADDRESS, port) for number, port in enumerate(ports)}
            proxy = ConnectProxy(NameMap(hosts=(HOST,), domain="stack.local", doors=doors))
            trust = ServerTrust(folder / "ca.crt")
            trusted = {
                case.name
                for case, port in zip(table, ports, strict=True)
                if not trust.objection(HOST, (ADDRESS, port))
            }
            url = proxy.start()
            for engine in ("firefox",) if options.short else ENGINES:
                if shutil.which(PROGRAMS[engine]) is None:
                    rows.append((engine, "not installed", "", "", "", ""))
                    continue
                (folder / engine).mkdir()
                with ENGINES[engine](url, folder / "ca.crt", folder / engine) as visit:
                    taken = {
                        case.name for number, case in enumerate(table) if _loads(visit, number)
                    }
                row, uncaught = _judge(engine, table, taken, trusted)
                rows.append(row)
                faults += uncaught
            proxy.stop()
    columns = ("engine", "certificates", "good, taken", "good, refused", "bad, taken", "uncaught")
    return Report(columns=columns, rows=rows, faults=faults)


# Private


def _loads(visit: Visit, number: int) -> bool:
    try:
        visit(f"https://{HOST}:{FIRST_PORT + number}/")
    except Refused:
        return False
    return True


def _judge(
    engine: str, table: Sequence[Case], taken: set[str], trusted: set[str]
) -> tuple[tuple[object, ...], list[str]]:
    """The row of an engine, and a fault for each bad certificate that nothing else caught."""
    good = {case.name for case in table if case.accepted}
    bad = [case.name for case in table if not case.accepted and case.name in taken]
    uncaught = [name for name in bad if name in trusted]
    refused = sorted(good - taken)
    row = (
        engine,
        len(table),
        len(good & taken),
        ", ".join(refused) or "none",
        len(bad),
        len(uncaught),
    )
    return row, [f"{engine}: '{name}' counts as an answer of the service" for name in uncaught]


if __name__ == "__main__":
    raise SystemExit(main("engines", run))
