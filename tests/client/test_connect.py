"""connect and aconnect: one request, and its response as a stream."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest

import ssescan.providers

from .clients import Way, every_way, every_way_async, every_way_sync, run_in
from .server import Do

if TYPE_CHECKING:
    from collections.abc import Callable

    from .server import EventServer

ONE, TWO = b"id: 1\ndata: 1\n\n", b"id: 2\ndata: 2\n\n"
CHAT = b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def connected(package: Any, way: Way, url: str, look: Callable[[Any], None], **options: Any) -> list[Any]:
    """Read what connect gives to its end, in a `with` block; `look` at the stream before, within and after."""
    seen: list[Any] = []

    async def main() -> None:
        async with way.async_client() as client:
            stream = package.aconnect(client, "GET", url, **options)
            look(stream)
            async with stream as same:
                assert same is stream
                look(stream)
                async for event in stream:
                    seen.append(event)
            look(stream)

    if way.is_async:
        run_in(way.loop, main)
    else:
        with way.client() as client:
            stream = package.connect(client, "GET", url, **options)
            look(stream)
            with stream as same:
                assert same is stream
                look(stream)
                seen.extend(stream)
            look(stream)
    return seen


@every_way
def test_the_request_is_sent_when_the_block_is_entered(package: Any, server: EventServer, way: Way) -> None:
    endpoint = server.endpoint(server.offers(ONE, TWO))
    seen: list[Any] = []

    def look(stream: Any) -> None:
        assert isinstance(stream, package.AsyncEventStream if way.is_async else package.EventStream)
        status = None if stream.response is None else stream.response.status_code
        seen.append((len(endpoint.requests), status, stream.outcome, stream.last_event_id))

    events = connected(package, way, endpoint.url, look)
    assert [event.data for event in events] == ["1", "2"]
    assert seen == [(0, None, None, ""), (1, 200, None, ""), (1, 200, package.Outcome.ENDED, "2")]


@every_way
def test_without_a_block_the_request_is_sent_at_the_first_read(package: Any, server: EventServer, way: Way) -> None:
    endpoint = server.endpoint(server.offers(ONE))

    async def main() -> None:
        async with way.async_client() as client:
            stream = package.aconnect(client, "GET", endpoint.url)
            assert endpoint.requests == []
            assert [event.data async for event in stream] == ["1"]

    if way.is_async:
        run_in(way.loop, main)
    else:
        with way.client() as client:
            stream = package.connect(client, "GET", endpoint.url)
            assert endpoint.requests == []
            assert [event.data for event in stream] == ["1"]
    assert len(endpoint.requests) == 1


def fails(package: Any, way: Way, url: str, kind: Any, **options: Any) -> Any:
    """Give what entering the block raises."""
    streams: list[Any] = []
    with pytest.raises(kind) as caught:
        connected(package, way, url, streams.append, **options)
    assert len(streams) == 1
    assert streams[0].outcome is package.Outcome.FAILED
    return caught.value


@every_way
def test_a_connection_that_fails_is_the_clients_own_error(package: Any, way: Way) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    fails(package, way, f"http://127.0.0.1:{port}", way.library.ConnectError)


@every_way
def test_a_connection_that_breaks_is_the_clients_own_error_after_the_events(
    package: Any, server: EventServer, way: Way
) -> None:
    endpoint = server.endpoint(server.offers(ONE + TWO + b"data: lost", Do.DROP))
    streams: list[Any] = []
    with pytest.raises(way.library.RemoteProtocolError):
        connected(package, way, endpoint.url, streams.append)
    assert streams[-1].last_event_id == "2"
    assert len(endpoint.requests) == 1


@every_way
def test_a_response_that_is_no_event_stream_is_refused(package: Any, server: EventServer, way: Way) -> None:
    html = server.endpoint(server.offers(b"<p>", content_type="text/html"))
    assert fails(package, way, html.url, package.UnexpectedContentType).body == b"<p>"
    busy = server.endpoint(server.offers(b"later", status=503, headers=("Retry-After: 1",)))
    error = fails(package, way, busy.url, package.UnexpectedStatus)
    assert (error.status, error.body, error.response.headers["retry-after"]) == (503, b"later", "1")
    assert len(busy.requests) == len(html.requests) == 1


@every_way
@pytest.mark.parametrize("answered", [False, True], ids=["no answer", "no more"])
def test_idle_counts_from_the_request_on(package: Any, server: EventServer, way: Way, answered: bool) -> None:
    silent = server.offers(ONE, Do.HOLD) if answered else server.raw(Do.HOLD)
    endpoint = server.endpoint(silent)
    with pytest.raises(package.StreamStalled if way.is_async else way.library.ReadTimeout) as caught:
        connected(package, way, endpoint.url, lambda stream: None, stall=package.Stall(idle=0.05))
    if way.is_async:
        assert (caught.value.reason, caught.value.events) == ("idle", int(answered))
    assert silent.is_hung_up()


@every_way
def test_a_refusal_is_read_under_a_limit_of_its_own(package: Any, server: EventServer, way: Way) -> None:
    endpoint = server.endpoint(server.offers(b"<p>", content_type="text/html"))
    fails(package, way, endpoint.url, package.UnexpectedContentType, stall=package.Stall(idle=600, progress=600))


@every_way_async
def test_a_refusal_leaves_no_timer_behind(package: Any, server: EventServer, way: Way) -> None:
    if way.loop == "trio":
        return  # there a limit is a cancel scope, and no timer
    endpoint = server.endpoint(server.offers(b"<p>", content_type="text/html"))

    async def main() -> None:
        async with way.async_client() as client:
            stream = package.aconnect(client, "GET", endpoint.url, stall=package.Stall(idle=600, progress=600))
            with pytest.raises(package.UnexpectedContentType):
                await anext(stream)
            loop: Any = asyncio.get_running_loop()
            assert not [timer for timer in loop._scheduled if "AsyncioWait" in repr(timer) and not timer.cancelled()]

    run_in(way.loop, main)


@every_way
def test_options_of_the_scanner_are_passed_on(package: Any, server: EventServer, way: Way) -> None:
    endpoint = server.endpoint(server.offers(b": hi\nwhat\n" + ONE))
    options = {"comments": True, "unknown": True}
    events = connected(package, way, endpoint.url, lambda stream: None, scanner=options)
    assert events == [
        package.Comment("hi"), package.UnknownLine("what"), package.ServerSentEvent(data="1", id="1")
    ]  # fmt: skip
    assert options == {"comments": True, "unknown": True}


@every_way_sync
def test_what_a_model_says_is_read_through_connect(server: EventServer, way: Way) -> None:
    endpoint = server.gives(CHAT)
    with way.client() as client:
        for entered in (False, True):
            connecting = ssescan.connect(client, "POST", endpoint.url, json={"stream": True})
            if entered:
                connecting.__enter__()
            with ssescan.providers.stream(connecting) as stream:
                assert stream.collect().text == "Hi"
                assert stream.response.status_code == 200
    assert [request.method for request in endpoint.requests] == ["POST", "POST"]


@every_way_async
def test_what_a_model_says_is_read_through_aconnect(server: EventServer, way: Way) -> None:
    endpoint = server.gives(CHAT)

    async def main() -> None:
        async with way.async_client() as client:
            for entered in (False, True):
                connecting = ssescan.aconnect(client, "POST", endpoint.url, json={"stream": True})
                if entered:
                    await connecting.__aenter__()
                async with ssescan.providers.astream(connecting) as stream:
                    assert (await stream.collect()).text == "Hi"
                    assert stream.response.status_code == 200

    run_in(way.loop, main)
    assert [request.method for request in endpoint.requests] == ["POST", "POST"]
