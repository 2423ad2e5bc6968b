"""The streams that are measured: real shapes, made here, so that every run has the same bytes and nobody's text.

Knows nothing of scanners and peers. A stream is a list of whole events, each with its blank line; `cut` makes chunks.
"""

from __future__ import annotations

from itertools import cycle, islice

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

KIB = 1024
MIB = 1024 * KIB

# How a stream reaches us. One event a chunk is how models send; 64 bytes is a slow proxy; 16 KiB is the record size of
# TLS, and 64 KiB what is read at once when a stream was waiting.
CUTS: dict[str, int | None] = {
    "event": None,
    "64 B": 64,
    "1 KiB": KIB,
    "4 KiB": 4 * KIB,
    "16 KiB": 16 * KIB,
    "64 KiB": 64 * KIB,
}

OPENAI_EVENT_SIZE = 258  # bytes, "data: " and the blank line included

TEXT = (
    "the river carries small stones down to a valley where old mills turn slowly and people mend their nets "
    "before evening while someone counts boats that come home late with empty baskets"
)
WORDS = TEXT.split()

# Two, three and four bytes a character, and ASCII between them, as in running text.
MULTIBYTE_TEXT = (
    "größer übermütig naïve château Ελλάδα θάλασσα море весна 川の水 静かな朝 小石 한강 바람이 🌊 🚣 שלום नदी"
)
MULTIBYTE_WORDS = MULTIBYTE_TEXT.split()


class Workload:
    """A named stream. `make(count)` gives that many events; `count` is how many the benchmarks take."""

    # No dataclass: linearity.py starts this file hundreds of times under valgrind, where importing that takes a second.

    def __init__(self, name: str, make: Callable[[int], list[bytes]], count: int) -> None:
        self.name = name
        self.make = make
        self.count = count

    def events(self) -> list[bytes]:
        return self.make(self.count)


def openai_chat(count: int) -> list[bytes]:
    """Events of an OpenAI chat completion, of 258 bytes each; padded as the real ones are, by their `obfuscation`."""
    events = []
    for word in islice(cycle(WORDS), count):
        head = (
            'data: {"id":"chatcmpl-0b1946Kq3mZtVx","object":"chat.completion.chunk","created":1790000000,'
            '"model":"gpt-small-2026","service_tier":"default","choices":[{"index":0,"delta":{"content":" '
            f'{word}"}},"finish_reason":null}}],"obfuscation":"'
        )
        tail = '"}\n\n'
        padding = "Zk7Qw3Rt9Lp2" * 3
        events.append((head + padding[: OPENAI_EVENT_SIZE - len(head) - len(tail)] + tail).encode())
    return events


def anthropic_messages(count: int) -> list[bytes]:
    """Small events that are named twice, in an `event:` line and in the JSON; every twentieth is a ping."""
    events = []
    for index, word in enumerate(islice(cycle(WORDS), count)):
        if index % 20 == 19:
            events.append(b'event: ping\ndata: {"type": "ping"}\n\n')
        else:
            events.append(
                b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":'
                b'{"type":"text_delta","text":" ' + word.encode() + b'"}      }\n\n'
            )
    return events


def gemini(count: int) -> list[bytes]:
    """Few and large events, with CRLF line ends."""
    text = " ".join(islice(cycle(WORDS), 400))
    return [
        (
            'data: {"candidates": [{"content": {"parts": [{"text": "' + f"{index}: {text}" + '"}],"role": "model"},'
            '"index": 0}],"usageMetadata": {"promptTokenCount": 9,"candidatesTokenCount": 512,"totalTokenCount": 521},'
            '"modelVersion": "gemini-small"}\r\n\r\n'
        ).encode()
        for index in range(count)
    ]


def multibyte(count: int) -> list[bytes]:
    """Chat events with text that is not escaped and mostly not ASCII."""
    words = cycle(MULTIBYTE_WORDS)
    return [
        (
            'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"'
            + " ".join(islice(words, 12))
            + '"}}]}\n\n'
        ).encode()
        for _ in range(count)
    ]


def tiny(count: int) -> list[bytes]:
    """Events that are hardly more than their framing: token streams of home-made servers."""
    return [b"data: " + word.encode() + b"\n\n" for word in islice(cycle(WORDS), count)]


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("openai_chat", openai_chat, 4000),
        Workload("anthropic_messages", anthropic_messages, 4000),
        Workload("gemini", gemini, 400),
        Workload("multibyte", multibyte, 4000),
        Workload("tiny", tiny, 10_000),
    )
}


def cut(events: list[bytes], size: int | None) -> list[bytes]:
    """Make chunks: one event each (None), or pieces of `size` bytes whatever lies in them."""
    if size is None:
        return list(events)
    stream = b"".join(events)
    return [stream[start : start + size] for start in range(0, len(stream), size)]


def one_event(size: int, chunk_size: int) -> list[bytes]:
    """One event of about `size` bytes: a single data line, as an image in base64 makes it, and its blank line."""
    line = b"data: " + b"iVBORw0KGgoAAAANSUhEUgAA" * (size // 24)
    return cut([line + b"\n\n"], chunk_size)
