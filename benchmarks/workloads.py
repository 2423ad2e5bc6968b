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

# Of an event, "data: " and the blank line included; bytes.
OPENAI_EVENT_SIZE = 258
IMAGE_SIZE = 4 * MIB

TEXT = (
    "the river carries small stones down to a valley where old mills turn slowly and people mend their nets "
    "before evening while someone counts boats that come home late with empty baskets"
)
WORDS = TEXT.split()

# Two, three and four bytes a character, and ASCII between them, as in running text. Chinese has no spaces, and some
# emoji are several characters.
MULTIBYTE_TEXT = (
    "größer übermütig naïve château Ελλάδα θάλασσα море весна 河水把小石头带到山谷里。 老水磨慢慢地转。 "
    "川の水 静かな朝 한강 바람이 🌊 🚣🏽 👩‍🌾 🇫🇷 שלום नदी"
)
MULTIBYTE_WORDS = MULTIBYTE_TEXT.split()

BASE64 = b"iVBORw0KGgoAAAANSUhEUgAA"  # how a PNG begins


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


def openai_responses(count: int) -> list[bytes]:
    """Text deltas of OpenAI Responses: named twice, as Anthropic's, and numbered; without what begins and ends them."""
    return [
        (
            'event: response.output_text.delta\ndata: {"type":"response.output_text.delta",'
            f'"sequence_number":{number},"item_id":"msg_1","output_index":0,"content_index":0,"delta":" {word}",'
            '"logprobs":[],"obfuscation":"Zk7Qw3Rt9Lp2"}\n\n'
        ).encode()
        for number, word in enumerate(islice(cycle(WORDS), count))
    ]


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


def image(count: int, size: int = IMAGE_SIZE) -> list[bytes]:
    """Chat events of `size` bytes each, with an image in base64: one line, and nothing in it that escapes."""
    head = (
        b'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"images":[{"type":"image_url",'
        b'"image_url":{"url":"data:image/png;base64,'
    )
    tail = b'"}}]}}]}'
    room = (size - len(head) - len(tail) - 2) // 4 * 4
    pixels = (BASE64 * (room // len(BASE64) + 1))[:room]
    # JSON may have spaces at its end: with them, the size is met to the byte.
    return [(head + pixels + tail).ljust(size - 2) + b"\n\n"] * count


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("openai_chat", openai_chat, 4000),
        Workload("openai_responses", openai_responses, 4000),
        Workload("anthropic_messages", anthropic_messages, 4000),
        Workload("gemini", gemini, 400),
        Workload("multibyte", multibyte, 4000),
        Workload("tiny", tiny, 10_000),
    )
}

# Not among the others, of which a test may want a hundred events in pieces of a few bytes.
IMAGE = Workload("image", image, 1)


def cut(events: list[bytes], size: int | None) -> list[bytes]:
    """Make chunks: one event each (None), or pieces of `size` bytes whatever lies in them."""
    if size is None:
        return list(events)
    stream = b"".join(events)
    return [stream[start : start + size] for start in range(0, len(stream), size)]


def one_event(size: int, chunk_size: int) -> list[bytes]:
    """One event of about `size` bytes: a single data line, as an image in base64 makes it, and its blank line."""
    line = b"data: " + BASE64 * (size // len(BASE64))
    return cut([line + b"\n\n"], chunk_size)
