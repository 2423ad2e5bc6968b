"""Responses that are not event streams: entering or the first read raises, the call itself does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from .cases import ONE, numbered
from .clients import AsyncClient, Client, async_clients, httpx_leaves_generators, sync_clients
from .server import Do

if TYPE_CHECKING:
    from .server import Framing, Server

EVENT_STREAM = "text/event-stream"
MAX_BODY = 65536
LONG = bytes(range(256)) * 400  # over MAX_BODY

refused = pytest.mark.parametrize(
    ("status", "content_type"),
    [
        (400, EVENT_STREAM),
        (401, "application/json"),
        (500, None),
        (200, "application/json; charset=utf-8"),
        (200, "text/event-stream-not"),
        (200, "text/event-stream, text/plain"),
        (200, ""),
        (200, None),
    ],
)
accepted = pytest.mark.parametrize(
    ("status", "content_type"),
    [
        (200, "text/event-stream; charset=utf-8"),
        (200, "Text/Event-Stream"),
        (200, "TEXT/EVENT-STREAM ;charset=UTF-8"),
        (200, "text/plain, text/event-stream"),
        (200, 'text/event-stream; note="a, text/html"'),
        (201, EVENT_STREAM),
    ],
)
first_use = pytest.mark.parametrize("how", ["__enter__", "open", "__next__"])
framings = pytest.mark.parametrize("framing", ["chunked", "close", "length"])


def refusal_type(package: Any, status: int) -> Any:
    return package.UnexpectedStatus if status >= 400 else package.UnexpectedContentType


def matches(error: Any, status: int, content_type: str | None) -> bool:
    if status >= 400:
        return bool(error.status == status)
    return bool(error.content_type == (content_type or ""))


@sync_clients
@refused
@first_use
def test_other_responses_are_refused(
    package: Any, server: Server, client: Client, status: int, content_type: str | None, how: str
) -> None:
    # The body is longer than we keep, and never ends.
    exchange = server.offers(LONG, Do.HOLD, status=status, content_type=content_type)
    with client.opens(exchange.url) as response:
        stream = package.iter_events(response)
        assert stream.outcome is None
        with pytest.raises(refusal_type(package, status)) as caught:
            getattr(stream, how)()
        error = caught.value
        assert matches(error, status, content_type)
        assert error.body == LONG[:MAX_BODY]
        assert error.response is response
        assert stream.response is response
        assert stream.outcome is package.Outcome.FAILED
        assert exchange.is_hung_up()
        assert next(stream, "the end") == "the end"
        stream.close()
        assert stream.outcome is package.Outcome.FAILED


@sync_clients
@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_refusal_does_not_wait_for_an_open_body(
    package: Any, server: Server, client: Client, framing: Framing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssescan.streams.REFUSED_BODY_TIMEOUT", 0.05)
    exchange = server.offers(b"<p>hi</p>", Do.HOLD, content_type="text/html", framing=framing)
    with client.opens(exchange.url) as response:
        with pytest.raises(package.UnexpectedContentType) as caught:
            next(package.iter_events(response))
        assert caught.value.body == b"<p>hi</p>"
        assert exchange.is_hung_up()


def test_refusal_stops_at_its_time_limit_without_a_socket(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # As with HTTP/2, where the connection is shared: we cannot interrupt a read, but need not start another one.
    monkeypatch.setattr("ssescan.streams.REFUSED_BODY_TIMEOUT", -1.0)
    reads = iter([b"a", b"b", b"c"])
    response = httpx.Response(429, content=reads, headers={"content-type": "text/plain"})
    with pytest.raises(package.UnexpectedStatus) as caught:
        next(package.iter_events(response))
    assert caught.value.body == b"a"
    assert list(reads) == [b"b", b"c"]


@httpx_leaves_generators
@async_clients
def test_refusal_does_not_wait_for_an_open_body_async(
    package: Any, server: Server, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssescan.streams.REFUSED_BODY_TIMEOUT", 0.05)
    exchange = server.offers(b"<p>hi</p>", Do.HOLD, content_type="text/html")

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            with pytest.raises(package.UnexpectedContentType) as caught:
                await anext(package.aiter_events(response))
            assert caught.value.body == b"<p>hi</p>"

    client.run(main)
    assert exchange.is_hung_up()


@httpx_leaves_generators
@async_clients
@refused
@first_use
def test_other_responses_are_refused_async(
    package: Any, server: Server, client: AsyncClient, status: int, content_type: str | None, how: str
) -> None:
    exchange = server.offers(LONG, Do.HOLD, status=status, content_type=content_type)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            stream = package.aiter_events(response)
            assert stream.outcome is None
            with pytest.raises(refusal_type(package, status)) as caught:
                await getattr(stream, how.replace("__", "__a", 1))()
            error = caught.value
            assert matches(error, status, content_type)
            assert error.body == LONG[:MAX_BODY]
            assert error.response is response
            assert stream.response is response
            assert stream.outcome is package.Outcome.FAILED
            assert await client.in_thread(exchange.is_hung_up)
            assert await anext(stream, "the end") == "the end"
            await stream.aclose()
            assert stream.outcome is package.Outcome.FAILED

    client.run(main)


@sync_clients
@framings
@pytest.mark.parametrize("body", [b"", b'{"error": "\xe2\x82\xac"}'])
def test_refusal_has_the_body(package: Any, server: Server, client: Client, framing: Framing, body: bytes) -> None:
    exchange = server.offers(body[:3], body[3:], status=429, content_type="application/json", framing=framing)
    with client.opens(exchange.url) as response:
        with pytest.raises(package.UnexpectedStatus) as caught, package.iter_events(response):
            pass
        assert caught.value.body == body


@async_clients
@framings
@pytest.mark.parametrize("body", [b"", b'{"error": "\xe2\x82\xac"}'])
def test_refusal_has_the_body_async(
    package: Any, server: Server, client: AsyncClient, framing: Framing, body: bytes
) -> None:
    exchange = server.offers(body[:3], body[3:], status=429, content_type="application/json", framing=framing)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            with pytest.raises(package.UnexpectedStatus) as caught:
                async with package.aiter_events(response):
                    pass
            assert caught.value.body == body

    client.run(main)


@sync_clients
def test_cut_body_does_not_hide_the_refusal(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(b"begin", Do.WAIT, Do.DROP, status=503)
    with client.opens(exchange.url) as response:
        exchange.go()
        with pytest.raises(package.UnexpectedStatus) as caught:
            next(package.iter_events(response))
        assert caught.value.body == b"begin"


@async_clients
def test_cut_body_does_not_hide_the_refusal_async(package: Any, server: Server, client: AsyncClient) -> None:
    exchange = server.offers(b"begin", Do.WAIT, Do.DROP, status=503)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            exchange.go()
            with pytest.raises(package.UnexpectedStatus) as caught:
                await anext(package.aiter_events(response))
            assert caught.value.body == b"begin"

    client.run(main)


@sync_clients
def test_refused_body_is_decompressed(package: Any, server: Server, client: Client) -> None:
    exchange = server.offers(b"no ", b"such thing", status=404, gzip=True)
    with client.opens(exchange.url) as response, pytest.raises(package.UnexpectedStatus) as caught:
        next(package.iter_events(response))
    assert caught.value.body == b"no such thing"


@sync_clients
@accepted
def test_content_type_parameters_and_case(
    package: Any, server: Server, client: Client, status: int, content_type: str
) -> None:
    exchange = server.offers(ONE, status=status, content_type=content_type)
    with client.opens(exchange.url) as response, package.iter_events(response) as stream:
        assert list(stream) == [numbered(package, 1)]


@async_clients
@accepted
def test_content_type_parameters_and_case_async(
    package: Any, server: Server, client: AsyncClient, status: int, content_type: str
) -> None:
    exchange = server.offers(ONE, status=status, content_type=content_type)

    async def main() -> None:
        async with client.opens(exchange.url) as response, package.aiter_events(response) as stream:
            assert [event async for event in stream] == [numbered(package, 1)]

    client.run(main)


@sync_clients
@refused
def test_chunks_of_a_response_are_not_checked(
    package: Any, server: Server, client: Client, status: int, content_type: str | None
) -> None:
    exchange = server.offers(ONE, status=status, content_type=content_type)
    with client.opens(exchange.url) as response, package.iter_events(client.unchecked(response)) as stream:
        assert list(stream) == [numbered(package, 1)]
        assert stream.response is None


@async_clients
@refused
def test_chunks_of_a_response_are_not_checked_async(
    package: Any, server: Server, client: AsyncClient, status: int, content_type: str | None
) -> None:
    exchange = server.offers(ONE, status=status, content_type=content_type)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            async with package.aiter_events(client.unchecked(response)) as stream:
                assert [event async for event in stream] == [numbered(package, 1)]
                assert stream.response is None

    client.run(main)
