"""Remove possible secrets from URLs, arguments and messages of libraries, before they are shown.

APIs accept keys in the query of a URL, proxies and servers accept passwords before its `@`, and messages end up in
logs. Loaded when an error is shown; knows nothing of HTTP.
"""

from __future__ import annotations

import re

# At least two letters, as C:\ is a folder. At most 31, as searching a long text would be quadratic.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,30}:[/\\]+")
_URL = re.compile(_SCHEME.pattern + r"\S*")
_HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]*\]|[^:\[\]]*)(?::\d*)?")
_AFTER_A_URL = "\"'>),;.:"
# An argument is cut off here: at a query, at a value, at JSON, after the name of a header.
_SECRET = re.compile(
    r"""[?#=&{\["]|:\s|\b(?:bearer|basic|digest|token|authorization|cookie|api[-_]?key|secret|password)[\s:]"""
    r"|\A[^/\\.:]{2,}:(?!\d{1,5}(?:/|\Z))"
    # A key by itself: with the prefix of a provider, or long, of letters and digits, without a dot.
    r"|\b(?:sk|pk|rk|gsk|xai|hf|nvapi|ghp)[-_](?=[\w-]*\d)(?=[\w-]{12})|\bAIza(?=[\w-]{20})"
    r"|\A(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{32,}\Z",
    re.IGNORECASE,
)
# A key by itself within a text, whole or with stars in its middle, as some messages quote it. One with the prefix of a
# provider has a digit or a star: a lookahead for it would take quadratic time.
_OTHER_KEY = re.compile(r"\bAIza[\w*-]{8,}|\bBearer\s+[^\s'\"]+")
_KEY = re.compile(rf"\b(?:sk|pk|rk|gsk|xai|hf|nvapi|ghp)[-_](?P<prefixed>[\w*.-]{{6,}})|{_OTHER_KEY.pattern}")
_DIGIT = re.compile(r"[\d*]")
# The headers of requests, in lower case, in which the providers accept keys.
KEY_HEADERS = ("authorization", "proxy-authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie")
_QUOTED = re.compile(r"[:,]?\s+b?['\"]")
# Exceptions of httpx and httpx2 that quote a part of a URL, or the value of a header.
_QUOTING = ("InvalidURL", "LocalProtocolError", "UnsupportedProtocol")


def url_without_secrets(url: str) -> str:
    """Return a URL, valid or not, without userinfo, query and fragment."""
    begin = _SCHEME.match(url)
    scheme = begin[0] if begin else ""
    authority, slash, path = re.split("[?#]", url[len(scheme) :], maxsplit=1)[0].partition("/")
    host = authority.rpartition("@")[2]
    if not _HOST.fullmatch(host):
        return f"{scheme}..."  # "user:pass/word@host": the end of the password is unknown
    if inner := _SCHEME.search(path):
        path = path[: inner.start()] + "..."
    return scheme + host + slash + path


def text_without_secrets(text: str) -> str:
    """Return a text with the secrets removed from its URLs."""
    return _URL.sub(_shown, text)


def _shown(found: re.Match[str]) -> str:
    url = found[0].rstrip(_AFTER_A_URL)
    return url_without_secrets(url) + found[0][len(url) :]


def mask_keys(text: str, mask: str) -> str:
    """Return a text with a mask in place of each key that a provider made, also of those that are quoted in part."""

    def masked(found: re.Match[str]) -> str:
        prefixed: str | None = found["prefixed"]
        return found[0] if prefixed is not None and not _DIGIT.search(prefixed) else mask

    # A second time for those that begin within a text that is not a key.
    return _OTHER_KEY.sub(lambda _: mask, _KEY.sub(masked, text))


def argument_without_secrets(text: str) -> str:
    """Return an argument as a message may quote it: a URL, the name of a file, or a misplaced option.

    In text that is not a URL, "..." replaces the removed part.
    """
    if _SCHEME.match(text.strip()):
        return url_without_secrets(text.strip())
    if secret := _SECRET.search(text):
        text = text[: secret.start()] + "..."
    user, at, rest = text.rpartition("@")
    if not at:
        return text
    folder = "" if ":" in user else user[: user.rfind("/") + 1]  # a password may contain any character
    return f"{folder}...@{rest}"


def error_without_secrets(error: BaseException) -> str:
    """Return the text of a library's exception without the secrets in its URLs, and without quoted parts of URLs."""
    text = text_without_secrets(str(error))
    names = {kind.__name__ for kind in type(error).__mro__}
    if names.intersection(_QUOTING) or text.startswith("Invalid URL"):  # "Invalid URL": of a redirect
        return _QUOTED.split(text, maxsplit=1)[0]
    return text
