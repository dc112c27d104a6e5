"""What is a check in the text of a function, and what only looks like one."""

import textwrap
from pathlib import Path

import pytest

from stacktest.adapters.check_sites import sites_at
from tests.support.known import known

CHECKS = [
    "assert x == 1",
    "assert inside('web').run('ls').code < 2",
    "assert inside('web').run('ls').code in range(200, 600)",
    "assert api('web').get('/').status_code in range(256)",
    "assert x",
    "assert False",
    "assert not x",
    "assert x and True",
    "assert f(x) == f(x)",
    'raise AssertionError("no")',
    'if x != 1:\n    raise ValueError("no")',
    "for _ in range(3):\n    if x: break\nelse:\n    raise TimeoutError",
    "try:\n    f()\nfinally:\n    assert x",
    "try:\n    assert x\nexcept AssertionError as error:\n    raise OSError from error",
    "try:\n    assert x\nexcept Exception:\n    pytest.fail('no')",
    "def inner():\n    assert x\ninner()",
    "async def inner():\n    assert x\nasyncio.run(inner())",
    "def inner():\n    assert x\nreturn inner",
    "@register\ndef inner():\n    assert x",
    "class Inner:\n    def check(self):\n        assert x\nInner().check()",
    "check = lambda: x\nassert check()",
    "if x:\n    return\nassert x",
    "while True:\n    assert x\n    break",
    "assert settings.json",
    "assert x.startswith('a')",
    "subprocess.run(['true'], check=True)",
    "assert api('web').get('/').text",
    "assert api('web').get('/').is_success",
    "answer = api('web').get('/')\nassert answer.json()",
    "answer = api('web').get('/')\nanswer = answer.text\nassert answer",
    "answer = api('web').get('/')\nfor answer in x:\n    assert answer",
    "answer = settings.get('x')\nassert answer",
    "assert page.locator('h1').is_visible()",
    "assert inside('db').run('true').code == 0",
    "assert not api('web').get('/')",
    "assert all(x)",
    "assert not any(x)",
    "assert list(filter(f, x))",
    "assert x.a == x.b",
    "assert len(x) > 0",
    "assert 'a' in x",
    "assert x is not None",
    "assert f(x) if y else x",
    "assert (answer := f(x))",
    "assert api('web').get('/').status_code == 200",
    "assert api('web').get('/').status_code < 500",
    "assert 200 <= api('web').get('/').status_code <= 299",
    "assert api('web').get('/').status_code in (200, 302)",
    "assert api('web').get('/').status_code in settings.codes",
    "assert api('web').get('/').text != ''",
    "assert hasattr(settings, 'url')",
    "try:\n    assert x\nexcept* OSError:\n    pass",
    "try:\n    assert x\nexcept AssertionError:\n    pytest.xfail('no')",
    "for _ in y:\n    try:\n        assert x\n    except AssertionError as e:\n        z = e\nraise z",
    "for _ in x:\n    try:\n        assert x\n    finally:\n        for y in z:\n            break",
    "for _ in x:\n    if f():\n        return\nraise TimeoutError('no')",
    "with pytest.raises(Exception, match='x'):\n    assert x",
    "with pytest.raises(AssertionError):\n    assert x",
    "results = await asyncio.gather(f(), return_exceptions=True)\nassert results",
    "if x:\n    sys.exit(1)",
    "if x:\n    raise SystemExit",
    "if x:\n    return\nexit('no')",
    "assert httpx.get(x).is_success",
    "with httpx.Client() as client:\n    assert client.get(x).json()",
    "assert isinstance(api('web').get('/').json(), list)",
    "aiohttp.ClientSession(raise_for_status=True)",
]
CALLS = [
    "expect(page).to_be_visible()",
    "with pytest.raises(ValueError):\n    f()",
    "with pytest.warns(UserWarning):\n    f()",
    "pytest.fail('no')",
    "self.assertEqual(x, 1)",
    "self.assertTrue(x)",
    "call.assert_called_once()",
    "call.assert_called_with(1, x)",
    "verify_it(x)",
    "assert_that(x, equal_to(1))",
    "response.raise_for_status()",
    "jsonschema.validate(x, SCHEMA)",
    "page.get_by_text('x').wait_for()",
    "self.assertTrue(all(x))",
    "self.assertIsNotNone(x)",
    "with pytest.raises(Exception):\n    f()",
    "await asyncio.gather(verify_it(x), return_exceptions=False)",
    "child.expect('login:')",
    "call.assert_called_once_with(1)",
    "self.call.assert_called_with('a')",
    "with self.assertLogs('web', level='INFO'):\n    f()",
    "WebDriverWait(driver, 10).until(x)",
    "case.validate_response(response)",
    "pytest.raises(ValueError, f)",
    "self.assertRaises(ValueError, f)",
    "with page.expect_response('**/api'):\n    f()",
    "assert_that(x).described_as('x').is_equal_to(1)",
]
NEITHER = [
    "pass",
    "f(x)",
    "assert True",
    "assert 1 == 1",
    "assert 'text'",
    'assert (x == 1, "message")',
    "assert [x == 1]",
    "assert x == x",
    "assert x or True",
    "assert len(x) >= 0",
    "assert not False",
    "assert not None",
    "assert 1",
    "assert lambda: x",
    "assert (x == 1 for x in y)",
    "self.assertTrue(True)",
    "self.assertEqual(1, 1)",
    "expect(page)",
    "try:\n    assert x\nexcept AssertionError:\n    pass",
    "try:\n    assert x\nexcept:\n    print('no')",
    "with contextlib.suppress(AssertionError):\n    assert x",
    "try:\n    f()\nexcept OSError:\n    raise",
    "raise NotImplementedError",
    "subprocess.run(['true'], check=False)",
    "assert api('web').get('/')",
    "assert inside('db').run('true')",
    "assert inside('db').http(80).get('/')",
    "client = api('web')\nanswer = client.get('/')\nassert answer",
    "async with async_api('web') as client:\n    assert await client.get('/')",
    "assert page.locator('h1')",
    "heading = page.get_by_text('x')\nassert heading",
    "assert page.get_by_role('button').locator('b')",
    "assert container('web')",
    "def inner():\n    assert x",
    "class Inner:\n    def check(self):\n        assert x",
    "inner = lambda: pytest.fail(x)",
    "async def inner():\n    assert x\ninner()",
    "return\nassert x",
    "if x:\n    return\n    assert x",
    "if False:\n    assert x",
    "while 0:\n    assert x",
    "try:\n    assert x\nfinally:\n    return",
    "assert x.startswith",
    "assert page.locator('h1').is_visible",
    "answer = api('web').get('/')\nassert answer.json",
    "assert filter(f, x)",
    "assert map(f, x)",
    "assert zip(x, y)",
    "assert reversed(x)",
    "assert len(x) > -1",
    "assert 0 <= len(x)",
    "assert -1 != len(x)",
    "assert '' in x",
    "assert x.a.b == x.a.b",
    "assert (x := 5)",
    "assert True if x else 1",
    "answer = api('web').get('/')\nassert answer is not None",
    "answer = api('web').get('/')\nassert answer != None",
    "answer = api('web').get('/')\nassert answer.status_code",
    "assert api('web').get('/').headers is not None",
    "self.assertTrue((x == 1, 'message'))",
    "self.assertTrue('text', x)",
    "self.assertIsNotNone(api('web').get('/'))",
    "try:\n    assert x\nexcept* AssertionError:\n    pass",
    "for _ in x:\n    try:\n        assert x\n    finally:\n        continue",
    "for _ in y:\n    try:\n        assert x\n    except AssertionError as e:\n        z = e",
    "with pytest.raises(Exception):\n    assert x",
    "with self.assertRaises(Exception):\n    assert x",
    "quietly = contextlib.suppress(AssertionError)\nwith quietly:\n    assert x",
    "with ExitStack() as stack:\n    stack.enter_context(suppress(Exception))\n    assert x",
    "await asyncio.gather(verify_it(x), return_exceptions=True)",
    "results = await asyncio.gather(verify_it(x), return_exceptions=True)",
    "sys.exit",
    "sys.exit(1)",
    "if x:\n    parser.exit(1)",
    "assert httpx.get(x)",
    "with httpx.Client() as client:\n    assert client.get(x)",
    "answer = httpx.Client().post(x)\nassert answer is not None",
    "answer = httpx.get(x)\nassert isinstance(answer, httpx.Response)",
    "assert isinstance(api('web').get('/').status_code, int)",
    "assert api('web').get('/').status_code < 600",
    "assert 100 <= api('web').get('/').status_code <= 599",
    "assert api('web').get('/').status_code != 0",
    "assert api('web').get('/').status_code in range(100, 600)",
    "assert 99 not in (api('web').get('/').status_code,) or True",
    "answer = api('web').get('/')\nassert answer.status_code >= 200",
    "answer = api('web').get('/')\nassert answer.text is not None",
    "answer = api('web').get('/')\nassert answer.content != None",
    "answer = api('web').get('/')\nassert hasattr(answer, 'status_code')",
    "assert isinstance(api('web').get('/').text, str)",
    "assert inside('web').run('ls').out is not None",
    "answer = inside('web').run('ls')\nassert isinstance(answer.err, str)",
    "assert inside('web').run('ls').code in range(256)",
    "assert inside('web').run('ls').code >= 0",
    "answer = api('web').get('/')\nassert callable(answer.json)",
    "pytest.raises(ValueError)",
    "self.assertRaises(ValueError)",
    "page.expect_response('**/api')",
    "sync_api.expect(page)",
    "assert type(x)",
    "assert Path(x)",
    "self.assertIn('a', 'ab')",
]


def count(tmp_path: Path, body: str) -> tuple[int, int]:
    """Checks in the text itself, and calls that check by their name."""
    path = tmp_path / "test_it.py"
    start = "async def" if "await" in body else "def"
    path.write_text(f"{start} test_it():\n" + textwrap.indent(body, "    ") + "\n")
    sites = sites_at(path, 1)
    assert sites is not None
    return sites.checks, sum(reference.checks_by_name for reference in sites.references)


@pytest.mark.parametrize("body", CHECKS)
def test_what_can_fail_is_a_check(tmp_path: Path, body: str) -> None:
    assert count(tmp_path, body)[0] > 0


@pytest.mark.case("freshness/a08-asserts-nothing")
@pytest.mark.parametrize("body", CALLS)
def test_what_fails_by_nature_is_a_check(tmp_path: Path, body: str) -> None:
    assert count(tmp_path, body)[1] > 0


@pytest.mark.case("freshness/c18-a-test-that-asserts-nothing")
@pytest.mark.parametrize("body", NEITHER)
def test_what_cannot_fail_is_no_check(tmp_path: Path, body: str) -> None:
    assert count(tmp_path, body) == (0, 0)


@pytest.mark.parametrize(
    ("body", "checks"),
    [
        ("expect(page).to_have_title('x')", 0),
        ("await expect(page).to_have_title('x')", 1),
        ("expect(x).equal(1)", 1),
    ],
)
def test_an_expectation_that_nobody_awaits_is_no_check(
    tmp_path: Path, body: str, checks: int
) -> None:
    path = tmp_path / "test_it.py"
    path.write_text(f"async def test_it():\n    {body}\n")
    sites = known(sites_at(path, 1))
    assert sum(reference.checks_by_name for reference in sites.references) == checks


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        ("if x:\n    return\nassert x", [3]),
        ("if x:\n    return\nif y:\n    return\nassert x", [3, 5]),
        ("assert x\nif y:\n    return\nassert y", []),
        ("if x:\n    assert y\n    return\nassert x", []),
        ("def inner():\n    return 1\nassert inner() == x", []),
        ("if x:\n    return\nverify_it(x)", [3]),
        ("for y in x:\n    if y:\n        return\nassert y", []),
        ("while x:\n    if f(x):\n        return\nraise TimeoutError", []),
        ("if x:\n    return\npytest.fail('no')", []),
        ("if x:\n    return\nassert False, 'no'", []),
        ("try:\n    f()\nexcept OSError:\n    return\nraise AssertionError", []),
    ],
)
def test_a_return_before_the_first_check_is_noted(
    tmp_path: Path, body: str, lines: list[int]
) -> None:
    path = tmp_path / "test_it.py"
    path.write_text("def test_it():\n" + textwrap.indent(body, "    ") + "\n")
    assert known(sites_at(path, 1)).early_returns == lines


def test_a_function_is_found_where_its_decorators_begin(tmp_path: Path) -> None:
    path = tmp_path / "test_it.py"
    path.write_text("@a\n@b\ndef test_it():\n    assert x\n")
    assert sites_at(path, 1) is not None
    assert sites_at(path, 3) is None
