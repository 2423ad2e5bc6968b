"""No secret of a request reaches a tape, wherever the providers accept it, and also not as an echo of the server."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import pytest
import requests
from cli.processes import Server, serving

import ssescan
from ssescan.testing import Tape

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = "k9SECRETSECRETSECRETk9"
BASIC = base64.b64encode(f"me:{KEY}".encode()).decode()
HEADERS = [
    ("Authorization", f"Bearer {KEY}"),
    ("Authorization", f"Basic {BASIC}"),
    ("Authorization", KEY),
    ("Proxy-Authorization", f"Bearer {KEY}"),
    ("x-api-key", KEY),
    ("api-key", KEY),
    ("x-goog-api-key", KEY),
    ("Ocp-Apim-Subscription-Key", KEY),
    ("Cookie", f"theme=dark; session={KEY}"),
    ("Helicone-Auth", f"Bearer {KEY}"),
    ("X-Amz-Security-Token", KEY),
    ("X-Of-The-Caller", KEY),
    ("Referer", f"https://host.example/?key={KEY}"),
    ("User-Agent", f"tool (+https://me:{KEY}@host.example/?key={KEY})"),
    ("User-Agent", f"tool sk-proj-{KEY}"),
]
QUERIES = [
    f"{name}={KEY}"
    for name in ("key", "api_key", "apiKey", "api-key", "access_token", "token", "sig", "X-Amz-Signature", "code", "a")
] + [KEY, f"alt=sse&alt=sk-{KEY}", f"a%26key={KEY}", f"sk-proj-{KEY}=1"]
BODIES: list[Any] = [
    {"api_key": KEY},
    {"apiKey": KEY, "model": "m"},
    {"extra_body": {"access_token": KEY}},
    {"mcp_servers": [{"url": "https://host.example/sse", "authorization_token": KEY}]},
    {"tools": [{"type": "mcp", "server_url": f"https://me:{KEY}@host.example/?key={KEY}", "authorization": KEY}]},
    {"tools": [{"type": "mcp", "headers": {"Authorization": f"Bearer {KEY}", "X-Mine": KEY}}]},
    {"credentials": {"kind": "password", "values": [KEY]}},
    {"env": {"MY_VARIABLE": KEY}},
    {"messages": [{"role": "user", "content": f"my key is sk-proj-{KEY}"}]},
    {"messages": [{"role": "user", "content": f"Authorization: Bearer {KEY}"}]},
    [{"password": KEY}],
]


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with serving(server):
        yield server


def recorded(server: Server, folder: Path, method: str = "POST", query: str = "", **request: Any) -> tuple[Tape, bytes]:
    """Record the answer to a request of httpx; return the tape, and the bytes of its file with the reads decoded."""
    url = server.answers_with(b"data: a\n\n", path="/v1/messages")
    with httpx.Client(trust_env=False) as client:
        with client.stream(method, url + query, **request) as response:
            list(ssescan.iter_events(Tape.record(response, folder / "x.tape")))
    assert server.received, "the request was sent as it is"
    tape = Tape.open(folder / "x.tape")
    return tape, (folder / "x.tape").read_bytes() + b"".join(chunk.data for chunk in tape.chunks)


@pytest.mark.parametrize("header", HEADERS, ids=range(len(HEADERS)))
def test_headers(header: tuple[str, str], server: Server, tmp_path: Path) -> None:
    tape, content = recorded(server, tmp_path, headers=[header])
    assert KEY in dict(server.received[0].headers)[header[0]] or BASIC in dict(server.received[0].headers)[header[0]]
    assert b"SECRET" not in content
    assert BASIC.encode() not in content
    assert tape.request is not None
    assert header[0].lower() in tape.request.headers


@pytest.mark.parametrize("query", QUERIES)
def test_query(query: str, server: Server, tmp_path: Path) -> None:
    tape, content = recorded(server, tmp_path, query=f"?alt=sse&{query}")
    assert KEY in server.received[0].path
    assert b"SECRET" not in content
    assert tape.request is not None
    assert "/v1/messages?alt=sse&" in tape.request.url


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_body(body: Any, server: Server, tmp_path: Path) -> None:
    _, content = recorded(server, tmp_path, json=body)
    assert KEY.encode() in server.received[0].body
    assert b"SECRET" not in content


def test_forms_and_other_bodies(server: Server, tmp_path: Path) -> None:
    tape, content = recorded(server, tmp_path, data={"client_secret": KEY, "model": "m"})
    assert tape.request is not None
    assert tape.request.body == "client_secret=[redacted]&model=m"
    assert b"SECRET" not in content
    tape, content = recorded(server, tmp_path, content=f"anything {KEY}".encode())
    assert tape.request is not None
    assert tape.request.body is None
    assert b"SECRET" not in content


def test_userinfo_and_keys_in_the_path(tmp_path: Path) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers={"content-type": "text/event-stream"}))
    for url in (
        f"http://me:{KEY}@host.example/v1",
        f"http://{KEY}@host.example/v1",
        f"http://host.example/sk-{KEY}/v1#{KEY}",
    ):
        with httpx.Client(transport=transport) as client, client.stream("GET", url) as response:
            list(ssescan.iter_events(Tape.record(response, tmp_path / "x.tape")))
        assert b"SECRET" not in (tmp_path / "x.tape").read_bytes()
        assert b"http://host.example/" in (tmp_path / "x.tape").read_bytes()


def test_what_the_model_is_asked_stays(server: Server, tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"api_key": {"type": "string"}, "token": {"type": "string"}}}
    body = {
        "model": "m",
        "stream": True,
        "max_tokens": 5,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "the key to https://a.example/?b=c"}]}],
        "tools": [{"name": "f", "input_schema": schema | {"required": ["api_key"]}}],
        "thinking": {"type": "enabled", "signature": "abc"},
    }
    tape, _ = recorded(server, tmp_path, json=body, headers={"anthropic-version": "2023-06-01"})
    assert tape.request is not None
    assert tape.request.body == body
    assert tape.request.headers["anthropic-version"] == "2023-06-01"
    assert tape.request.headers["content-type"] == "application/json"


def test_response_headers(server: Server, tmp_path: Path) -> None:
    kept = {"X-RateLimit-Remaining-Tokens": "12", "x-request-id": "r7"}
    removed = {"Set-Cookie": f"a={KEY}", "X-Auth-Token": KEY, "Link": f"<https://me:{KEY}@h/?key={KEY}>", "X-Echo": KEY}
    server.answers_with(b"data: a\n\n", path="/", headers=kept | removed)
    url = f"http://127.0.0.1:{server.server_port}/"
    with httpx.stream("GET", url, headers={"x-api-key": KEY}, trust_env=False) as response:
        list(ssescan.iter_events(Tape.record(response, tmp_path / "x.tape")))
    tape = Tape.open(tmp_path / "x.tape")
    assert b"SECRET" not in (tmp_path / "x.tape").read_bytes()
    assert {name: tape.headers[name.lower()] for name in kept} == kept


@pytest.mark.parametrize("size", [1, 3, 7, 20, 25, 1000])
def test_echo_in_the_body_is_masked_wherever_it_is_cut(size: int, tmp_path: Path) -> None:
    said = f"data: {KEY}\n\ndata: wrong key {KEY}{KEY}, again\n\n".encode()
    pieces = [said[at : at + size] for at in range(0, len(said), size)]
    response = httpx.Response(
        200,
        headers={"content-type": "text/event-stream"},
        stream=Pieces(pieces),
        request=httpx.Request("POST", "http://host/", headers={"Authorization": f"Bearer {KEY}"}),
    )
    assert list(Tape.record(response, tmp_path / "x.tape")) == pieces  # the reader gets what came
    tape = Tape.open(tmp_path / "x.tape")
    kept = b"".join(chunk.data for chunk in tape.chunks)
    assert [len(chunk.data) for chunk in tape.chunks] == [len(piece) for piece in pieces]
    # The first five characters may stay: at the end of a read, so few may be the beginning of anything.
    masked = said.replace(KEY.encode(), KEY[:5].encode() + b"*" * (len(KEY) - 5))
    assert [(at, byte) for at, byte in enumerate(kept) if byte != masked[at] and byte != ord("*")] == []
    assert len(kept) == len(masked)


class Pieces(httpx.SyncByteStream):
    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.pieces)


@pytest.mark.parametrize("key", ["EMPTY", "anything", "ollama", "not-needed"])
def test_words_that_serve_as_keys_stay_in_the_answer(key: str, tmp_path: Path) -> None:
    response = httpx.Response(
        200,
        headers={"content-type": "text/event-stream"},
        stream=Pieces([f"data: {key}\n\n".encode()]),
        request=httpx.Request("POST", "http://host/", headers={"Authorization": f"Bearer {key}"}),
    )
    list(Tape.record(response, tmp_path / "x.tape"))
    tape = Tape.open(tmp_path / "x.tape")
    assert tape.chunks[0].data == f"data: {key}\n\n".encode()
    assert tape.request is not None
    assert tape.request.headers["authorization"] == "[redacted]"


def test_requests_and_aiohttp(server: Server, tmp_path: Path) -> None:
    url = server.answers_with(b"data: a\n\n", path="/v1/messages") + f"?key={KEY}"
    headers = {"x-api-key": KEY, "Cookie": f"a={KEY}"}
    with requests.Session() as session:
        session.trust_env = False
        with session.post(url, headers=headers, json={"api_key": KEY}, stream=True) as response:
            list(ssescan.iter_events(Tape.record(response, tmp_path / "requests.tape")))

    async def main() -> None:
        async with aiohttp.ClientSession() as session:
            async with session.post(url, headers=headers, json={"api_key": KEY}) as response:
                async with ssescan.aiter_events(Tape.record(response, tmp_path / "aiohttp.tape")) as stream:
                    assert [event.data async for event in stream] == ["a"]

    asyncio.run(main())
    for name, body in (("requests", {"api_key": "[redacted]"}), ("aiohttp", None)):
        content = (tmp_path / f"{name}.tape").read_bytes()
        assert b"SECRET" not in content
        request = json.loads(content.splitlines()[0])["request"]
        assert (request["headers"]["x-api-key"], request["body"]) == ("[redacted]", body)
        assert request["url"].endswith("/v1/messages?key=[redacted]")
