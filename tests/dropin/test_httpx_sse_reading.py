# ruff: noqa: SLF001 - the private parts of other libraries are what these tests are about
"""Reading as httpx-sse does: events, the state of the response, how it is closed."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import httpx_sse
import httpx_sse._decoders
import pytest
import trio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streams.clients import httpx_leaves_generators, loops, run_in

from .responses import LIBRARIES, answer, async_body, async_client, body, client, fields

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

libraries = pytest.mark.parametrize("library", LIBRARIES)

# All examples of a test use the same module.
one_module = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

PHANTOM = "traceloop-openllmetry__test_llama.test_replicate_llama_stream_legacy.1.sse"


def read(module: Any, chunks: list[bytes], library: Any = httpx) -> list[tuple[Any, ...]]:
    return fields(module.EventSource(answer(library, body(library, chunks))).iter_sse())


def aread(module: Any, chunks: list[bytes], library: Any = httpx) -> list[tuple[Any, ...]]:
    async def main() -> list[Any]:
        source = module.EventSource(answer(library, async_body(library, chunks)))
        return [event async for event in source.aiter_sse()]

    return fields(asyncio.run(main()))


def read_lines(module: Any, chunks: list[bytes]) -> list[tuple[Any, ...]]:
    """Read with the decoders, like a caller with its own loop."""
    decoder = module._decoders.SSEDecoder()
    lines = module._api._iter_sse_lines(answer(httpx, body(httpx, chunks)))
    return fields(event for line in lines if (event := decoder.decode(line)) is not None)


def cut(stream: bytes, size: int) -> list[bytes]:
    return [stream[start : start + size] for start in range(0, len(stream), size)]


def test_recorded_bodies_read_as_by_httpx_sse(dropin: Any, shared: Path) -> None:
    count = 0
    for record in json.loads((shared / "corpus" / "manifest.json").read_bytes())["files"]:
        stream = (shared / "corpus" / record["file"]).read_bytes()
        expected = read(httpx_sse, [stream])
        if record["file"].endswith(PHANTOM):
            # A comment after an id: httpx-sse dispatches an event for the blank line after it.
            assert expected.pop()[1] == ""
        for chunks in ([stream], cut(stream, 97)):
            assert read(dropin, chunks) == expected, record["file"]
        count += 1
    assert count == 369


# Streams that httpx-sse reads as the standard says: each block has a data line or a retry, which both dispatch; one
# blank line follows it; `retry` has digits only; there is no byte order mark.
TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)
SPACE = st.sampled_from(["", " "])
COMMENT = TEXT.map(lambda text: ":" + text)
OTHER = TEXT.map(lambda text: "other:" + text)
RETRY = st.integers(0, 10**15 - 1).map(lambda ms: f"retry:{ms}")
FIELD = st.one_of(
    st.tuples(st.sampled_from(["data:", "event:", "id:"]), SPACE, TEXT.filter(lambda text: text[:1] != " ")).map(
        "".join
    ),
    st.sampled_from(["data", "event", "id"]),
    st.tuples(SPACE, TEXT).map("data:".join),
    RETRY,
    COMMENT,
    OTHER,
)
BLOCK = st.tuples(st.lists(FIELD, max_size=4), st.one_of(TEXT.map("data:".__add__), RETRY), st.lists(FIELD, max_size=2))


@st.composite
def streams(draw: st.DrawFn) -> list[bytes]:
    """Return a stream, cut into chunks anywhere."""
    text = ""
    for before, one, after in draw(st.lists(BLOCK, max_size=5)):
        for line in (*before, one, *after, ""):
            text += line + draw(st.sampled_from(["\n", "\r\n", "\n", "\r"]))
        if text.endswith("\r"):
            text += "\n"  # so that the LF of an empty line does not join this CR
    text += draw(st.sampled_from(["", "data: cut", "data: cut\n", "id: 5"]))
    stream = text.encode().removeprefix(b"\xef\xbb\xbf")
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    return [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


@one_module
@given(chunks=streams())
def test_generated_streams_read_as_by_httpx_sse(dropin: Any, chunks: list[bytes]) -> None:
    expected = read(httpx_sse, chunks)
    assert read(dropin, chunks) == expected
    assert read_lines(dropin, chunks) == expected


@one_module
@given(chunks=streams())
def test_generated_streams_read_as_by_httpx_sse_async(dropin: Any, chunks: list[bytes]) -> None:
    assert aread(dropin, chunks) == read(httpx_sse, chunks)


LINES = st.lists(st.text(st.sampled_from("ab:\r\n\u2028 "), max_size=8), max_size=6)


@one_module
@given(texts=LINES)
def test_lines_are_those_of_the_original(dropin: Any, texts: list[str]) -> None:
    expected = []
    for module in (dropin, httpx_sse):
        decoder = module._decoders.SSELineDecoder()
        expected.append([line for text in texts if text for line in decoder.decode(text)] + decoder.flush())
    assert expected[0] == expected[1]
    text = "".join(texts)
    assert dropin._decoders._splitlines_sse(text) == httpx_sse._decoders._splitlines_sse(text) == expected[0]


@one_module
@given(lines=st.lists(st.one_of(FIELD, st.just(""), TEXT), max_size=12))
def test_decoders_and_scanner_agree(dropin: Any, lines: list[str]) -> None:
    # Any lines, also those that httpx-sse reads differently.
    stream = "".join(line + "\n" for line in lines).encode()
    decoder = dropin._decoders.SSEDecoder()
    assert fields(event for line in lines if (event := decoder.decode(line)) is not None) == read(dropin, [stream])


# The response


@libraries
def test_response_state_is_that_of_the_original(dropin: Any, library: Any) -> None:
    states = []
    for module in (dropin, httpx_sse):
        with (
            client(library, [b"data: a\n\n", b"data: b\n\ndata"]) as http,
            http.stream("GET", "http://host/") as response,
        ):
            events = module.EventSource(response).iter_sse()
            first = next(events)
            during = (response.is_stream_consumed, response.is_closed, response.num_bytes_downloaded)
            rest = list(events)
            after = (response.is_stream_consumed, response.is_closed, response.num_bytes_downloaded)
            states.append((fields([first, *rest]), during, after))
    assert states[0] == states[1]
    assert states[0][1] == (True, False, 9)
    assert states[0][2] == (True, True, 22)


@libraries
def test_encoded_bodies_are_decoded(dropin: Any, library: Any) -> None:
    stream = gzip.compress(b"data: a\n\ndata: b\n\n")
    chunks = cut(stream, 7)
    for coding in ("gzip", "GZIP"):
        with (
            client(library, chunks, coding=coding) as http,
            dropin.connect_sse(http, "GET", "http://host/") as source,
        ):
            assert [event.data for event in source.iter_sse()] == ["a", "b"]
            assert source.response.num_bytes_downloaded == len(stream)


@libraries
def test_response_with_loaded_body_can_be_read_twice(dropin: Any, library: Any) -> None:
    response = library.Response(200, headers={"content-type": "text/event-stream"}, content=b"data: a\n\n")
    for _ in range(2):
        assert [event.data for event in dropin.EventSource(response).iter_sse()] == ["a"]


@libraries
def test_stream_can_be_read_once(dropin: Any, library: Any) -> None:
    with client(library, [b"data: a\n\n", b"data: b\n\n"]) as http, http.stream("GET", "http://host/") as response:
        source = dropin.EventSource(response)
        next(iter(source.iter_sse()))
        with pytest.raises(library.StreamConsumed):
            next(source.iter_sse())


@libraries
def test_closed_response_raises_the_librarys_error(dropin: Any, library: Any) -> None:
    response = answer(library, body(library, [b"data: a\n\n"]))
    response.close()
    with pytest.raises(library.StreamClosed):
        next(dropin.EventSource(response).iter_sse())


@libraries
def test_sync_read_of_async_body_raises_the_librarys_error(dropin: Any, library: Any) -> None:
    with pytest.raises(RuntimeError, match="sync"):
        next(dropin.EventSource(answer(library, async_body(library, []))).iter_sse())


@libraries
def test_closing_the_iterator_keeps_the_response_open(dropin: Any, library: Any) -> None:
    for module in (dropin, httpx_sse):
        with client(library, [b"data: a\n\n"] * 3) as http, module.connect_sse(http, "GET", "http://host/") as source:
            events = source.iter_sse()
            next(events)
            events.close()
            # httpx2 closes the response together with its iterator.
            assert source.response.is_closed == (library is httpx2)
        assert source.response.is_closed


@pytest.mark.parametrize(
    "error", [ValueError("mine"), httpx.ReadError("gone"), httpx2.ReadTimeout("late"), MemoryError()]
)
def test_exceptions_pass_after_earlier_events(dropin: Any, error: Exception) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"data: a\n\n"
        raise error

    events = dropin.EventSource(answer(httpx, body(httpx, chunks()))).iter_sse()
    assert next(events).data == "a"
    with pytest.raises(type(error)) as raised:
        next(events)
    assert raised.value is error
    assert list(events) == []


def test_overridden_iter_bytes_is_used(dropin: Any) -> None:
    class Response(httpx.Response):
        def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
            yield from (chunk.upper() for chunk in super().iter_bytes(chunk_size))

        async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
            async for chunk in super().aiter_bytes(chunk_size):
                yield chunk.replace(b"a", b"b")

    headers = {"content-type": "text/event-stream"}
    response = Response(200, headers=headers, stream=body(httpx, [b"data: a\n\n"]))
    assert list(dropin.EventSource(response).iter_sse()) == []  # DATA: is not a field

    async def main() -> list[Any]:
        response = Response(200, headers=headers, stream=async_body(httpx, [b"id: a\ndata: x\n\n"]))
        return [event.id async for event in dropin.EventSource(response).aiter_sse()]

    assert asyncio.run(main()) == ["b"]  # the block has an id, and no data


# Asynchronous


@loops
@libraries
@httpx_leaves_generators
def test_async_reading(dropin: Any, library: Any, loop: str) -> None:
    async def main() -> None:
        async with async_client(library, [b"id: 1\nda", b"ta: a\n\ndata: b\n\n"]) as http:
            async with dropin.aconnect_sse(http, "GET", "http://host/") as source:
                events = [event async for event in source.aiter_sse()]
                assert fields(events) == [("message", "a", "1", None), ("message", "b", "1", None)]
                assert all(type(event) is dropin.ServerSentEvent for event in events)
                assert source.response.is_closed

    run_in(loop, main)


@loops
@libraries
@httpx_leaves_generators
def test_aclose_ends_the_reading_at_once(dropin: Any, library: Any, loop: str) -> None:
    ended = []

    async def main() -> None:
        class Body(library.AsyncByteStream):  # type: ignore[misc]
            def __aiter__(self) -> Body:
                return self

            async def __anext__(self) -> bytes:
                return b"data: a\n\n"

            async def aclose(self) -> None:
                ended.append(True)

        def handle(request: Any) -> Any:
            return answer(library, Body())

        async with library.AsyncClient(transport=library.MockTransport(handle)) as http:
            async with dropin.aconnect_sse(http, "GET", "http://host/") as source:
                events = source.aiter_sse()
                assert (await anext(events)).data == "a"
                await events.aclose()
                with pytest.raises(StopAsyncIteration):
                    await anext(events)
            assert ended == [True]

    run_in(loop, main)


@loops
def test_async_exceptions_pass(dropin: Any, loop: str) -> None:
    error = httpx.ReadError("gone")

    async def main() -> None:
        class Body(httpx.AsyncByteStream):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                yield b"data: a\n\n"
                raise error

        events = dropin.EventSource(answer(httpx, Body())).aiter_sse()
        assert (await anext(events)).data == "a"
        with pytest.raises(httpx.ReadError) as raised:
            await anext(events)
        assert raised.value is error

    run_in(loop, main)


@loops
def test_async_response_of_other_content_type_is_refused(dropin: Any, loop: str) -> None:
    async def main() -> None:
        events = dropin.EventSource(answer(httpx, async_body(httpx, []), {"content-type": "text/html"})).aiter_sse()
        with pytest.raises(dropin.SSEError, match="text/html"):
            await anext(events)

    run_in(loop, main)


def test_cancelled_read_raises_the_cancellation(dropin: Any) -> None:
    async def main() -> None:
        class Body(httpx.AsyncByteStream):
            async def __aiter__(self) -> AsyncIterator[bytes]:
                yield b"data: a\n\n"
                await trio.sleep_forever()

        events = dropin.EventSource(answer(httpx, Body())).aiter_sse()
        assert (await anext(events)).data == "a"
        with trio.move_on_after(0.01) as scope:
            await anext(events)
        assert scope.cancelled_caught

    trio.run(main)
