"""Remove the secrets of a request and of its response before they reach a file.

Names of headers and of the query stay, their values only if they are known to be harmless. `_secrets.py` knows what
keys look like. Knows no tape.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode

import msgspec

from .._secrets import KEY_HEADERS, mask_keys, text_without_secrets, url_without_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable

REDACTED = "[redacted]"
# The headers of requests whose values are not secrets, besides those of HARMLESS_PREFIXES.
HARMLESS_HEADERS = frozenset((
    "accept", "accept-charset", "accept-encoding", "accept-language", "anthropic-beta", "anthropic-version",
    "cache-control", "connection", "content-encoding", "content-length", "content-type", "host", "last-event-id",
    "openai-beta", "pragma", "te", "transfer-encoding", "user-agent", "x-goog-api-client",
))  # fmt: skip
HARMLESS_PREFIXES = ("sec-fetch-", "sec-ch-ua", "x-stainless-")
HARMLESS_QUERY = frozenset((
    "$alt", "alt", "after", "api-version", "before", "beta", "fields", "include", "include[]", "limit", "model",
    "order", "prettyprint", "stream", "version",
))  # fmt: skip
# The ends of names, in lower case with underscores, whose values are secrets: of fields, and of headers of a response.
SECRET_NAME = re.compile(
    r"(?!.*rate_?limit)(?:.*_)?(?:api_?key|key|token|secret|passw(?:or)?d|pwd|passphrase|credentials?|authorization"
    r"|auth|bearer|set_cookie2?|cookies?|sig)\Z"
)
CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
NAMED_VALUES = ("headers", "env")  # fields that hold names and values of the caller's own
MIN_SECRET = 8  # characters: a shorter one may be a word of the answer
MIN_WORD = 20  # characters: a shorter secret without a digit may be a word too
MIN_PREFIX = 6  # characters of a secret at the end of a chunk: fewer may be the beginning of anything


class Redaction:
    """The redaction of one request and its response. It remembers the secrets of the request, to mask their echoes."""

    def __init__(self) -> None:
        self._secrets: set[bytes] = set()
        self._tail = b""

    def url(self, url: str) -> str:
        """Return a URL without userinfo and fragment; of its query, only the values that are known to be harmless."""
        begin, _, query = url.partition("#")[0].partition("?")
        for secret in begin.rpartition("@")[0].rpartition("/")[2].split(":"):
            self._remember(unquote(secret))
        shown = mask_keys(url_without_secrets(begin), REDACTED)
        if not query:
            return shown
        return f"{shown}?{self._query(query)}"

    def headers(self, headers: Iterable[tuple[Any, Any]]) -> dict[str, str]:
        """Return the headers of a request, in lower case, without the values that may be secrets."""
        kept: dict[str, str] = {}
        for name, value in _pairs(headers):
            if name in HARMLESS_HEADERS or name.startswith(HARMLESS_PREFIXES):
                shown = mask_keys(text_without_secrets(value), REDACTED)
            else:
                shown = REDACTED
                if name in KEY_HEADERS or _is_secret(name):
                    self._remember_credentials(value)
            kept[name] = f"{kept[name]}, {shown}" if name in kept else shown
        return kept

    def body(self, body: Any, content_type: str) -> Any:
        """Return the body of a request: JSON as its value, a form as text; None for any other, which is left out.

        `body`: bytes, text, or the value of JSON.
        """
        if isinstance(body, (dict, list)):
            return self._value(body)
        if not body or not isinstance(body, (bytes, bytearray, str)):
            return None
        try:
            value = msgspec.json.decode(body)
        except (msgspec.DecodeError, RecursionError):
            is_form = content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded"
            return self._query(body if isinstance(body, str) else body.decode("latin-1")) if is_form else None
        return self._value(value)

    def response_headers(self, headers: Iterable[tuple[Any, Any]]) -> dict[str, str]:
        """Return the headers of a response, in lower case, without cookies, keys and the queries of URLs."""
        kept: dict[str, str] = {}
        for name, value in _pairs(headers):
            shown = REDACTED if _is_secret(name) else self._text(text_without_secrets(value))
            kept[name] = f"{kept[name]}, {shown}" if name in kept else shown
        return kept

    def mask(self, chunk: bytes) -> bytes:
        """Return a chunk of the response with a "*" for each byte of a secret that the server echoes.

        Also of a secret that the end of a chunk cuts, as soon as MIN_PREFIX characters of it show.
        """
        if not self._secrets:
            return chunk
        seen = self._tail + chunk
        masked = bytearray(seen)
        longest = 0
        for secret in self._secrets:
            longest = max(longest, len(secret))
            at = seen.find(secret)
            while at >= 0:
                masked[at : at + len(secret)] = b"*" * len(secret)
                at = seen.find(secret, at + len(secret))
            for size in range(min(len(secret), len(seen)), MIN_PREFIX - 1, -1):
                if seen.endswith(secret[:size]):
                    masked[-size:] = b"*" * size
                    break
        start = len(self._tail)
        self._tail = seen[1 - longest :]
        return bytes(masked[start:])

    def _query(self, query: str) -> str:
        """Return a query, or a form, with the values that are known to be harmless."""
        shown = []
        for name, value in parse_qsl(query, keep_blank_values=True):
            if name.lower() in HARMLESS_QUERY and mask_keys(value, REDACTED) == value:
                shown.append((name, value))
            else:
                if _is_secret(name):
                    self._remember(value)
                # A name without a value may be a key by itself.
                shown.append((mask_keys(name, REDACTED), REDACTED) if value else (REDACTED, ""))
        return urlencode(shown, safe="[]$")

    def _value(self, value: Any, *, is_secret: bool = False, in_schema: bool = False) -> Any:
        """Return a value of JSON without the strings in fields whose names say that they are secrets."""
        if isinstance(value, dict):
            made = {}
            for name, item in value.items():
                if name in NAMED_VALUES and isinstance(item, dict) and not in_schema:
                    made[name] = self._named_values(item)
                else:
                    # In a JSON Schema, the names of the properties describe what the model writes.
                    secret = is_secret or (not in_schema and _is_secret(name))
                    made[name] = self._value(item, is_secret=secret, in_schema=name == "properties")
            return made
        if isinstance(value, list):
            return [self._value(item, is_secret=is_secret) for item in value]
        if not isinstance(value, str):
            return value
        if is_secret:
            self._remember_credentials(value)
            return REDACTED
        if value.startswith(("http://", "https://")) and not any(map(str.isspace, value)):
            return self.url(value)
        return self._text(value)

    def _named_values(self, values: dict[str, Any]) -> dict[str, Any]:
        texts = {name: value for name, value in values.items() if isinstance(value, str)}
        shown = self.headers(texts.items())
        return {name: shown[name.lower()] if name in texts else REDACTED for name in values}

    def _text(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret.decode(), REDACTED)
        return mask_keys(text, REDACTED)

    def _remember_credentials(self, value: str) -> None:
        """Remember the value of a header such as Authorization or Cookie, and its parts that are secrets."""
        scheme, _, credentials = value.rpartition(" ")
        self._remember(value)
        self._remember(credentials)
        if scheme.lower() == "basic":
            try:
                _, _, password = base64.b64decode(credentials).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return
            self._remember(password)
        for cookie in value.split(";"):
            self._remember(cookie.partition("=")[2])

    def _remember(self, secret: str) -> None:
        """Remember a secret, unless it may as well be a word of the answer."""
        secret = secret.strip()
        has_digit = any(map(str.isdigit, secret))
        if len(secret) >= (MIN_SECRET if has_digit else MIN_WORD):
            self._secrets.add(secret.encode("utf-8", "replace"))


def _pairs(headers: Iterable[tuple[Any, Any]]) -> Iterable[tuple[str, str]]:
    for name, value in headers:
        yield _text_of(name).lower(), _text_of(value)


def _text_of(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _is_secret(name: str) -> bool:
    """Return whether the name of a header, of a parameter or of a field says that its value is a secret."""
    return SECRET_NAME.match(CAPITAL.sub("_", name).lower().replace("-", "_")) is not None
