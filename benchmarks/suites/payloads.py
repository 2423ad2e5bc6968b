"""The streams that are measured: the shapes of real ones, made here, so that every run has the same bytes.

Knows nothing of scanners and peers. A stream is a list of whole events, each with its blank line; `cut` makes chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import cycle, islice
from typing import NamedTuple

KIB = 1024
MIB = 1024 * KIB

# How a stream arrives. One event a chunk is how models send; 64 bytes is a slow proxy; 16 KiB is the record size of
# TLS, and 64 KiB is one read of a stream that was waiting.
CUTS: dict[str, int | None] = {"event": None, "64 B": 64, **{f"{n} KiB": n * KIB for n in (1, 4, 16, 64)}}

# Of an event, "data: " and the blank line included; bytes.
OPENAI_EVENT_SIZE = 258
IMAGE_SIZE = 4 * MIB

TEXT = (
    "the river carries small stones down to a valley where old mills turn slowly and people knot their nets "
    "before evening while someone counts boats that come home late with empty baskets"
)
WORDS = TEXT.split()

# Two, three and four bytes a character, and ASCII between them, as in running text. Some emoji are several characters.
MULTIBYTE_TEXT = (
    "größer übermütig naïve château Ελλάδα θάλασσα море весна 河水把小石头带到山谷里。 老水磨慢慢地转。 "
    "川の水 静かな朝 한강 바람이 🌊 🚣🏽 👩‍🌾 🇫🇷 שלום नदी"
)
MULTIBYTE_WORDS = MULTIBYTE_TEXT.split()

BASE64 = b"iVBORw0KGgoAAAANSUhEUgAA"  # how a PNG begins


def words(count: int) -> Iterable[str]:
    return islice(cycle(WORDS), count)


def openai_chat(count: int) -> list[bytes]:
    """Text deltas of OpenAI Chat, 258 bytes each; padded by `obfuscation`, as real ones are."""
    events = []
    for word in words(count):
        head = (
            'data: {"id":"chatcmpl-0b1946Kq3mZtVx","object":"chat.completion.chunk","created":1790000000,'
            '"model":"gpt-small-2026","service_tier":"default","choices":[{"index":0,"delta":{"content":" '
            f'{word}"}},"finish_reason":null}}],"obfuscation":"'
        )
        tail = '"}\n\n'
        padding = "Zk7Qw3Rt9Lp2" * 3
        events.append((head + padding[: OPENAI_EVENT_SIZE - len(head) - len(tail)] + tail).encode())
    return events


def whole_chat(count: int) -> list[bytes]:
    """Make the same with the events that end the stream."""
    finish = (
        b'data: {"id":"chatcmpl-0b1946Kq3mZtVx","object":"chat.completion.chunk","created":1790000000,'
        b'"model":"gpt-small-2026","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    )
    return [*openai_chat(count), finish, b"data: [DONE]\n\n"]


def openai_responses(count: int) -> list[bytes]:
    """Text deltas of OpenAI Responses, with the events around them; the name stands in a line and in the JSON."""
    response = (
        '{"id":"resp_1","object":"response","created_at":1790000000,"model":"gpt-small-2026","output":[],'
        '"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"status":"%s"}'
    )
    item = '"output_index":0,"item":{"id":"msg_1","type":"message","role":"assistant","status":"%s","content":[]}'
    place = '"item_id":"msg_1","output_index":0,"content_index":0'
    part = '"part":{"type":"output_text","text":"","annotations":[],"logprobs":[]}'
    fields = [
        ("created", f'"response":{response % "in_progress"}'),
        ("output_item.added", item % "in_progress"),
        ("content_part.added", f"{place},{part}"),
        *(
            ("output_text.delta", f'{place},"delta":" {word}","logprobs":[],"obfuscation":"Zk7Qw3Rt9Lp2"')
            for word in words(count)
        ),
        ("output_item.done", item % "completed"),
        ("completed", f'"response":{response % "completed"}'),
    ]
    return [
        f'event: response.{name}\ndata: {{"type":"response.{name}","sequence_number":{number},{rest}}}\n\n'.encode()
        for number, (name, rest) in enumerate(fields)
    ]


def anthropic_messages(count: int) -> list[bytes]:
    """Small events, named in a line and in the JSON; every twentieth is a ping. Without their begin and end."""
    delta = (
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        '"delta":{"type":"text_delta","text":" %s"}      }\n\n'
    )
    ping = b'event: ping\ndata: {"type": "ping"}\n\n'
    return [ping if number % 20 == 19 else (delta % word).encode() for number, word in enumerate(words(count))]


def whole_anthropic(count: int) -> list[bytes]:
    """Make the same with the events around them."""
    message = (
        '"message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-small","content":[],'
        '"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}'
    )
    delta = '"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":512}'
    around = {
        "message_start": message,
        "content_block_start": '"index":0,"content_block":{"type":"text","text":""}',
        "content_block_stop": '"index":0',
        "message_delta": delta,
        "message_stop": "",
    }
    start, block, *end = (
        f'event: {name}\ndata: {{"type":"{name}"{"," if rest else ""}{rest}}}\n\n'.encode()
        for name, rest in around.items()
    )
    return [start, block, *anthropic_messages(count), *end]


def gemini_event(number: int, text: str, last: bool) -> bytes:
    """One response of Gemini: with CRLF, and the usage in each, as the service sends them."""
    finish = '"finishReason": "STOP",' if last else ""
    return (
        f'data: {{"candidates": [{{"content": {{"parts": [{{"text": " {text}"}}],"role": "model"}},{finish}'
        f'"index": 0}}],"usageMetadata": {{"promptTokenCount": 9,"candidatesTokenCount": {number},'
        f'"totalTokenCount": {number + 9}}},"modelVersion": "gemini-small-2026","responseId": "kq3mZtVx0b1946Kq"}}'
        "\r\n\r\n"
    ).encode()


def gemini(count: int) -> list[bytes]:
    """Few and large events, of about 2.5 KiB."""
    text = " ".join(words(400))
    return [gemini_event(number, f"{number}: {text}", number == count - 1) for number in range(count)]


def small_gemini(count: int) -> list[bytes]:
    """Events of about 250 bytes."""
    return [gemini_event(number, word, number == count - 1) for number, word in enumerate(words(count))]


def gemini_interactions(count: int) -> list[bytes]:
    """Text deltas of Gemini Interactions, with the events around them; `event_type` comes last, as it is sent."""
    interaction = '"interaction":{"id":"v1_1","status":"%s","object":"interaction","model":"gemini-small-2026"}'
    fields = [
        ("interaction.created", interaction % "in_progress"),
        ("step.start", '"index":0,"step":{"type":"model_output"}'),
        *(("step.delta", f'"index":0,"delta":{{"text":" {word}","type":"text"}}') for word in words(count)),
        ("step.stop", '"index":0'),
        ("interaction.completed", interaction % "completed"),
    ]
    return [f'event: {name}\ndata: {{{rest},"event_type":"{name}"}}\n\n'.encode() for name, rest in fields]


def multibyte(count: int) -> list[bytes]:
    """Chat events with text that is not escaped and mostly not ASCII."""
    source = cycle(MULTIBYTE_WORDS)
    head, tail = 'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"', '"}}]}\n\n'
    return [(head + " ".join(islice(source, 12)) + tail).encode() for _ in range(count)]


def tiny(count: int) -> list[bytes]:
    """Events that are hardly more than their framing: token streams of home-made servers."""
    return [b"data: " + word.encode() + b"\n\n" for word in words(count)]


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


class Stream(NamedTuple):
    """A kind of stream, and how many of its events the benchmarks read."""

    make: Callable[[int], list[bytes]]
    events: int


STREAMS: dict[str, Stream] = {
    "openai_chat": Stream(openai_chat, 4000),
    "openai_responses": Stream(openai_responses, 4000),
    "anthropic_messages": Stream(anthropic_messages, 4000),
    "gemini": Stream(gemini, 400),
    "multibyte": Stream(multibyte, 4000),
    "tiny": Stream(tiny, 10_000),
    "image": Stream(image, 1),
}

# The streams that a model's answer is read from, by the name of their API.
ANSWERS: dict[str, Callable[[int], list[bytes]]] = {
    "openai-chat": whole_chat,
    "openai-responses": openai_responses,
    "anthropic": whole_anthropic,
    "gemini": small_gemini,
    "gemini-interactions": gemini_interactions,
}


def json_of(events: Iterable[bytes]) -> list[bytes]:
    """Return the JSON of each event."""
    payloads = [event.partition(b"data: ")[2].rstrip() for event in events]
    return [payload for payload in payloads if payload != b"[DONE]"]


def cut(events: list[bytes], size: int | None) -> list[bytes]:
    """Return chunks: one event each (None), or pieces of `size` bytes across the bounds of events."""
    if size is None:
        return list(events)
    stream = b"".join(events)
    return [stream[start : start + size] for start in range(0, len(stream), size)]


def one_event(size: int, chunk_size: int) -> list[bytes]:
    """Return one event of about `size` bytes in chunks: a single data line, as an image in base64 makes it."""
    line = b"data: " + BASE64 * (size // len(BASE64))
    return cut([line + b"\n\n"], chunk_size)
