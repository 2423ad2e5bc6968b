"""Relay, Transcoder and their streams where little happens: other buffers, odd JSON, ends within an event, attributes."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ssescan import (
    Outcome,
    Relay,
    Transcoder,
    UnexpectedStatus,
    atranscode,
    relay,
    transcode,
)
from ssescan.gateway.json_text_filter import JsonTextFilter

from .formats import FIXED, read_again
from .test_transcoder import CHAT, chat

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

DONE = b"data: [DONE]\n\n"
GEMINI = [
    {"candidates": [{"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}], "modelVersion": "m"}
    for text in ("a secret", " two secrets")
]


class Hide:
    """A filter that holds each piece until the next, and replaces a word."""

    def __init__(self, word: str = "secret") -> None:
        self.word = word
        self.held = ""

    def feed(self, text: str) -> str:
        made, self.held = self.held, text.replace(self.word, "#")
        return made

    def flush(self) -> str:
        return self.feed("")


MADE: dict[str, Callable[[], Any]] = {
    "passing": Relay,
    "subclass": type("Subclass", (Relay,), {}),
    "reading": lambda: Relay(on_part=lambda part: None),
    "editing": lambda: Relay(model="a-model"),
    "transcoder": lambda: Transcoder("openai-chat"),
}


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_any_buffer_is_a_chunk(make: Callable[[], Any]) -> None:
    one = make()
    made = b"".join(one.feed(kind(CHAT[at : at + 50])) for at in range(0, 100, 50) for kind in (bytearray,))
    made += one.feed(memoryview(CHAT)[100:]) + one.close()
    assert made == CHAT
    assert one.message.text == "Hello you"
    with pytest.raises(ValueError, match="closed"):
        one.feed(b"")


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("step", [1, 2, 3, 50])
def test_line_ends_may_be_cut_where_events_are_changed(end: bytes, step: int) -> None:
    body = b": c\n\n" + CHAT + b"id: 7\n\n: end"
    expected = body.replace(b'"a-model"', b'"x"').replace(b"\n", end)
    body = body.replace(b"\n", end)
    one = Relay(model="x")
    assert b"".join(one.feed(body[at : at + step]) for at in range(0, len(body), step)) + one.close() == expected


def test_the_last_event_may_lack_its_blank_line() -> None:
    first, rest = chat("Hello", end=False), chat("you", end=False).rstrip(b"\n")
    for end, error in ((rest, None), (b"", ConnectionError("lost"))):
        one = Relay(model="x")
        made = one.feed(first + rest) + one.close(error)
        assert made.startswith((first + end).replace(b'"a-model"', b'"x"'))
        assert b"lost" not in made


def test_the_last_event_is_changed_after_on_part_raised() -> None:
    errors = [KeyError("on_part")]

    def fail(part: Any) -> None:
        if errors:
            raise errors.pop()

    one = Relay(model="x", on_part=fail)
    with pytest.raises(KeyError):
        one.feed(CHAT)
    assert b"a-model" not in one.close()


def test_gemini_may_send_a_list() -> None:
    body = f"data: {json.dumps(GEMINI)}\n\n".encode()
    one = Relay(api="gemini", filter=Hide)
    made = one.feed(body) + one.close()
    assert b"secret" not in made
    assert read_again("gemini", made).text == "a # two #s"


def test_held_text_is_wrapped_as_the_event_was() -> None:
    one = Relay(api="gemini", filter=Hide)
    made = one.feed(f"data: {json.dumps({'response': GEMINI[0]})}\n\n".encode()) + one.close()
    assert b"secret" not in made
    assert read_again("gemini", made).text == "a #"
    assert made.count(b'"response"') == 2


@pytest.mark.parametrize("other", [b'"m\\u006fdel":[]', b'"m\\q":1', b'"choices":[{"x":[1,2]}]', b'"a":1}],"b":2'])
def test_other_keys_may_be_odd(other: bytes) -> None:
    first, event = chat("Hello", end=False), b'data: {"model":"a-model",%b}\n\n' % other
    one = Relay(model="x")
    assert one.feed(first + event) + one.close() == (first + event).replace(b'"a-model"', b'"x"')


FILTERED = [  # pieces of JSON, what comes out
    (['{"a": "', "x secret", ' y"}'], '{"a": "x # y"}'),
    (['["\\q secret"]'], '["\\\\q #"]'),
    (['["\\ud83d secret"]'], '["\\ud83d #"]'),
    (['["\\u12zz secret"]'], '["\\u12zz #"]'),
    (["[12", "34", ", true, nu", "ll]"], "[1234, true, null]"),
    (["[se", "cret]"], "[secret]"),
]


@pytest.mark.parametrize(("given", "expected"), FILTERED)
def test_texts_of_json_are_filtered(given: list[str], expected: str) -> None:
    one = JsonTextFilter(Hide)
    made = "".join(map(one.feed, given)) + one.flush()
    try:
        assert json.loads(made) == json.loads(expected)
    except ValueError:
        assert made == expected


class Late:
    """A filter that passes a piece, and takes back what it can at the end."""

    def __init__(self) -> None:
        self.text = ""

    def feed(self, text: str) -> str:
        self.text += text
        return text if len(self.text) < 3 else "#"

    def flush(self) -> str:
        return "!"


@pytest.mark.parametrize(
    ("given", "expected"), [(["[t", "rue]"], "[true]"), (["[12", "3]"], "[12]"), (["[-", "1.5]"], "[-0]")]
)
def test_what_has_passed_of_a_number_stays(given: list[str], expected: str) -> None:
    one = JsonTextFilter(Late)
    assert "".join(map(one.feed, given)) + one.flush() == expected


def test_a_relay_of_an_unknown_format_goes_on() -> None:
    body = b'data: {"a":1}\n\n' * 20
    one = Relay(on_part=lambda part: None)
    assert one.feed(body) + one.feed(CHAT) + one.close() == body + CHAT
    assert one.failure is not None


def test_an_error_ends_a_stream_of_interactions() -> None:
    made = Relay(api="gemini-interactions").close(ConnectionError("lost"))
    assert b"error" in made
    assert b"lost" not in made


def test_an_event_of_many_numbers_is_not_joined() -> None:
    event = chat("a", end=False).replace(b'"created": 1', b'"created": 1, ' + b'"p": 1, ' * 6 + b'"p": 1')
    one = Relay()
    assert one.feed(event * 3) + one.close() == event * 3
    assert one.message.text == "aaa"


@pytest.mark.parametrize("count", range(12))
def test_an_error_ends_an_event_of_no_format(count: int) -> None:
    event = b'data: {"a":1}'
    one = Relay(on_part=lambda part: None)
    body = (event + b"\n\n") * count + event
    end = b"\n\n" if count < 9 else b""  # after nine events, none is read any more
    assert one.feed(body) + one.close(ConnectionError("lost")) == body + end
    assert one.failure is not None


def test_attributes_before_and_after_reading() -> None:
    for given in (transcode(CHAT, "anthropic", **FIXED), relay(CHAT)):
        assert (given.outcome, given.events, given.bytes_read, given.response) == (None, 0, 0, None)
        assert isinstance(given.ping(), bytes)
        assert b"Hello" in b"".join(given)
        assert given.outcome is Outcome.ENDED
        assert (given.events, given.bytes_read) == (4, len(CHAT))
        assert (given.api, given.lost) == ("openai-chat", Counter())
        assert given.headers["content-type"].startswith("text/event-stream")
        assert given.ping() == b""


def test_an_error_of_closing_the_source_is_raised() -> None:
    def source() -> Iterator[bytes]:
        try:
            yield CHAT
            yield b""
        finally:
            raise OSError("cannot close")

    with pytest.raises(OSError, match="cannot close"):
        list(transcode(source(), "anthropic"))


def test_an_error_of_closing_an_async_source_is_raised() -> None:
    async def source() -> AsyncIterator[bytes]:
        try:
            yield CHAT
            yield b""
        finally:
            raise OSError("cannot close")

    async def read() -> None:
        with pytest.raises(OSError, match="cannot close"):
            [data async for data in atranscode(source(), "anthropic")]

    asyncio.run(read())


def test_an_async_refusal_ends_the_stream(server: Any) -> None:
    httpx = pytest.importorskip("httpx")
    exchange = server.offers(b'{"error":{"message":"busy"}}', status=429, content_type="application/json")

    async def read() -> None:
        async with httpx.AsyncClient() as client, client.stream("GET", exchange.url) as response:
            for opens in (True, False):
                given = atranscode(response, "anthropic")
                with pytest.raises(UnexpectedStatus):
                    await given.open() if opens else await anext(given)
                assert [data async for data in given] == []

    asyncio.run(read())


def test_redact_names_the_package_that_it_needs() -> None:
    script = "import sys; sys.modules['regex'] = None; import ssescan; ssescan.Redact('a')"
    done = subprocess.run([sys.executable, "-c", script], env=os.environ, capture_output=True, text=True, check=False)
    assert "pip install 'ssescan[redact]'" in done.stderr
