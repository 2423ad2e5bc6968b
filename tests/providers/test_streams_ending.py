"""stream() and astream(): errors, stalls, closing and cancelling end them, and close the source."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import inspect
import time
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest
import trio
from streams.clients import (
    AsyncClient,
    Client,
    async_clients,
    httpx_leaves_generators,
    loops,
    pause,
    run_in,
    sync_clients,
)
from streams.server import Do

import ssescan
from ssescan import (
    Outcome,
    Stall,
    StreamStalled,
)
from ssescan.providers import (
    AsyncMessageStream,
    End,
    Finish,
    MessageStream,
    TextDelta,
    astream,
    stream,
)

from .assertions import in_few_words, read
from .reading import (
    BEGUN,
    BODY,
    CUT,
    LONG,
    MESSAGE,
    OF_TWO,
    SAID,
    SHORT,
    Boom,
    agenerated,
    aread_to_error,
    end_parts,
    generated,
    read_to_error,
)
from .test_tables_anthropic import PING
from .test_tables_chat import CHAT
from .test_tables_responses import RESPONSES, named

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from streams.server import Exchange, Server


# --- Errors of the transport


@pytest.mark.parametrize("strict", [True, False])
def test_error_of_a_source_comes_after_the_end(strict: bool) -> None:
    boom = Boom()
    reading = stream(generated(BEGUN, then=boom), strict=strict)
    parts, error = read_to_error(reading)
    assert error is boom
    assert end_parts(parts) == [CUT]
    assert reading.message.text == "He"
    assert reading.outcome is Outcome.FAILED
    assert list(reading) == []


@pytest.mark.parametrize("api", [None, "anthropic"])
@pytest.mark.parametrize("begin", [[], [b": ping\n\n"], [b"data: {"]], ids=["nothing", "a comment", "half an event"])
def test_source_error_before_the_first_event(api: Any, begin: list[bytes]) -> None:
    reading = stream(generated(*begin, then=Boom()), api)
    parts, error = read_to_error(reading)
    assert isinstance(error, Boom)
    assert end_parts(parts) == [CUT]


def test_source_error_after_a_complete_answer() -> None:
    reading = stream(generated(BODY, then=Boom()))
    parts, error = read_to_error(reading)
    assert error is None
    assert end_parts(parts) == [End(complete=True)]
    assert in_few_words(reading.message) == SAID
    assert reading.outcome is Outcome.FAILED


@loops
@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("begin", [[], [b": ping\n\n"], [BEGUN]], ids=["nothing", "a comment", "some text"])
def test_error_of_an_async_source_comes_after_the_end(loop: str, strict: bool, begin: list[bytes]) -> None:
    async def main() -> None:
        async with astream(agenerated(*begin, then=Boom()), strict=strict) as reading:
            parts, error = await aread_to_error(reading)
            assert isinstance(error, Boom)
            assert end_parts(parts) == [CUT]
            assert reading.message.text == ("He" if begin == [BEGUN] else "")
            assert reading.outcome is Outcome.FAILED

    run_in(loop, main)


@sync_clients
@pytest.mark.parametrize("how", [Do.DROP, Do.RESET])
def test_broken_connection_raises_after_the_end(server: Server, client: Client, how: Do) -> None:
    exchange = server.offers(BEGUN, Do.WAIT, how)
    with client.opens(exchange.url) as response, stream(response, strict=False) as reading:
        parts = [next(reading)]
        while not isinstance(parts[-1], TextDelta):
            parts.append(next(reading))
        exchange.go()
        more, error = read_to_error(reading)
        assert isinstance(error, client.broken)
        assert end_parts(parts + more) == [CUT]
        assert reading.message.text == "He"


@httpx_leaves_generators
@async_clients
def test_broken_connection_raises_after_the_end_async(server: Server, client: AsyncClient) -> None:
    exchange = server.offers(BEGUN, Do.WAIT, Do.DROP)

    async def main() -> None:
        async with client.opens(exchange.url) as response, astream(response, strict=False) as reading:
            parts = [await anext(reading)]
            while not isinstance(parts[-1], TextDelta):
                parts.append(await anext(reading))
            exchange.go()
            more, error = await aread_to_error(reading)
            assert isinstance(error, client.broken)
            assert end_parts(parts + more) == [CUT]
            assert reading.message.text == "He"

    client.run(main)


# --- Stalls

KEEP_ALIVES: dict[str, tuple[bytes, bytes]] = {
    "pings of Anthropic": (BEGUN, named(PING)),
    "comments": (BEGUN, b": ping\n\n"),
    "empty data": (BEGUN, b"data:\n\n"),
    "keepalives of Responses": (RESPONSES["truncated"].stream, named({"type": "keepalive", "sequence_number": 3})),
    "comments in data": (CHAT["truncated no finish"].stream, b"data: : OPENROUTER PROCESSING\n\n"),
}


def for_ever(begin: bytes, sign: bytes, seconds: float = 0.0) -> Iterator[bytes]:
    """Yield the start, then pings at this interval, for longer than a test waits."""
    yield begin
    for _ in range(5000):
        time.sleep(seconds)  # a slow source
        yield sign


@pytest.mark.parametrize(("begin", "sign"), KEEP_ALIVES.values(), ids=KEEP_ALIVES)
@pytest.mark.parametrize("kept", [False, True], ids=["given", "of the stream of events"])
@pytest.mark.parametrize("strict", [True, False])
def test_pings_are_not_progress(begin: bytes, sign: bytes, kept: bool, strict: bool) -> None:
    limits = Stall(progress=SHORT)
    chunks = for_ever(begin, sign, SHORT / 20)
    reading = (
        stream(ssescan.iter_events(chunks, stall=limits), strict=strict)
        if kept
        else stream(chunks, strict=strict, stall=limits)
    )
    parts, error = read_to_error(reading)
    assert isinstance(error, StreamStalled)
    assert (error.reason, error.seconds) == ("progress", SHORT)
    assert end_parts(parts) == [CUT]
    assert reading.message.text == read(begin)[1].text
    assert reading.outcome is Outcome.FAILED
    assert inspect.getgeneratorstate(chunks) == inspect.GEN_CLOSED  # type: ignore[arg-type]


@loops
@pytest.mark.parametrize(("begin", "sign"), KEEP_ALIVES.values(), ids=KEEP_ALIVES)
def test_pings_are_not_progress_async(loop: str, begin: bytes, sign: bytes) -> None:
    async def source() -> AsyncIterator[bytes]:
        for one in islice(for_ever(begin, sign), 1000):
            yield one
            await pause(loop, 0.001)

    async def main() -> None:
        async with astream(source(), stall=Stall(idle=LONG, progress=SHORT)) as reading:
            parts, error = await aread_to_error(reading)
            assert isinstance(error, StreamStalled)
            assert error.reason == "progress"
            assert end_parts(parts) == [CUT]
            assert reading.message.text == read(begin)[1].text

    run_in(loop, main)


@httpx_leaves_generators
@async_clients
@pytest.mark.parametrize("begin", [b"", BEGUN], ids=["before the first event", "after some text"])
def test_idle_stall_raises_after_the_end(server: Server, client: AsyncClient, begin: bytes) -> None:
    exchange = server.offers(begin or b": hello\n\n", Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            reading = astream(ssescan.aiter_events(response, stall=Stall(idle=SHORT)))
            parts, error = await aread_to_error(reading)
            assert isinstance(error, StreamStalled)
            assert error.reason == "idle"
            assert end_parts(parts) == [CUT]
            assert await client.in_thread(exchange.is_hung_up)

    client.run(main)


def test_events_are_progress() -> None:
    assert stream(OF_TWO, stall=Stall(idle=LONG, progress=LONG)).collect() == MESSAGE


# --- Closing


def leave(reading: MessageStream) -> None:
    with reading:
        next(reading)


def close(reading: MessageStream) -> None:
    next(reading)
    reading.close()
    reading.close()


def close_unread(reading: MessageStream) -> None:
    reading.close()


def fail(reading: MessageStream) -> None:
    with pytest.raises(Boom), reading:
        next(reading)
        raise Boom


def forget(reading: MessageStream) -> None:
    next(reading)


def forget_its_text(reading: MessageStream) -> None:
    next(reading.text())


def forget_unread(reading: MessageStream) -> None:
    pass


closings = pytest.mark.parametrize(
    "end",
    [leave, close, close_unread, fail, forget, forget_its_text, forget_unread],
    ids=lambda end: end.__name__.replace("_", " "),
)


@closings
@sync_clients
def test_connection_is_closed(server: Server, client: Client, end: Callable[[MessageStream], None]) -> None:
    exchange = server.offers(BEGUN, Do.HOLD)
    with client.opens(exchange.url) as response:
        end(stream(response))
        if end in (forget, forget_its_text, forget_unread):
            gc.collect()
        assert exchange.is_hung_up()


@closings
def test_generator_is_closed(end: Callable[[MessageStream], None]) -> None:
    closed = []

    def source() -> Iterator[bytes]:
        try:
            yield BODY[:10]
            yield BODY[10:]
        finally:
            closed.append(True)

    chunks = source()
    next(chunks)
    end(stream(BODY for _ in chunks))
    del chunks
    gc.collect()
    assert closed == [True]


def test_closed_stream_keeps_its_message() -> None:
    reading = stream(OF_TWO)
    for part in reading:
        if isinstance(part, TextDelta):
            reading.close()
            break
    assert list(reading) == []
    assert reading.outcome is Outcome.CLOSED
    assert (reading.message.text, reading.message.complete) == ("He", False)
    assert reading.collect().text == "He"
    assert not [part for part in reading if isinstance(part, Finish)]


async def aleave(reading: AsyncMessageStream) -> None:
    async with reading:
        await anext(reading)


async def aclose(reading: AsyncMessageStream) -> None:
    await anext(reading)
    await reading.aclose()
    await reading.aclose()


async def aclose_unread(reading: AsyncMessageStream) -> None:
    await reading.aclose()


async def afail(reading: AsyncMessageStream) -> None:
    with pytest.raises(Boom):
        async with reading:
            await anext(reading)
            raise Boom


@httpx_leaves_generators
@async_clients
@pytest.mark.parametrize("end", [aleave, aclose, aclose_unread, afail], ids=lambda end: end.__name__)
def test_connection_is_closed_async(server: Server, client: AsyncClient, end: Any) -> None:
    exchange = server.offers(BEGUN, Do.HOLD)

    async def main() -> None:
        async with client.opens(exchange.url) as response:
            reading = astream(response)
            await end(reading)
            assert await client.in_thread(exchange.is_hung_up)
            assert reading.outcome is Outcome.CLOSED
            assert [part async for part in reading] == []

    client.run(main)


def test_collected_open_async_stream_warns() -> None:
    async def main() -> None:
        reading = astream(agenerated(*OF_TWO))
        await anext(reading)
        with pytest.warns(ResourceWarning, match="async with"):
            del reading
            gc.collect()

    asyncio.run(main())


def test_ended_async_stream_does_not_warn() -> None:
    async def main() -> None:
        reading = astream(agenerated(*OF_TWO))
        assert await reading.collect() == MESSAGE
        del reading
        gc.collect()

    asyncio.run(main())


# --- Cancelling


async def first_of(reading: AsyncMessageStream) -> None:
    async for part in reading:
        if isinstance(part, TextDelta):
            break


def cancelled_after_the_text(server: Server) -> tuple[Exchange, Callable[[Any], None]]:
    exchange = server.offers(BEGUN, Do.HOLD)

    def check(reading: AsyncMessageStream) -> None:
        assert reading.outcome is Outcome.CLOSED
        assert reading.message.text == "He"
        assert not reading.message.complete

    return exchange, check


@httpx_leaves_generators
@async_clients
def test_cancelled_read_closes_the_connection(server: Server, client: AsyncClient) -> None:
    exchange, check = cancelled_after_the_text(server)

    async def in_asyncio() -> None:
        async with client.opens(exchange.url) as response:
            reading = astream(response)
            await first_of(reading)
            task = asyncio.create_task(reading.collect())
            await pause("asyncio")
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            assert task.cancelled()
            assert await client.in_thread(exchange.is_hung_up)
            check(reading)
            assert [part async for part in reading] == []

    async def in_trio() -> None:
        async with client.opens(exchange.url) as response:
            reading = astream(response)
            await first_of(reading)
            with trio.move_on_after(SHORT) as scope:
                await reading.collect()
            assert scope.cancelled_caught
            assert await client.in_thread(exchange.is_hung_up)
            check(reading)
            assert [part async for part in reading] == []

    client.run(in_trio if client.loop == "trio" else in_asyncio)
