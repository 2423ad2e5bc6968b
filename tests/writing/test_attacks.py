"""Recorded streams, cut anywhere and with errors of every shape: what comes out never claims a success that was none.

`--attacks` sets how many streams are attacked for each format that is written; each has a number, which a failure
names, and which makes the same attack again.
"""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ssescan import Relay, UnknownFormat, stream
from ssescan.providers import format_writer

from .formats import FIXED, READ_AGAIN, WRITTEN, bodies, check, read_again, transcoded
from .test_transcoder import pieces

if TYPE_CHECKING:
    from pathlib import Path

    from ssescan.providers import Message

ATTACKS = 300
LARGEST = 60_000  # bytes of a recorded stream
CHAT_ERRORS = (
    b'data: {"error":{"message":"busy","type":"server_error","code":500}}',
    b'data: {"error":"busy"}',
    b'event: error\ndata: {"message":"busy"}',
    b'event: error\ndata: busy',
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"error"}],"error":{"code":502,"message":"busy"}}',
    b'data: {"choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null,"error":{"code":502}}]}',
    b'data: {"object":"error","message":"busy","type":"x","code":400}',
    b'data: {"detail":"busy"}',
    b'{"error":{"message":"busy"}}',
    b'error: {"message":"busy"}',
    b'error: busy',
    b'data: {"id": ',
    b'data: <html>502 Bad Gateway</html>',
)  # fmt: skip
ERRORS: dict[str, tuple[bytes, ...]] = {
    "openai-chat": CHAT_ERRORS,
    "openai-responses": (
        b'event: error\ndata: {"type":"error","code":"server_error","message":"busy","sequence_number":3}',
        b'data: {"type":"error","error":{"code":"server_error","message":"busy"}}',
        b'event: response.failed\ndata: {"type":"response.failed","response":{"id":"r","status":"failed","output":[]}}',
        b'data: {"type":"response.incomplete","response":{"id":"r","status":"incomplete","output":[]}}',
        b'data: {"error":{"message":"busy"}}',
        b'data: {"type":"response.output_text.delta","delta": ',
    ),
    "anthropic": (
        b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"busy"}}',
        b'event: error\ndata: {"type":"overloaded_error","message":"busy"}',
        b'data: {"error":{"message":"busy"}}',
        b'event: content_block_delta\ndata: {"type":',
    ),
    "gemini": (
        b'data: {"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}',
        b'data: [{"error":{"code":503,"message":"busy"}}]',
        b'data: {"promptFeedback":{"blockReason":"OTHER"}}',
        b'data: {"candidates":[{"finishReason":"OTHER"}],',
    ),
    "gemini-interactions": (
        b'event: error\ndata: {"event_type":"error","error":{"message":"busy","code":"x"}}',
        b'data: {"error":{"message":"busy"}}',
        b'data: {"event_type":',
    ),
}  # fmt: skip


class Attack(NamedTuple):
    """A damaged stream. `name`: of the recorded one, and the attack's number."""

    name: str
    data: bytes
    api: str | None


def attacks(shared: Path, count: int) -> list[Attack]:
    """Return so many attacks, always the same: cuts anywhere and between events, and errors between events."""
    streams = [(name, data, message.api) for name, data, message in bodies(shared) if len(data) < LARGEST]
    made = []
    for number in range(count):
        rnd = random.Random(number)
        name, data, api = rnd.choice(streams)
        made.append(Attack(f"{name}, attack {number}", attacked(data, str(api), rnd), api))
    return made


def attacked(data: bytes, api: str, rnd: random.Random) -> bytes:
    """Return a stream cut, or with an error in it, after which it may go on."""
    blank = b"\r\n\r\n" if b"\r\n\r\n" in data else b"\n\n"
    ends = [0] + [at + len(blank) for at in range(len(data)) if data.startswith(blank, at)]
    kind = rnd.choice(("cut", "cut between events", "error", "error", "error and the rest"))
    if kind == "cut":
        return data[: rnd.randrange(len(data) + 1)]
    at = rnd.choice(ends)
    if kind == "cut between events":
        return data[:at]
    error = rnd.choice(ERRORS[api]) + blank
    return data[:at] + error + (data[at:] if kind == "error and the rest" else b"")


def read(data: bytes) -> Message:
    """Read what a stream has, whether or not it shows a format."""
    one = stream(data, strict=False)
    try:
        return one.collect()
    except UnknownFormat:
        return one.message


def is_whole(message: Message) -> bool:
    return message.complete and not message.errors


@pytest.fixture
def same_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make every writer use the same id and time, also for an error before the first event."""
    monkeypatch.setattr(format_writer, "secrets", SimpleNamespace(token_hex=lambda size: "0" * 2 * size))
    monkeypatch.setattr(format_writer, "time", SimpleNamespace(time=lambda: 1))


@pytest.mark.usefixtures("same_ids")
@pytest.mark.parametrize("to", WRITTEN)
def test_no_attack_comes_out_as_a_success(shared: Path, request: pytest.FixtureRequest, to: Any) -> None:
    for name, data, api in attacks(shared, request.config.getoption("--attacks") or ATTACKS):
        options = FIXED if api != to else {}
        out, _ = transcoded(to, [data], **options)
        assert transcoded(to, pieces(data, name), **options)[0] == out, f"{name}: the bytes depend on the cuts"
        ends_well = is_whole(read(out)) if api == to else check(to, out)
        assert not ends_well or is_whole(read(data)), name
        if to in READ_AGAIN and api != to and out:
            assert read_again(to, out).complete == ends_well, name


def test_a_relay_reads_an_attack_as_a_stream_does(shared: Path, request: pytest.FixtureRequest) -> None:
    for name, data, _ in attacks(shared, request.config.getoption("--attacks") or ATTACKS):
        one = Relay()
        for piece in pieces(data, name):
            assert one.feed(piece) == piece, name
        assert one.close() == b"", name
        assert one.message == read(data), name
