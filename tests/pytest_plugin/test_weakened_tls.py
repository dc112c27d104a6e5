"""What weakens TLS is refused by its name, in every way in which it can be written."""

import pytest

from stacktest.errors import UsageError
from stacktest.pytest_plugin.fixtures.browser import ARGUMENTS
from stacktest.pytest_plugin.weakened_tls import refuse_weakening


def refused(options: dict[str, object]) -> UsageError:
    with pytest.raises(UsageError) as caught:
        refuse_weakening(options, "here")
    assert (caught.value.where, caught.value.code) == ("here", "SK-TLS")
    return caught.value


@pytest.mark.parametrize(
    "argument",
    [
        "--ignore-certificate-errors",
        "-ignore-certificate-errors",
        "  --ignore-certificate-errors",
        "--Ignore-Certificate-Errors",
        "--ignore-certificate-errors=1",
        "--ignore-certificate-errors-spki-list=AAAA",
        "--allow-insecure-localhost",
        "--ignore-urlfetcher-cert-requests",
        "--ignore-tls-errors",
        "--ssl-version-min=tls1",
        "--no-proxy-server",
        "--proxy-server=direct://",
        "--proxy-bypass-list=*",
        "--proxy-pac-url=data:,",
        "--proxy-auto-detect",
        "--host-rules=MAP app.stack.local other.stack.local",
        "--host-resolver-rules=MAP * 127.0.0.1",
    ],
)
def test_arguments_are_refused(argument: str) -> None:
    assert argument in refused({"args": ["--mute-audio", argument]}).what
    for variable in ("CHROMIUM_FLAGS", "CHROMIUM_USER_FLAGS"):
        shown = refused({"env": {variable: f"--mute-audio '{argument}'"}}).what
        assert f"{argument} (from the variable {variable})" in shown


def test_a_variable_with_a_lone_quote_is_read_all_the_same() -> None:
    refused({"env": {"CHROMIUM_FLAGS": "it's --ignore-certificate-errors"}})


def test_the_variables_of_this_process_count_where_no_others_are_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHROMIUM_FLAGS", "--ignore-certificate-errors")
    refused({})
    refuse_weakening({"env": {"PATH": "/bin"}}, "here")


@pytest.mark.parametrize(
    "preference",
    [
        "security.enterprise_roots.enabled",
        "security.tls.version.min",
        "security.pki.name_matching_mode",
        "security.ssl.enable_ocsp_stapling",
        "security.cert_pinning.enforcement_level",
        "network.proxy.type",
        "network.dns.forceResolve",
    ],
)
def test_preferences_of_firefox_are_refused(preference: str) -> None:
    assert preference in refused({"firefox_user_prefs": {"a.b": 1, preference: 0}}).what


@pytest.mark.parametrize(
    "options",
    [
        {"ignore_https_errors": True},
        {"client_certificates": [{"origin": "https://x.test"}]},
        {"proxy": {"server": "http://127.0.0.1:9"}},
    ],
    ids="-".join,
)
def test_options_are_refused(options: dict[str, object]) -> None:
    assert next(iter(options)) in refused(options).what


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"ignore_https_errors": False, "client_certificates": [], "proxy": None},
        {"args": ["--mute-audio", "--window-size=1,1", "--test-type", "--disable-web-security"]},
        {"args": ["--lang=de", "--force-color-profile=srgb"]},
        {"firefox_user_prefs": {"security.sandbox.content.level": 0, "network.http.pacing": 1}},
        {"env": {"CHROMIUM_FLAGS": "--mute-audio"}},
    ],
    ids=str,
)
def test_what_weakens_nothing_passes(options: dict[str, object]) -> None:
    refuse_weakening(options, "here")


def test_the_products_own_arguments_pass_and_those_of_others_beside_them_do_not() -> None:
    refuse_weakening({"args": list(ARGUMENTS)}, "here", own_arguments=ARGUMENTS)
    refused({"args": list(ARGUMENTS)})
    with pytest.raises(UsageError, match="ignore-certificate"):
        refuse_weakening(
            {"args": [*ARGUMENTS, "--ignore-certificate-errors"]}, "", own_arguments=ARGUMENTS
        )
