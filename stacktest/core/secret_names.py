"""Decides by a name (variable, option, key, header) whether its value is secret.

| secret                                             | not secret                            |
|----------------------------------------------------|---------------------------------------|
| `DB_PASSWORD`, `clientSecret`, `PGPASSWORD`        | `PASSWORD_FILE`, `AUTH_HOST`          |
| `MYSQL_PWD`, `MASTERKEY`, `OAUTH_CLIENTSECRET`     | `KEYCLOAK_ADMIN`, `MONKEY`, `BYPASS`  |
| `API_KEY`, `SMTPPASS`, `--requirepass`, `PAT`      | `TOKEN_LIFETIME`, `SECRET_NAME`       |

A *plain* name (`password`, `token`, `client_secret`) marks a secret in any text; others (`key`,
`auth`, `pin`) only as the name of a variable or an option.
"""

import re
from functools import cache
from itertools import pairwise

SECRET_HEADERS = frozenset(
    {
        *("authorization", "proxy-authorization", "cookie", "set-cookie", "set-cookie2"),
        *("x-api-key", "x-auth-token", "x-csrf-token", "x-xsrf-token", "x-access-token"),
        *("x-vault-token", "x-amz-security-token", "x-goog-api-key", "private-token"),
    }
)


@cache
def is_secret_name(name: str) -> bool:
    """True for `LDAP_PASSWORD_ADMIN`, `apiKey`, `--server-password`; not for `KEY_PATH`."""
    words = _words(name)
    if "webhook" in words:
        return words[-1] not in _POINTS - {"url", "uri", "urls", "endpoint"}
    if not words or words[-1] in _POINTS:
        return False
    return words[-1] in _LAST or _ends_in_key(words[-1]) or _has_plain(words)


@cache
def is_plain_secret_name(name: str) -> bool:
    """Whether the name marks a secret in any file of any program: `password`, `api_key`."""
    words = _words(name)
    if not words or words[-1] in _POINTS:
        return False
    return _has_plain(words)


def is_secret_field(text: str) -> bool:
    """Whether a field's name, label or selector, in any of several languages, asks for a secret."""
    return _FIELD.search(text) is not None


# Private

_FIELD = re.compile(
    r"passw|passphrase|passcode|(?<![a-z])pass(?![a-z])|pwd|kennwort|geheim|contrase|mot de passe"
    r"|senha|wachtwoord|has[lł]o(?![a-z])|парол|密码|パスワード|secret|token|credential|api.?key"
    r"|(?<![a-z])(?:otp|pin)(?![a-z])|one.?time",
    re.IGNORECASE,
)
_PLAIN = re.compile(
    r"passw(?:or)?d|passphrase|passcode|secret|token|credential|apikey|basicauth|digestauth|jwt"
    r"|privatekey|masterkey|authkey|requirepass|masterauth|htpasswd|rootpw|bindpw"
)
_TOLERATED = re.compile(r"tokeni[sz]|secretar|passwordless|tokens?per|maxtokens?$|numtokens?$")
_LAST = frozenset(
    {
        *("key", "keys", "pass", "pw", "pwd", "psk", "auth", "salt", "seed", "pin", "pat", "otp"),
        *(
            "totp",
            "hmac",
            "fernet",
            "authorization",
            "dsn",
            "cookie",
            "webhook",
            "sig",
            "signature",
            "userpass",
            "creds",
            "mnemonic",
        ),
    }
)
_ENDS = re.compile(r"[a-z]+(?:key|pwd|pass|pw)s?")
_WORDS_IN_KEY = frozenset(
    {
        *("monkey", "turkey", "donkey", "hockey", "whiskey", "jockey", "hotkey", "pubkey"),
        *("publickey", "keykey", "bypass", "compass", "trespass", "overpass", "underpass"),
        *("surpass", "encompass", "primarykey", "foreignkey", "passkey", "passkeys", "mickey"),
    }
)
_PAIRS = frozenset(
    {
        "apikey",
        "privatekey",
        "masterkey",
        "clientsecret",
        "accesskey",
        "secretkey",
        "authkey",
        "sharedkey",
    }
    | {"basicauth", "digestauth"}
    | {"presharedkey", "encryptionkey", "signingkey", "sessionkey"}
)
_POINTS = frozenset(
    {
        *("file", "files", "path", "paths", "dir", "folder", "url", "uri", "urls", "host", "hosts"),
        *(
            "domain",
            "name",
            "names",
            "user",
            "username",
            "realm",
            "enabled",
            "disabled",
            "enable",
            "port",
            "type",
            "alg",
        ),
        *("algorithm", "lifetime", "ttl", "expiry", "expiration", "expires", "timeout", "length"),
        *("size", "count", "limit", "min", "max", "age", "interval", "seconds", "minutes", "hours"),
        *("days", "issuer", "audience", "header", "prefix", "suffix", "mode", "policy", "rounds"),
        *(
            "required",
            "method",
            "endpoint",
            "provider",
            "version",
            "id",
            "ids",
            "rotation",
            "usage",
        ),
    }
)


def _words(name: str) -> list[str]:
    """The words of a name in lower case, split at capitals and at every character but letters."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return re.findall(r"[a-z]+", spaced.lower())


def _has_plain(words: list[str]) -> bool:
    pairs = {"".join(pair).removesuffix("s") for pair in pairwise(words)}
    return any(map(_is_plain, words)) or bool(pairs & _PAIRS)


def _is_plain(word: str) -> bool:
    return bool(_PLAIN.search(word)) and not _TOLERATED.search(word)


def _ends_in_key(word: str) -> bool:
    return bool(_ENDS.fullmatch(word)) and word not in _WORDS_IN_KEY
