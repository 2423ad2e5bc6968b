"""connect and aconnect: one request, and its response as a stream."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import pytest

import ssescan.providers

from .clients import ClientKind, every_async_client, every_client, every_sync_client, run_in
from .server import Do

if TYPE_CHECKING:
    from collections.abc import Callable

    from .server import EventServer

ONE, TWO = b"id: 1\ndata: 1\n\n", b"id: 2\ndata: 2\n\n"
CHAT = b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def connected(package: Any, kind: ClientKind, url: str, look: Callable[[Any], None], **options: Any) -> list[Any]:
    """Return the events of connect or aconnect; call `look` with the stream before, within and after its block."""
    seen: list[Any] = []

    async def main() -> None:
        async with kind.async_client() as client:
            stream = package.aconnect(client, "GET", url, **options)
            look(stream)
            async with stream as same:
                assert same is stream
                look(stream)
                async for event in stream:
                    seen.append(event)
            look(stream)

    if kind.is_async:
        run_in(kind.loop, main)
    else:
        with kind.client() as client:
            stream = package.connect(client, "GET", url, **options)
            look(stream)
            with stream as same:
                assert same is stream
                look(stream)
                seen.extend(stream)
            look(stream)
    return seen


@every_client
def test_request_is_sent_on_entering_the_with_block(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.offers(ONE, TWO))
    seen: list[Any] = []

    def look(stream: Any) -> None:
        assert isinstance(stream, package.AsyncEventStream if kind.is_async else package.EventStream)
        status = None if stream.response is None else stream.response.status_code
        seen.append((len(endpoint.requests), status, stream.outcome, stream.last_event_id))

    events = connected(package, kind, endpoint.url, look)
    assert [event.data for event in events] == ["1", "2"]
    assert seen == [(0, None, None, ""), (1, 200, None, ""), (1, 200, package.Outcome.ENDED, "2")]


@every_client
def test_without_with_block_first_read_sends_the_request(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.offers(ONE))

    async def main() -> None:
        async with kind.async_client() as client:
            stream = package.aconnect(client, "GET", endpoint.url)
            assert endpoint.requests == []
            assert [event.data async for event in stream] == ["1"]

    if kind.is_async:
        run_in(kind.loop, main)
    else:
        with kind.client() as client:
            stream = package.connect(client, "GET", endpoint.url)
            assert endpoint.requests == []
            assert [event.data for event in stream] == ["1"]
    assert len(endpoint.requests) == 1


def fails(package: Any, kind: ClientKind, url: str, error: Any, **options: Any) -> Any:
    """Return the error that entering the block raises."""
    streams: list[Any] = []
    with pytest.raises(error) as caught:
        connected(package, kind, url, streams.append, **options)
    assert len(streams) == 1
    assert streams[0].outcome is package.Outcome.FAILED
    return caught.value


@every_client
def test_failed_connection_raises_the_clients_error(package: Any, kind: ClientKind) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    fails(package, kind, f"http://127.0.0.1:{port}", kind.library.ConnectError)


@every_client
def test_broken_connection_raises_after_the_events(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.offers(ONE + TWO + b"data: lost", Do.DROP))
    streams: list[Any] = []
    with pytest.raises(kind.library.RemoteProtocolError):
        connected(package, kind, endpoint.url, streams.append)
    assert streams[-1].last_event_id == "2"
    assert len(endpoint.requests) == 1


@every_client
def test_other_responses_are_refused(package: Any, server: EventServer, kind: ClientKind) -> None:
    html = server.endpoint(server.offers(b"<p>", content_type="text/html"))
    assert fails(package, kind, html.url, package.UnexpectedContentType).body == b"<p>"
    busy = server.endpoint(server.offers(b"later", status=503, headers=("Retry-After: 1",)))
    error = fails(package, kind, busy.url, package.UnexpectedStatus)
    assert (error.status, error.body, error.response.headers["retry-after"]) == (503, b"later", "1")
    assert len(busy.requests) == len(html.requests) == 1


@every_client
@pytest.mark.parametrize("answered", [False, True], ids=["no answer", "no more"])
def test_idle_limit_starts_with_the_request(
    package: Any, server: EventServer, kind: ClientKind, answered: bool
) -> None:
    silent = server.offers(ONE, Do.HOLD) if answered else server.raw(Do.HOLD)
    endpoint = server.endpoint(silent)
    with pytest.raises(package.StreamStalled if kind.is_async else kind.library.ReadTimeout) as caught:
        connected(package, kind, endpoint.url, lambda stream: None, stall=package.Stall(idle=0.5))
    if kind.is_async:
        assert (caught.value.reason, caught.value.events) == ("idle", int(answered))
    assert silent.is_hung_up()


@every_client
def test_refused_body_has_its_own_time_limit(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.offers(b"<p>", content_type="text/html"))
    fails(package, kind, endpoint.url, package.UnexpectedContentType, stall=package.Stall(idle=600, progress=600))


@every_async_client
def test_refusal_leaves_no_timer_behind(package: Any, server: EventServer, kind: ClientKind) -> None:
    if kind.loop == "trio":
        return  # there a limit is a cancel scope, not a timer
    endpoint = server.endpoint(server.offers(b"<p>", content_type="text/html"))

    async def main() -> None:
        async with kind.async_client() as client:
            stream = package.aconnect(client, "GET", endpoint.url, stall=package.Stall(idle=600, progress=600))
            with pytest.raises(package.UnexpectedContentType):
                await anext(stream)
            loop: Any = asyncio.get_running_loop()
            assert not [timer for timer in loop._scheduled if "AsyncioWait" in repr(timer) and not timer.cancelled()]  # noqa: SLF001

    run_in(kind.loop, main)


@every_client
def test_scanner_options_are_passed_on(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.offers(b": hi\nwhat\n" + ONE))
    options = {"comments": True, "unknown": True}
    events = connected(package, kind, endpoint.url, lambda stream: None, scanner=options)
    assert events == [
        package.Comment("hi"), package.UnknownLine("what"), package.ServerSentEvent(data="1", id="1")
    ]  # fmt: skip
    assert options == {"comments": True, "unknown": True}


@every_sync_client
def test_provider_stream_reads_from_connect(server: EventServer, kind: ClientKind) -> None:
    endpoint = server.repeats(CHAT)
    with kind.client() as client:
        for entered in (False, True):
            connecting = ssescan.connect(client, "POST", endpoint.url, json={"stream": True})
            if entered:
                connecting.__enter__()
            with ssescan.providers.stream(connecting) as stream:
                assert stream.collect().text == "Hi"
                assert stream.response.status_code == 200
    assert [request.method for request in endpoint.requests] == ["POST", "POST"]


@every_async_client
def test_provider_astream_reads_from_aconnect(server: EventServer, kind: ClientKind) -> None:
    endpoint = server.repeats(CHAT)

    async def main() -> None:
        async with kind.async_client() as client:
            for entered in (False, True):
                connecting = ssescan.aconnect(client, "POST", endpoint.url, json={"stream": True})
                if entered:
                    await connecting.__aenter__()
                async with ssescan.providers.astream(connecting) as stream:
                    assert (await stream.collect()).text == "Hi"
                    assert stream.response.status_code == 200

    run_in(kind.loop, main)
    assert [request.method for request in endpoint.requests] == ["POST", "POST"]
