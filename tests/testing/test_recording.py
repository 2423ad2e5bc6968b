"""Tape.record: every source of iter_events, recorded while it is read, up to the last read however that ends."""

from __future__ import annotations

import asyncio
import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from cli.processes import GUARD, environment
from streams.clients import AsyncClient, Client, async_clients, sync_clients
from streams.server import Do

import ssescan
from ssescan.testing import AsyncRecording, Recording, Tape, replay_server

from .streams import stream_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from streams.server import Server

PIECES = [b"data: a\n", b"\ndata: b\n\n", b"data: c\n\n"]


@sync_clients
def test_responses_of_sync_clients(server: Server, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "x.tape"
    exchange = server.offers(PIECES[0] + PIECES[1], Do.WAIT, PIECES[2])
    with client.opens(exchange.url) as response:
        with ssescan.iter_events(Tape.record(response, path)) as stream:
            assert [next(stream).data, next(stream).data] == ["a", "b"]
            assert stream.response is not None
            before = Tape.open(path)
            exchange.go()  # the read is on disk, and with the reader, before the next one is sent
            assert next(stream).data == "c"
            assert list(stream) == []
            assert stream.outcome == "ended"
    assert b"".join(chunk.data for chunk in before.chunks) == PIECES[0] + PIECES[1]
    check(path, has_request=client.name != "urllib3")


@async_clients
@pytest.mark.filterwarnings("ignore:Async generator 'http:ResourceWarning")
def test_responses_of_async_clients(server: Server, client: AsyncClient, tmp_path: Path) -> None:
    path = tmp_path / "x.tape"

    async def main() -> None:
        exchange = server.offers(*PIECES)
        async with client.opens(exchange.url) as response:
            async with ssescan.aiter_events(Tape.record(response, path)) as stream:
                assert [event.data async for event in stream] == ["a", "b", "c"]

    client.run(main)
    check(path, has_request=True)


def check(path: Path, *, has_request: bool) -> None:
    tape = Tape.open(path)
    assert [event.data for event in ssescan.iter_events(tape)] == ["a", "b", "c"]
    assert (tape.status, tape.headers["content-type"], tape.outcome) == (200, "text/event-stream", "ended")
    times = [chunk.time_ns or 0 for chunk in tape.chunks]
    assert times == sorted(times)
    assert times[0] > 0
    if has_request:
        assert tape.request is not None
        assert (tape.request.method, tape.request.url.partition(":")[0]) == ("GET", "http")
    else:  # urllib3 does not keep it
        assert tape.request is None


async def agenerator() -> AsyncIterator[bytes]:
    for piece in PIECES:
        yield piece


@pytest.mark.parametrize(
    "source",
    [
        b"".join(PIECES),
        memoryview(b"".join(PIECES)),
        PIECES,
        (bytearray(piece) for piece in PIECES),
        io.BytesIO(b"".join(PIECES)),
        Tape(PIECES),
    ],
    ids=lambda source: type(source).__name__,
)
def test_other_sync_sources(source: Any, tmp_path: Path) -> None:
    recording = Tape.record(source, tmp_path / "x.tape")
    assert isinstance(recording, Recording)
    assert [event.data for event in ssescan.iter_events(recording)] == ["a", "b", "c"]
    tape = Tape.open(tmp_path / "x.tape")
    assert b"".join(chunk.data for chunk in tape.chunks) == b"".join(PIECES)
    assert (tape.status, tape.request, tape.outcome) == (None, None, "ended")


def test_chunk_edges_are_kept_and_empty_chunks_too(tmp_path: Path) -> None:
    pieces = [b"", *PIECES, b""]
    assert list(Tape.record(pieces, tmp_path / "x.tape")) == pieces
    assert [chunk.data for chunk in Tape.open(tmp_path / "x.tape").chunks] == pieces


def test_async_iterables(tmp_path: Path) -> None:
    async def main() -> None:
        recording = Tape.record(agenerator(), tmp_path / "x.tape")
        assert isinstance(recording, AsyncRecording)
        assert [event.data async for event in ssescan.aiter_events(recording)] == ["a", "b", "c"]
        assert [piece async for piece in Tape.record(agenerator(), tmp_path / "y.tape")] == PIECES

    asyncio.run(main())
    for name in ("x.tape", "y.tape"):
        assert [chunk.data for chunk in Tape.open(tmp_path / name).chunks] == PIECES


def test_messages_and_translations_are_recorded_as_they_came(tmp_path: Path) -> None:
    data = stream_of("openai-chat")
    reads: list[Any] = [ssescan.stream, ssescan.relay, lambda source: ssescan.transcode(source, "anthropic")]
    for number, read in enumerate(reads):
        path = tmp_path / f"{number}.tape"
        with read(Tape.record([data[:5000], data[5000:]], path)) as stream:
            list(stream)
        assert b"".join(chunk.data for chunk in Tape.open(path).chunks) == data


def failing() -> Iterator[bytes]:
    yield b"data: a\n\n"
    raise ConnectionResetError("gone, see https://me:SECRET@host/?key=SECRET")


def test_error_of_the_source_is_passed_on_and_recorded(tmp_path: Path) -> None:
    path = tmp_path / "x.tape"
    with pytest.raises(ConnectionResetError, match="gone"):
        list(ssescan.iter_events(Tape.record(failing(), path)))
    tape = Tape.open(path)
    assert (tape.outcome, tape.error) == ("failed", "ConnectionResetError: gone, see https://host/")
    with pytest.raises(ConnectionError, match="the recorded stream failed here"):
        list(ssescan.iter_events(tape))


def test_closing_early_ends_the_tape(server: Server, tmp_path: Path) -> None:
    exchange = server.offers(PIECES[0] + PIECES[1], Do.WAIT, PIECES[2])
    with httpx.stream("GET", exchange.url, trust_env=False, timeout=GUARD) as response:
        with ssescan.iter_events(Tape.record(response, tmp_path / "x.tape")) as stream:
            assert next(stream).data == "a"
        assert response.is_closed
    exchange.go()
    unread = Tape.record(PIECES, tmp_path / "y.tape")
    unread.close()
    unread.close()
    assert [Tape.open(tmp_path / name).outcome for name in ("x.tape", "y.tape")] == ["closed", "closed"]


def test_closing_while_another_thread_reads(server: Server, tmp_path: Path) -> None:
    exchange = server.offers(PIECES[0] + PIECES[1], Do.HOLD)
    found = []
    with httpx.stream("GET", exchange.url, trust_env=False, timeout=GUARD) as response:
        stream = ssescan.iter_events(Tape.record(response, tmp_path / "x.tape"))
        found += [next(stream).data, next(stream).data]
        thread = threading.Thread(target=lambda: found.extend(event.data for event in stream))
        thread.start()
        stream.close()
        thread.join()
    assert (found, stream.outcome) == (["a", "b"], "closed")
    assert Tape.open(tmp_path / "x.tape").outcome == "closed"


def test_refusals_are_recorded_with_their_body(server: Server, tmp_path: Path) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(429, headers={"retry-after": "7"}, json={"error": "busy"}))
    with (
        httpx.Client(transport=transport) as client,
        client.stream("POST", "http://host/", json={"model": "m"}) as response,
    ):
        with pytest.raises(ssescan.UnexpectedStatus):
            list(ssescan.iter_events(Tape.record(response, tmp_path / "x.tape")))
    tape = Tape.open(tmp_path / "x.tape")
    assert (tape.status, tape.headers["retry-after"], tape.chunks[0].data) == (429, "7", b'{"error":"busy"}')
    assert tape.request is not None
    assert tape.request.body == {"model": "m"}


def test_compressed_bodies_are_recorded_decoded(server: Server, tmp_path: Path) -> None:
    exchange = server.offers(*PIECES, gzip=True)
    with httpx.stream("GET", exchange.url, trust_env=False, timeout=GUARD) as response:
        list(ssescan.iter_events(Tape.record(response, tmp_path / "x.tape")))
    tape = Tape.open(tmp_path / "x.tape")
    assert b"".join(chunk.data for chunk in tape.chunks) == b"".join(PIECES)
    assert (tape.encoding, "content-encoding" in tape.headers) == ("gzip", False)


def test_times_count_from_the_request(tmp_path: Path) -> None:
    asked_ns = time.perf_counter_ns() - 5_000_000_000
    list(Tape.record(PIECES, tmp_path / "x.tape", asked_ns=asked_ns))
    times = [chunk.time_ns for chunk in Tape.open(tmp_path / "x.tape").chunks]
    assert all(time_ns is not None and time_ns >= 5_000_000_000 for time_ns in times)


@pytest.mark.parametrize("source", ["text", 5, None])
def test_sources_that_cannot_be_read(source: Any, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"record\(\) reads"):
        Tape.record(source, tmp_path / "x.tape")
    assert not (tmp_path / "x.tape").exists()


def test_sync_and_async_are_not_mixed(tmp_path: Path) -> None:
    with Tape.record(PIECES, tmp_path / "x.tape") as recording, pytest.raises(TypeError, match=r"call iter_events\(\)"):
        ssescan.aiter_events(recording)  # type: ignore[call-overload]
    recorded: Any = Tape.record(agenerator(), tmp_path / "x.tape")
    with pytest.raises(TypeError, match=r"call aiter_events\(\)"):
        ssescan.iter_events(recorded)
    asyncio.run(recorded.aclose())


def test_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Tape.record(PIECES, tmp_path / "missing" / "x.tape")
    if os.path.exists("/dev/full"):
        with pytest.raises(OSError, match="/dev/full"):
            Tape.record(PIECES, "/dev/full")


KILLED = """
import itertools, sys
from ssescan.testing import Tape
chunks = (b"data: %d%s\\n\\n" % (number, b"." * (number % 700)) for number in itertools.count())
for chunk in Tape.record(chunks, sys.argv[1]):
    print(chunk.split(b".")[0].decode().strip(), flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this platform has no SIGKILL")
@pytest.mark.parametrize("seed", range(3))
def test_killed_recorder_leaves_every_read(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "x.tape"
    passed = b""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, env=environment()
    ) as process:
        assert process.stdout is not None
        for _ in range(random.Random(seed).randrange(1, 400)):
            passed = process.stdout.readline()
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().splitlines(keepends=True)
    whole = [line for line in [passed, *rest] if line.endswith(b"\n")]
    last = int(whole[-1].split()[1])
    tape = Tape.open(path)
    assert (tape.outcome, tape.note[:10]) == (None, "cut after ")
    assert len(tape.chunks) >= last + 1  # a read is in the file before the reader has it
    assert [int(event.data.partition(".")[0]) for event in ssescan.iter_events(tape)] == list(range(len(tape.chunks)))
    with replay_server(path) as replayed:
        answer = httpx.get(replayed.url, trust_env=False, timeout=GUARD)
    assert answer.content == b"".join(chunk.data for chunk in tape.chunks)
