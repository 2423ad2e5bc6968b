"""Tapes in our own format and as plain files: what they hold, and every reader of ssescan reads them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import ssescan
from ssescan.testing import Chunk, Tape

from .streams import APIS, EVENT_STREAM, pieces_of, stream_of, tape_file, tape_lines

if TYPE_CHECKING:
    from pathlib import Path

CHUNKS = [b"data: a\n", b"\ndata: b\n\nda", b"ta: \xf0\x9f", b"\x98\x80\n\n"]
DATA = ["a", "b", "\U0001f600"]


def data_of(tape: Tape) -> list[str]:
    return [event.data for event in ssescan.iter_events(tape)]


def test_tape_has_every_read_with_its_time(tmp_path: Path) -> None:
    tape = Tape.open(tape_file(tmp_path, CHUNKS))
    assert tape.chunks == tuple(Chunk(number * 1_000_000, chunk) for number, chunk in enumerate(CHUNKS, 1))
    assert (tape.status, tape.headers, tape.outcome, tape.note) == (200, EVENT_STREAM, "ended", "")
    assert (tape.name, tape.size, tape.request) == ("recorded.tape", 30, None)


def test_cut_anywhere_opens_up_to_last_whole_read(tmp_path: Path) -> None:
    whole = tape_lines(CHUNKS)
    ends = [at + 1 for at, byte in enumerate(whole) if byte == 10]
    path = tmp_path / "cut.tape"
    for size in range(1, len(whole) - 1):
        path.write_bytes(whole[:size])
        tape = Tape.open(path)
        # A line whose line feed alone is missing is whole.
        lines = sum(end <= size + 1 for end in ends)
        assert [chunk.data for chunk in tape.chunks] == CHUNKS[: max(0, lines - 1)]
        assert tape.outcome is None
        assert tape.note.startswith("cut ")
        assert b"".join(CHUNKS).startswith(b"".join(chunk.data for chunk in tape.chunks))


def test_note_counts_reads_and_dropped_bytes(tmp_path: Path) -> None:
    path = tmp_path / "cut.tape"
    path.write_bytes(tape_lines(CHUNKS, end=None) + b'{"ns":5,')
    tape = Tape.open(path)
    assert tape.note == "cut after 4 reads: it has no outcome; 8 bytes of an unfinished line were dropped"
    assert tape.note in repr(tape)
    assert data_of(tape) == DATA


def test_plain_file_is_a_tape_without_times(tmp_path: Path) -> None:
    path = tmp_path / "plain.sse"
    path.write_bytes(b"".join(CHUNKS))
    tape = Tape.open(path)
    assert tape.chunks == (Chunk(None, b"".join(CHUNKS)),)
    assert (tape.status, tape.headers, tape.request, tape.outcome, tape.note) == (None, {}, None, None, "")
    assert data_of(tape) == DATA


def test_empty_file_has_no_reads(tmp_path: Path) -> None:
    path = tmp_path / "empty.sse"
    path.write_bytes(b"")
    assert Tape.open(path).chunks == ()


@pytest.mark.parametrize("api", APIS)
def test_every_reader_reads_a_tape(api: Any, tmp_path: Path) -> None:
    data = stream_of(api)
    tape = Tape.open(tape_file(tmp_path, pieces_of(data, 100)))
    expected = ssescan.stream([data]).collect()

    async def read() -> tuple[list[Any], Any, bytes]:
        async with ssescan.aiter_events(tape) as events, ssescan.astream(tape) as parts:
            found = [event async for event in events], await parts.collect()
        async with ssescan.atranscode(tape, api) as made:
            return *found, b"".join([piece async for piece in made])

    events, message, passed = asyncio.run(read())
    assert events == list(ssescan.iter_events(tape)) == list(ssescan.iter_events([data]))
    assert message.to_dict() == ssescan.stream(tape).collect().to_dict() == expected.to_dict()
    assert passed == b"".join(ssescan.transcode(tape, api)) == b"".join(ssescan.relay(tape)) == data


def test_tape_is_the_response_of_its_stream(tmp_path: Path) -> None:
    tape = Tape.open(tape_file(tmp_path, CHUNKS))
    with ssescan.iter_events(tape) as stream:
        assert stream.response is tape
        list(stream)
        assert (stream.outcome, stream.reads) == ("ended", len(CHUNKS))


def test_reads_of_a_stream_index_the_chunks(tmp_path: Path) -> None:
    tape = Tape.open(tape_file(tmp_path, CHUNKS))
    stream = ssescan.iter_events(tape)
    assert [tape.chunks[stream.reads - 1].time_ns for _ in stream] == [2_000_000, 2_000_000, 4_000_000]


def test_refused_responses_are_refused_again(tmp_path: Path) -> None:
    tape = Tape.open(tape_file(tmp_path, [b'{"error": "busy"}'], status=503))
    for read in (ssescan.iter_events, ssescan.stream):
        with pytest.raises(ssescan.UnexpectedStatus) as caught:
            list(read(tape))
        assert (caught.value.status, caught.value.body) == (503, b'{"error": "busy"}')
        assert caught.value.response is tape


def test_content_type_is_checked() -> None:
    page = Tape([b"<html>"], status=200, headers={"Content-Type": "text/html"})
    with pytest.raises(ssescan.UnexpectedContentType):
        list(ssescan.iter_events(page))
    body = Tape(
        [b'{"object": "chat.completion", "choices": []}'], status=200, headers={"content-type": "application/json"}
    )
    assert ssescan.stream(body, strict=False).collect().to_dict()["api"] == "openai-chat"


def test_failed_tape_fails_again_after_its_reads(tmp_path: Path) -> None:
    path = tmp_path / "failed.tape"
    end = b'{"ns":9,"outcome":"failed","error":"ReadError: gone"}\n'
    path.write_bytes(tape_lines(CHUNKS, end=None) + end)
    found = []
    stream = ssescan.iter_events(Tape.open(path))
    with pytest.raises(ConnectionError, match="failed here: ReadError: gone"):
        found += [event.data for event in stream]
    assert stream.outcome == "failed"
    with pytest.raises(ConnectionError):
        asyncio.run(_collect(ssescan.aiter_events(Tape.open(path))))


async def _collect(stream: Any) -> list[Any]:
    async with stream:
        return [event async for event in stream]


def test_a_tape_can_be_made_from_chunks() -> None:
    tape = Tape(
        [(5, b"data: a\n\n"), bytearray(b"data: b\n\n")], status=200, headers={"Content-Type": "text/event-stream"}
    )
    assert tape.chunks == (Chunk(5, b"data: a\n\n"), Chunk(None, b"data: b\n\n"))
    assert data_of(tape) == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"{]", "in line 3 of damaged.tape, got one that is damaged"),
        (b'{"ns":"x"}', "in line 3 of damaged.tape, got one that is damaged"),
        (b'{"ns":5}', "expected a read in line 3 of damaged.tape, got no data; delete that line"),
        (b'{"ns":5,"outcome":"ended"}', "expected a read in line 3 of damaged.tape, got an outcome"),
    ],
)
def test_damage_within_a_tape_is_an_error(line: bytes, text: str, tmp_path: Path) -> None:
    lines = tape_lines(CHUNKS).split(b"\n")
    path = tmp_path / "damaged.tape"
    path.write_bytes(b"\n".join([*lines[:2], line, *lines[2:]]))
    with pytest.raises(ValueError, match=text):
        Tape.open(path)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'{"ssescan_tape":2}\n', "expected a tape of version 1 in x.tape, got version 2"),
        (b'{"ssescan_tape":1}\n{"ns":1,"outcome":"over"}\n', "expected one of the outcomes ended, cut"),
    ],
)
def test_tapes_that_are_not_known_are_errors(data: bytes, text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.tape"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=text):
        Tape.open(path)


@pytest.mark.parametrize("wrong", [5, None, [b"data: x\n\n"], b"data: x\n\n"])
def test_a_tape_is_opened_by_its_path(wrong: Any) -> None:
    with pytest.raises(TypeError, match=rf"a str or os.PathLike, not {type(wrong).__name__}; Tape\("):
        Tape.open(wrong)


@pytest.mark.parametrize("wrong", [5, None, "data: x\n\n", b"data: x\n\n", bytearray(b"x"), memoryview(b"x")])
def test_a_tape_is_made_of_several_chunks(wrong: Any) -> None:
    with pytest.raises(TypeError, match=rf"several chunks, such as \[body\], not of one {type(wrong).__name__}"):
        Tape(wrong)


def test_index_of_a_tape_is_zero(tmp_path: Path) -> None:
    path = tape_file(tmp_path, CHUNKS)
    for index in (1, -1):
        with pytest.raises(
            ValueError, match=r"entry in recorded.tape, got -?1; entries: 0: status 200, text/event-stream"
        ):
            Tape.open(path, index)
    with pytest.raises(TypeError):
        Tape.open(path, "0")  # type: ignore[arg-type]
    with pytest.raises(FileNotFoundError):
        Tape.open(tmp_path / "missing")
