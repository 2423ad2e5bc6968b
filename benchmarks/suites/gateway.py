"""Writing, transcoding and relaying, from memory: beside `json.dumps`, and beside only reading the same chunks.

The work differs: `json.dumps` writes a frame and checks nothing; `Writer` keeps the grammar of its format. A relay with
`on_part` and a Transcoder do all that `stream` does, and return bytes as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import ssescan
from benchmarks.suites import payloads
from benchmarks.suites.measure import Group, Lab, Run, Target
from benchmarks.suites.providers import COUNT, FEW, MANY, SAME_PER_EVENT
from ssescan.providers import TextDelta

WRITER, WRITER_TEXT, BY_HAND = "Writer.write", "Writer.text", "json.dumps"
TRANSCODER, RELAY, RELAY_PARTS = "Transcoder", "Relay", "Relay, on_part"
STREAM, EVENTS = "stream", "iter_events"
SOURCE: Any = "openai-chat"
TARGET: Any = "anthropic"
START = {"id": "chatcmpl-0b1946Kq3mZtVx", "model": "gpt-small-2026", "created": 1790000000}


def frame_by_hand(text: str) -> bytes:
    """Return the frame that a server without a writer makes."""
    chunk = {
        "id": START["id"],
        "object": "chat.completion.chunk",
        "created": START["created"],
        "model": START["model"],
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}],
    }
    return f"data: {json.dumps(chunk)}\n\n".encode()


def writer() -> Any:
    """Return a writer that has written its first text: what comes once is not measured."""
    made = ssescan.Writer(SOURCE, **START)  # type: ignore[arg-type]
    made.text("the")
    return made


def write_all(write: Any, texts: Iterable[Any]) -> list[bytes]:
    return [write(text) for text in texts]


def writer_group() -> Group:
    def build(lab: Lab, count: int) -> dict[str, Run]:
        texts = [" " + word for word in payloads.words(count)]
        parts = [TextDelta(text=text) for text in texts]
        for text, part in zip(texts, parts, strict=True):
            frames = frame_by_hand(text), writer().text(text), writer().write(part)
            if len({text_of(frame) for frame in frames}) != 1:
                raise AssertionError(f"not the same text: {frames}")
        return {
            WRITER: Run(lambda: write_all(writer().write, parts)),
            WRITER_TEXT: Run(lambda: write_all(writer().text, texts)),
            BY_HAND: Run(lambda: write_all(frame_by_hand, texts)),
        }

    target = Target("Writer, a text frame of openai-chat, against json.dumps", WRITER, BY_HAND, 12)
    return Group("Writer, text frames of openai-chat", build, (WRITER, WRITER_TEXT, BY_HAND), COUNT, (target,))


def text_of(frame: bytes) -> str:
    text: str = json.loads(frame.removeprefix(b"data: "))["choices"][0]["delta"]["content"]
    return text


def passed(core: Any, chunks: list[bytes]) -> Any:
    """Pass chunks through a Transcoder or a Relay; return it."""
    feed = core.feed
    for chunk in chunks:
        feed(chunk)
    core.close()
    return core


def relay_of_parts() -> ssescan.Relay:
    return ssescan.Relay(on_part=lambda part: None)


def read_events(chunks: list[bytes]) -> None:
    for event in ssescan.iter_events(chunks):
        event.data  # noqa: B018 - reading it is what is measured


def read_parts(chunks: list[bytes]) -> str:
    stream = ssescan.stream(chunks)
    for _ in stream:
        pass
    return stream.message.text


def runs_of(count: int) -> dict[str, Run]:
    """Return the runs over one stream. Raises AssertionError unless all read the same text."""
    chunks = payloads.whole_chat(count)
    cores: dict[str, Any] = {
        TRANSCODER: lambda: ssescan.Transcoder(TARGET),
        RELAY: ssescan.Relay,
        RELAY_PARTS: relay_of_parts,
    }
    text = read_parts(chunks)
    for name, make in cores.items():
        if passed(make(), chunks).message.text != text:
            raise AssertionError(f"{name} reads something else")
    runs = {name: Run(lambda make=make: passed(make(), chunks)) for name, make in cores.items()}  # type: ignore[misc]
    return runs | {STREAM: Run(lambda: read_parts(chunks)), EVENTS: Run(lambda: read_events(chunks))}


def gateway_group(count: int) -> Group:
    targets = (
        Target(f"{SOURCE} to {TARGET}, {count:,} events, against stream", TRANSCODER, STREAM, 3, faster=False),
        Target(f"Relay, {count:,} events, against iter_events", RELAY, EVENTS, 1.5, faster=False),
        Target(f"Relay with on_part, {count:,} events, against stream", RELAY_PARTS, STREAM, 1.3, faster=False),
    )
    return Group(
        f"{SOURCE}, transcoded and relayed, {count:,} events",
        lambda lab, size: runs_of(size),
        (TRANSCODER, RELAY, RELAY_PARTS, STREAM, EVENTS),
        count,
        targets,
        rounds=7,
        attempts=3,
    )


def growth_group() -> Group:
    def build(lab: Lab, count: int) -> dict[str, Run]:
        few, many = (runs_of(size)[TRANSCODER] for size in (count // 10, count))
        return {FEW: Run(lambda: [few.call() for _ in range(10)]), MANY: many}

    target = Target(
        f"{SOURCE} to {TARGET}: an event of {10 * COUNT:,}, against one of {COUNT:,}",
        MANY,
        FEW,
        SAME_PER_EVENT,
        faster=False,
    )
    name = f"{SOURCE} to {TARGET}, {MANY}"
    return Group(name, build, (FEW, MANY), 10 * COUNT, (target,), rounds=7, attempts=3)


GROUPS = [writer_group(), gateway_group(COUNT), gateway_group(10 * COUNT), growth_group()]
