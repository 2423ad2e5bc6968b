"""Our exceptions, reprs and warnings never quote a URL's secrets, a header's value, or a last event ID."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import warnings
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

import ssescan
from ssescan._secrets import argument_without_secrets, mask_keys, text_without_secrets, url_without_secrets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PACKAGES = (httpx, httpx2)
URL = "http://me:SECRET@127.0.0.1:9/v1?key=SECRET#SECRET"
OF_URLS = {
    URL: "http://127.0.0.1:9/v1",
    "HTTPS://KEY@Host:80": "HTTPS://Host:80",
    "http://h/a@b/c:d": "http://h/a@b/c:d",
    "http://h?k=v@w": "http://h",
    "http://[::1]:80/?k": "http://[::1]:80/",
    "http://a@b@h/": "http://h/",
    "http://me:pa/ss@h/": "http://...",
    "http://me:pa?ss@h/": "http://...",
    "http://h/http://me:pw@x/": "http://h/...",
    "http://": "http://",
    "/v1?k=v": "/v1",
    "": "",
}


@pytest.mark.parametrize(("url", "shown"), OF_URLS.items())
def test_url_without_secrets(url: str, shown: str) -> None:
    assert url_without_secrets(url) == shown
    assert text_without_secrets(f"got '{url}': no, ({url}); (see {url})").count(shown) >= 3


@pytest.mark.parametrize(
    "argument", ["file.sse", "a folder/my file.sse", "C:\\a\\b.sse", "-", "", "localhost:80/x", "[b", "\u00e9"]
)
def test_argument_without_secrets_is_shown(argument: str) -> None:
    assert argument_without_secrets(argument) == argument.replace("[b", "...")


@pytest.mark.parametrize(
    "key", ["sk-ant-api03-abcdefghij", "AIzaSyA1234567890abcdefghijk", "0123456789abcdef" * 4, "gsk_0123456789ab"]
)
def test_bare_api_key_is_not_shown(key: str) -> None:
    assert argument_without_secrets(key) == "..."
    for name in ("sk-learn-notes.txt", "hf_model_downloads.sse", "openai-chat", "recording-2026-11-28-120000.sse"):
        assert argument_without_secrets(name) == name


def test_masking_takes_linear_time() -> None:
    for text in ("http://" * 50_000, "a:" * 50_000, "a" * 200_000, "@" * 200_000, "a.+-" * 50_000, "'\"" * 100_000):
        for mask in (url_without_secrets, argument_without_secrets, text_without_secrets):
            mask(text)


class Response:
    """A response like aiohttp's: its repr shows the URL."""

    def __repr__(self) -> str:
        return f"<ClientResponse({URL}) [401 Unauthorized]>"


REFUSALS = [
    ssescan.UnexpectedStatus(401, b"no", Response()),
    ssescan.UnexpectedContentType("text/html", b"<p>" * 10_000, Response()),
]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_refusal_does_not_show_the_response(error: Any) -> None:
    for shown in (error, copy.copy(error), copy.deepcopy(error), pickle.loads(pickle.dumps(error))):
        assert "SECRET" not in f"{shown!r} {shown}"
        assert repr(shown).startswith(f"{type(error).__name__}({error.args[0]!r}, b'")
        assert len(repr(shown)) < 400


def test_refused_encoding_does_not_show_the_response() -> None:
    error = ssescan.UnsupportedEncoding("gzip, gzip", Response())
    for shown in (error, copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert "SECRET" not in f"{shown!r} {shown}"
    assert repr(error) == "UnsupportedEncoding('gzip, gzip', <Response>)"


CAUSES = [
    httpx.InvalidURL("Invalid port: 'SECRET'"),
    httpx.InvalidURL("Invalid IPv6 address: '[SECRET]'"),
    httpx.LocalProtocolError("Illegal header value b'SECRET'"),
    httpx.RemoteProtocolError("Invalid URL in location header: Invalid port: 'SECRET'."),
    httpx.ConnectError(f"no way to {URL}, gave up"),
    httpx.ProxyError(f"407 from ('{URL}')"),
    ValueError("Unknown scheme for proxy URL URL('socks9://me:[secure]@h/?key=SECRET')"),
]


@pytest.mark.parametrize("cause", CAUSES, ids=str)
def test_last_cause_is_shown_without_secrets(cause: Exception) -> None:
    error = ssescan.ReconnectsExhausted(3)
    error.__cause__ = cause
    assert f"the last failed with {type(cause).__name__}: {str(cause).split()[0]}" in str(error)
    assert "SECRET" not in f"{error} {error!r}"


MISUSES: dict[str, Any] = {
    "the method last": lambda package: ssescan.connect(package.Client(), URL, "GET"),
    "the method last, async": lambda package: ssescan.aconnect(package.AsyncClient(), URL, "POST"),
    "the client last": lambda package: ssescan.connect("GET", URL, package.Client()),  # type: ignore[call-overload]
    "a wrong client": lambda package: ssescan.connect(package.AsyncClient(), "GET", URL),
    "no client": lambda package: ssescan.EventSource(URL, URL),  # type: ignore[call-overload]
    "a last event ID": lambda package: ssescan.EventSource(package.Client(), URL, last_event_id="SECRET\n"),
    "half a character": lambda package: ssescan.EventSource(package.Client(), URL, last_event_id="SECRET\ud800"),
    "a header of an ID": lambda package: ssescan.EventSource(
        package.Client(), URL, headers={"Last-Event-ID": "SECRET\r\nx: y"}
    ),
    "a long ID": lambda package: ssescan.EventSource(
        package.Client(), URL, last_event_id="SECRET" * 9, scanner={"max_event_size": 5}
    ),
    "a body read once": lambda package: ssescan.EventSource(package.Client(), URL, content=iter([b"SECRET"])),
    "an option of a scanner": lambda package: ssescan.connect(package.Client(), "GET", URL, max_event_size=1),  # type: ignore[call-overload]
    "a URL for a source": lambda package: ssescan.iter_events(URL),  # type: ignore[arg-type]
    "a URL for a source, async": lambda package: ssescan.aiter_events(URL),  # type: ignore[call-overload]
    "a URL for a stream": lambda package: ssescan.stream(URL),  # type: ignore[arg-type]
    "odd text for a source": lambda package: ssescan.iter_events(f" {URL}"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
@pytest.mark.parametrize("misuse", MISUSES.values(), ids=MISUSES)
def test_wrong_use_quotes_no_secrets(misuse: Any, package: Any) -> None:
    with pytest.raises((TypeError, ValueError)) as raised:
        misuse(package)
    assert "SECRET" not in f"{raised.value!r} {raised.value}"
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_repr_of_streams_shows_no_secrets(package: Any) -> None:
    def answer(request: Any) -> Any:
        return package.Response(200, headers={"content-type": "text/event-stream"}, content=b"data: a\n\n")

    transport = package.MockTransport(answer)
    client, aclient = package.Client(transport=transport), package.AsyncClient(transport=transport)
    options: Any = {"headers": {"Authorization": "Bearer SECRET"}}
    made = [
        ssescan.connect(client, "GET", URL, **options),
        ssescan.aconnect(aclient, "GET", URL, **options),
        ssescan.EventSource(client, URL, **options),
        ssescan.AsyncEventSource(aclient, URL, **options),
        ssescan.iter_events(answer(None)),
        ssescan.stream(ssescan.connect(client, "GET", URL, **options)),
    ]
    assert "SECRET" not in f"{made!r}"


def test_resource_warning_shows_no_secrets() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"data: a\n\n"
        yield b"data: b\n\n"

    async def read() -> None:
        request = httpx.Request("GET", URL, headers={"Authorization": "SECRET"})
        headers = {"content-type": "text/event-stream"}
        await anext(ssescan.aiter_events(httpx.Response(200, headers=headers, request=request, content=chunks())))
        gc.collect()

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(read())
        gc.collect()
    messages = [str(warning.message) for warning in caught]
    assert any("was not closed" in message for message in messages)
    assert "SECRET" not in f"{messages}"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("key sk-proj-abcdefgh1.", "key ~"),
        ("key sk-proj-abcdefgh.", "key sk-proj-abcdefgh."),  # words
        ("sk-****wxyz, pk_live_0123456789", "~, ~"),
        ("AIzaSyABCDEFGHI and Bearer abc", "~ and ~"),
        ("sk-words-AIzaSyABCDEFGHI", "sk-words-~"),
        ("sk-words-Bearer abc", "sk-words-~"),
        ("sk-1-AIzaSyABCDEFGHI", "~"),
        ("task-1 of desk-12345678, Bearer", "task-1 of desk-12345678, Bearer"),
        ("sk-" * 100_000, "sk-" * 100_000),  # in linear time
    ],
    ids=range(9),
)
def test_keys_by_themselves_are_masked(text: str, shown: str) -> None:
    assert mask_keys(text, "~") == shown
