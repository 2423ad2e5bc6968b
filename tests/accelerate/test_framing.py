"""Streams that the standard allows, and that an SDK can read only with acceleration. The docs list them.

Each is compared with what the SDK alone makes of the same stream, written in a way that it can read.
"""

from __future__ import annotations

from typing import Any

import pytest

import ssescan

from .sdks import ENDS_OF_LINES, MISREADS_LINES, read_stream, read_stream_async

pytestmark = pytest.mark.filterwarnings("ignore")

CHUNK = b'{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"%b"}}]}'
DELTA = b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"%b"}}'
PART = b'{"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"%b"}]}}]}'
A, B = CHUNK % b"a", CHUNK % b"b"
EVENT = b"event: content_block_delta\ndata: "
BOM = b"\xef\xbb\xbf"

# The case, the SDK, the stream, and the same stream written so that the SDK alone can read it.
CASES: tuple[tuple[str, str, bytes, bytes], ...] = (
    # A byte order mark at the start: 9.2.5, "decoding by UTF-8 decode".
    ("mark", "openai-chat", BOM + b"data: " + A + b"\n\n", b"data: " + A + b"\n\n"),
    ("mark", "anthropic", BOM + EVENT + DELTA % b"a" + b"\n\n", EVENT + DELTA % b"a" + b"\n\n"),
    ("mark", "gemini", BOM + b"data: " + PART % b"a" + b"\n\n", b"data: " + PART % b"a" + b"\n\n"),
    # Bytes that are not UTF-8 are replaced: the same section.
    ("not UTF-8", "openai-chat", b"data: " + CHUNK % b"\xff" + b"\n\n", b"data: " + CHUNK % "\ufffd".encode() + b"\n\n"),
    ("not UTF-8", "anthropic", EVENT + DELTA % b"\xff" + b"\n\n", EVENT + DELTA % "\ufffd".encode() + b"\n\n"),
    # Blocks without data are not dispatched: 9.2.6, "if the data buffer is an empty string".
    ("no data", "openai-chat", b"event: ping\n\ndata: " + A + b"\n\n", b"data: " + A + b"\n\n"),
    ("no data", "openai-chat", b"retry: 3000\n\ndata: " + A + b"\n\n", b"data: " + A + b"\n\n"),
    ("no data", "openai-chat", b"id: 1\n\ndata: " + A + b"\n\n", b"data: " + A + b"\n\n"),
    # Blank lines and comments after an id: the same.
    ("id", "openai-chat", b"id: 1\ndata: " + A + b"\n\n\ndata: " + B + b"\n\n", b"data: " + A + b"\n\ndata: " + B + b"\n\n"),
    ("id", "openai-chat", b"id: 1\ndata: " + A + b"\n\n: ping\n\ndata: " + B + b"\n\n", b"data: " + A + b"\n\ndata: " + B + b"\n\n"),
    # Fields that google-genai reads as lines of JSON.
    ("comment", "gemini", b": ping\n\ndata: " + PART % b"a" + b"\n\n", b"data: " + PART % b"a" + b"\n\n"),
    ("event", "gemini", b"event: message\ndata: " + PART % b"a" + b"\n\n", b"data: " + PART % b"a" + b"\n\n"),
    ("id", "gemini", b"id: 1\ndata: " + PART % b"a" + b"\n\n", b"data: " + PART % b"a" + b"\n\n"),
    ("retry", "gemini", b"retry: 1\ndata: " + PART % b"a" + b"\n\n", b"data: " + PART % b"a" + b"\n\n"),
    # Line separators within JSON, at which older versions of google-genai end a line.
    *[("line separator", "gemini", b"data: " + PART % raw + b"\n\n", b"data: " + PART % escape + b"\n\n") for raw, escape in ENDS_OF_LINES.items() if MISREADS_LINES],
    ("no space", "gemini", b"data:" + PART % b"a" + b"\n\n", b"data: " + PART % b"a" + b"\n\n"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("sdk", "body", "readable"), [case[1:] for case in CASES], ids=[f"{case[1]}-{case[0]}" for case in CASES]
)
def test_unreadable_for_the_sdk_is_read(sdk: str, body: bytes, readable: bytes) -> None:
    plain, expected, expected_async = (
        read_stream(sdk, [body]),
        read_stream(sdk, [readable]),
        read_stream_async(sdk, [readable]),
    )
    assert plain != expected, "the SDK can read it now: remove it from the docs"
    with ssescan.accelerate():
        assert read_stream(sdk, [body]) == expected
        assert read_stream(sdk, [body[at : at + 1] for at in range(len(body))]) == expected
        assert read_stream_async(sdk, [body]) == expected_async


# Streams written in all ways that the standard allows and the SDKs read.
def spelled(data: list[bytes], head: bytes = b"") -> list[bytes]:
    def joined(end: bytes, space: bytes = b" ", before: bytes = b"", after: bytes = b"") -> bytes:
        return b"".join(before + head.replace(b"\n", end) + b"data:" + space + one + end + end + after for one in data)

    return [
        joined(b"\n"),
        joined(b"\r\n"),
        joined(b"\r"),
        joined(b"\n", after=b"\n\n\n"),
        joined(b"\n", before=b"unknown: x\nunknown\n"),
        joined(b"\n", space=b""),
        joined(b"\n", before=b": comment\n"),
        joined(b"\n", before=b"id: 5\n"),
        joined(b"\n", before=b"retry: 5\nid\n"),
        joined(b"\n")[:-1],
        joined(b"\n")[:-2],
        joined(b"\n")[:-9],
    ]


@pytest.mark.parametrize(
    ("sdk", "bodies"),
    [
        ("openai-chat", spelled([A, B, b"[DONE]"])),
        ("anthropic", spelled([DELTA % b"a", DELTA % b"b"], b"event: content_block_delta\n")),
        (
            "gemini",
            [body for number, body in enumerate(spelled([PART % b"a", PART % b"b"])) if number not in (4, 5, 6, 7, 8)],
        ),
    ],
    ids=["openai", "anthropic", "gemini"],
)
def test_spellings_and_chunks_yield_the_same(sdk: str, bodies: list[bytes]) -> None:
    plain: list[Any] = [read_stream(sdk, [body]) for body in bodies]
    with ssescan.accelerate():
        for body, expected in zip(bodies, plain, strict=True):
            for size in (len(body), 1, 2, 3, 7, 50):
                chunks = [body[at : at + size] for at in range(0, len(body), size)]
                assert read_stream(sdk, chunks) == expected, (body, size)
                assert read_stream(sdk, [b"", *chunks, b""]) == expected
