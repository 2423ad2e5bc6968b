"""Streams full of damaged events: each makes an Error, and costs about as much as a valid event of its size."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ssescan import stream
from ssescan.providers.payloads import NotJson, load, values

from .assertions import framed
from .hostile import BEGIN, ENDS, SAYS, both
from .test_hostile_generated import peak

if TYPE_CHECKING:
    from types import FrameType

DAMAGED = {
    "a word": (b"data: x\n\n", 35),
    "braces": (b"data: {x}\n\n", 40),
    "a value is missing": (b'data: {"a":}\n\n', 41),
    "a number too many": (b"data: 1 2\n\n", 44),
    "a list that was cut": (b"data: [\n\n", 43),
    "two lines": (b"data: x\ndata: y\n\n", 45),
    "two objects that were cut": (b"data: {\ndata: {\n\n", 60),
    "twenty lines": (b"data: x\n" * 20 + b"\n", 120),
    "an error without words": (b"error:\n", 35),
    "a stray line": (b"x\n", 12),
    "an empty object": (b"data: {}\n\n", 60),
}


def calls(api: str | None, source: bytes) -> int:
    """Return the number of calls of Python and C functions that make parts of a stream, without the scanner's."""
    count = 0

    def profile(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += frame.f_globals.get("__name__", "").startswith(("ssescan.providers", "json"))

    parts = stream(source, api, strict=False)  # type: ignore[arg-type]
    sys.setprofile(profile)
    try:
        for _ in parts:
            pass
    finally:
        sys.setprofile(None)
    return count


@both
@pytest.mark.parametrize(("event", "most"), DAMAGED.values(), ids=DAMAGED)
def test_damaged_event_needs_few_calls(api: str, event: bytes, most: int) -> None:
    for named in (api, None):
        few, many = (
            calls(named, framed(*BEGIN[api], SAYS[api]("a")) + event * number + framed(*ENDS[api]))
            for number in (100, 300)
        )
        assert (many - few) / 200 <= most


@both
@pytest.mark.parametrize("event", [b"error:\n", b"error:{}\n", b'data: {"error":1}\n\n'])
def test_endless_errors_take_bounded_memory(api: str, event: bytes) -> None:
    few, many = (framed(*BEGIN[api], SAYS[api]("a")) + event * count for count in (2_000, 10_000))
    assert (peak(many, api) - peak(few, api)) / (len(many) - len(few)) < 30, "bytes of memory a byte of the stream"


@both
def test_first_hundred_damaged_events_are_kept(api: str) -> None:
    parts = stream(framed(*BEGIN[api], SAYS[api]("a")) + b"data: x\n\n" * 300, api, strict=False)  # type: ignore[arg-type]
    errors = [part for part in parts if part.type == "Error"]
    assert len(errors) == 300
    assert parts.message.errors == errors[:100]


AWKWARD = [
    b"", b" ", b"\n \t", b"x", b" x", b"\n\n x", b"\xef\xbb\xbf{}", b" \xef\xbb\xbf", b"\xff", b"\xc2\xa0{}", b"{", b"{x", b"{}x",
    b"{}\n\n x", b'{"a":}', b'{"a"\n:1,}', b"[1,]", b"[1 2]", b"1 2", b"-", b"nul", b"NaNx", b"Infinityx", b'"', b'"\\', b'"\\x"',
    b"t\xff", b'{"\xff": }', b"1" * 5_000, b"\x00", b"\x0b{}", b"{}\x0b",
]  # fmt: skip


@pytest.mark.parametrize("payload", AWKWARD, ids=lambda payload: repr(payload[:20]))
def test_error_text_is_that_of_json(payload: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w") as words:
        json.loads(payload.decode("utf-8", "replace"), strict=False)
    with pytest.raises(NotJson) as told:
        load(payload)
    assert str(told.value) == str(words.value)


OF_SEVERAL_LINES: dict[str, tuple[bytes, list[Any]]] = {
    "no object": (b"x\n1\n[2]", [NotJson]),
    "an object among junk": (b'x\n{"a":1}\n{\n', [NotJson, {"a": 1}, NotJson]),
    "an object in spaces": (b'x\n \t{"a":1}\r\n', [NotJson, {"a": 1}]),
    "an object that goes on": (b'{"a":1} x\n{"a":1}', [NotJson, {"a": 1}]),
    "DONE": (b"x\n [DONE] \n", [NotJson, object]),
    "a list that was cut": (b'[{"a":1},\n{"b":2', [{"a": 1}, NotJson]),
    "NaN in an object": (b'x\n{"a":NaN}', [NotJson, dict]),
    "a lone surrogate in an object": (b'x\n{"a":"\\ud83d"}', [NotJson, {"a": "\ufffd"}]),
}


@pytest.mark.parametrize(("payload", "expected"), OF_SEVERAL_LINES.values(), ids=OF_SEVERAL_LINES)
def test_lines_of_a_damaged_event_are_separated(payload: bytes, expected: list[Any]) -> None:
    found = list(values(payload))
    assert len(found) == len(expected)
    for value, wanted in zip(found, expected, strict=True):
        assert isinstance(value, wanted) if isinstance(wanted, type) else value == wanted
