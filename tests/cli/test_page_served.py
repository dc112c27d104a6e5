"""`stacktest page --serve`: says where, serves until Ctrl-C, and ends well."""

import signal
import subprocess
import sys
import urllib.request

import pytest

from tests.support.pair import Pair

pytestmark = [pytest.mark.real_docker, pytest.mark.processes]


def test_the_page_is_served_until_it_is_interrupted(pair: Pair) -> None:
    pair.write(
        "phase1_pair/test_beta.py",
        "import pytest\n\n\n@pytest.mark.service('beta')\n"
        "def test_it(inside):\n    assert inside('beta').run('echo', 'x').out == 'y'\n",
    )
    assert int(pair.run("-q").ret) == 1
    code = "from stacktest.cli import main; main()"
    argv = [sys.executable, "-c", code, "page", "--stack=stack", "--serve", "--port=0"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=pair.pytester.path) as page:
        assert page.stdout is not None
        said = [page.stdout.readline().split()[0] for _ in range(2)]
        line = page.stdout.readline().split()
        address = line[1]

        def read(path: str) -> str:
            with urllib.request.urlopen(address + path, timeout=20) as answer:
                return str(answer.read().decode())

        assert (said, line[0]) == (["written", "open"], "serving")
        assert 'href="/evidence/"' in read("")
        assert "/beta.log" in read("evidence/")
        assert "Playwright Trace Viewer" in read("trace/index.html")
        with pytest.raises(urllib.error.HTTPError, match="404"):
            read("docker-compose.yml")
        page.send_signal(signal.SIGINT)
        assert page.wait(20) == 0
