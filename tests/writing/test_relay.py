"""Relay: the bytes that came, but for the model's name and the texts that a filter changes; and how it ends."""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from ssescan import (
    EventTooLarge,
    ProviderError,
    Redact,
    Relay,
    StreamCut,
    UnknownFormat,
    arelay,
    relay,
    stream,
)
from ssescan.providers import End, TextDelta

from .formats import bodies, read_again
from .test_transcoder import CHAT, chat, pieces

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

WORDS = r"(?i)\b(?:th\w{2,9}|we\w+|is a|19\d\d|[a-z]+ing)\b"
FIELDS: Any = ("text", "reasoning", "arguments")
SMALL = 12_000  # bytes


def relayed(chunks: Any, **options: Any) -> tuple[bytes, Relay]:
    one = Relay(**options)
    return b"".join([one.feed(chunk) for chunk in chunks]) + one.close(), one


def events_of(data: bytes) -> list[Any]:
    """Return the JSON of the events, with None in place of anything else."""
    found = re.findall(rb"^data: ?(.*?)\r?$", data, re.MULTILINE)
    return [value_of(payload) for payload in found]


def value_of(payload: bytes) -> Any:
    try:
        return json.loads(payload)
    except ValueError:
        return None


def test_recorded_streams_pass_byte_for_byte(shared: Path) -> None:
    for name, data, message in bodies(shared):
        for chunks in (pieces(data, name), re.split(rb"(?<=\n\n)", data), [data]):
            for options in ({}, {"on_part": lambda part: None}):
                one = Relay(**options)  # type: ignore[arg-type]
                for chunk in chunks:
                    assert one.feed(chunk) == chunk
                assert one.close() == b""
                assert one.message == message, name


CALL = (
    b'data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"c","function":{"name":"f","arguments":"{}"}}]}}]}'
    b'\n\ndata: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\ndata: [DON'
)


def at_path(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


@pytest.mark.parametrize(
    ("api", "path"),
    [
        ("openai-chat", ("model",)),
        ("openai-responses", ("response", "model")),
        ("anthropic", ("message", "model")),
        ("gemini", ("modelVersion",)),
        ("gemini-interactions", ("interaction", "model")),
    ],
)
def test_model_changes_the_bytes_of_one_value_only(shared: Path, api: str, path: tuple[str, ...]) -> None:
    name = b'"NEW-\xc3\xa9/\\"x"'
    changed = 0
    for file, data, message in bodies(shared):
        if message.api != api or len(data) > SMALL or not message.complete:
            continue
        out, _ = relayed(pieces(data, file), model='NEW-é/"x')
        assert out == relayed([data], model='NEW-é/"x')[0]
        changed += name in out
        # The diff: put what came back in each place, one after the other, and nothing else differs.
        parts, at = out.split(name), 0
        for part in parts[:-1]:
            assert data.startswith(part, at)
            at += len(part)
            found = re.compile(rb'"(?:[^"\\]|\\.)*"').match(data, at)
            assert found is not None
            at = found.end()
        assert data[at:] == parts[-1]
        for event, before in zip(events_of(out), events_of(data), strict=True):
            assert at_path(event, path) == 'NEW-é/"x' or not isinstance(at_path(before, path), str)
    assert changed


def test_the_same_words_elsewhere_are_not_the_model() -> None:
    body = (
        b'data: {"x":{"model":"m"},"choices":[{"index":0,"delta":{"content":"\\"model\\":\\"m\\"","model":"m"}}],'
        b'"object":"chat.completion.chunk" , "model" : "m"}\r\n\r\n: "model":"m"\r\n\r\n'
    )
    assert relayed([body], model="other")[0] == body.replace(b'"model" : "m"', b'"model" : "other"')


@pytest.mark.parametrize("place", range(5))
@pytest.mark.parametrize("key", ["model", "modelVersion"])
def test_the_model_is_found_under_an_escaped_key(key: str, place: int) -> None:
    place += len(key) - 5
    spelled = f"{key[:place]}\\u{ord(key[place]):04x}{key[place + 1 :]}"
    chunk = '"choices":[{"index":0,"delta":{"content":"a"}}],"object":"chat.completion.chunk"'
    if key == "modelVersion":
        chunk = '"candidates":[{"content":{"parts":[{"text":"a"}]}}]'
    body = f'data: {{{chunk},"{spelled}":"m"}}\n\n'.encode()
    assert relayed([body], model="other")[0] == body.replace(b'"m"', b'"other"')


def test_filters_change_texts_only(shared: Path) -> None:
    pytest.importorskip("regex")
    seen = set()
    for name, data, message in bodies(shared):
        if len(data) > SMALL:
            continue
        same, _ = relayed([data], filter=lambda: Redact("\x00"), fields=FIELDS)
        assert same == data[: len(same)], name
        assert same == data or not message.complete, name
        out, _ = relayed(pieces(data, name), filter=lambda: Redact(WORDS, "#"), fields=FIELDS)
        assert out == relayed([data], filter=lambda: Redact(WORDS, "#"), fields=FIELDS)[0], name
        read = stream(out, strict=False).collect()
        assert read.complete == message.complete, name
        assert len(read.errors) == len(message.errors), name
        for before, after in zip(message.choices, read.choices, strict=True):
            for kind in ("text", "reasoning", "refusal"):
                assert not re.search(WORDS, getattr(after, kind) or ""), name
                if getattr(after, kind) != getattr(before, kind):
                    seen.add((message.api, kind))
        for call, was in zip(read.tool_calls, message.tool_calls, strict=True):
            assert call.cut == was.cut, name
            if call.arguments != was.arguments:
                seen.add((message.api, "arguments"))
    for api in ("openai-chat", "openai-responses", "anthropic", "gemini"):
        assert {(api, kind) for kind in ("text", "reasoning")} <= seen
    assert {kind for _, kind in seen} >= {"text", "reasoning", "arguments"}


def test_held_text_is_written_before_the_event_that_ends_it() -> None:
    pytest.importorskip("regex")
    one = Relay(filter=lambda: Redact(r"sk-\w{8,}"))
    events = events_of(one.feed(chat("sk-", end=False)) + one.feed(chat("ab")) + one.close())
    contents = [event and event["choices"][0]["delta"].get("content") for event in events]
    assert contents == ["", "", "sk-ab", None, None]
    assert events[-1] is None


def test_only_the_fields_that_are_asked_for() -> None:
    pytest.importorskip("regex")
    body = chat("secret").replace(b'"content"', b'"reasoning_content"')
    assert relayed([body], filter=lambda: Redact("secret"))[0] == body
    out, one = relayed([body], filter=lambda: Redact("secret"), fields=("reasoning",))
    assert read_again("openai-chat", out).reasoning == "[redacted]"
    assert one.message.reasoning == "secret"  # as it came


def test_data_that_is_not_json_is_filtered_as_it_is() -> None:
    pytest.importorskip("regex")
    out, _ = relayed(
        [chat("a", end=False) + b"data: {secret\n\n" + chat("b") + b"data: {secr"], filter=lambda: Redact("secret")
    )
    assert b"secr" not in out.replace(b"[redacted]", b"")
    assert b"data: {[redacted]\n\n" in out


APIS = ("openai-chat", "anthropic")


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("options", [{}, {"model": "x"}])
def test_an_error_ends_the_output_wherever_it_comes(shared: Path, api: str, options: dict[str, Any]) -> None:
    data = next(
        data for _, data, message in bodies(shared) if message.api == api and message.complete and len(data) < 4000
    )
    ends = [found.end() for found in re.finditer(rb"\n\n", data)]
    for at in sorted({*ends, *range(1, len(data), 97)}):
        one = Relay(**options)
        out = one.feed(data[:at])
        out += one.close(ConnectionError("lost"))
        assert one.close() == b""
        if one.api is None:
            continue
        read = read_again(api, out)
        assert read.complete == one.message.complete, at
        if not read.complete:
            with pytest.raises((ProviderError, StreamCut)):
                stream(out, api).collect()  # type: ignore[arg-type]
            assert b"ConnectionError" in out
            assert b"lost" not in out


def test_pings_only_between_events() -> None:
    one = Relay()
    assert one.ping() == b""
    one.feed(CHAT[:50])
    assert one.ping() == b""
    one.feed(CHAT[50 : CHAT.index(b"\n\n") + 2])
    assert one.ping() == b": ping\n\n"
    one.close()
    assert one.ping() == b""
    assert Relay(api="gemini").ping() == b""


def test_parts_are_reported_as_they_come() -> None:
    parts: list[Any] = []
    one = Relay(on_part=parts.append)
    one.feed(chat("Hello", end=False))
    assert [part.text for part in parts if isinstance(part, TextDelta)] == ["Hello"]
    one.close()
    assert parts[-1] == End(complete=False)


@pytest.mark.parametrize("options", [{}, {"on_part": lambda part: None}])
def test_message_after_close_knows_of_the_end(options: dict[str, Any]) -> None:
    whole = stream(CALL, strict=False).collect()
    one = Relay(**options)
    one.feed(CALL)
    one.close()
    assert one.message == whole
    assert [call.cut for call in whole.tool_calls] == [False]


def test_an_unknown_format_passes_but_is_not_changed() -> None:
    body = b'data: {"a":1}\n\n' * 20
    out, one = relayed([body])
    assert out == body
    assert one.api is None
    with pytest.raises(UnknownFormat):
        relayed([body], model="x")


@pytest.mark.parametrize("options", [{}, {"model": "x"}])
def test_too_large_an_event(options: dict[str, Any]) -> None:
    one = Relay(max_event_size=300, **options)
    with pytest.raises(EventTooLarge) as raised:
        one.feed(chat("Hello", end=False) + b"data: " + b"x" * 400)
    out = one.close(raised.value)
    assert b"Hello" in out
    assert not read_again("openai-chat", out).complete


def test_wrong_use() -> None:
    one = Relay()
    with pytest.raises(TypeError, match="bytes"):
        one.feed("data")  # type: ignore[arg-type]
    one.close()
    with pytest.raises(ValueError, match="closed"):
        one.feed(b"")
    for options in ({"model": 1}, {"filter": 1}, {"on_part": 1}):
        with pytest.raises(TypeError):
            Relay(**options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="fields"):
        Relay(fields=("all",))  # type: ignore[arg-type]


def test_relay_reads_a_source() -> None:
    given = relay([CHAT[:100], CHAT[100:]])
    assert b"".join(given) == CHAT
    assert given.message.text == "Hello you"
    assert (given.error, given.api) == (None, "openai-chat")
    cut = relay([CHAT[:-16][: CHAT.index(b"\n\n") + 2]])
    assert read_again("openai-chat", b"".join(cut)).text == "Hello "
    assert isinstance(cut.error, StreamCut)


def test_arelay_reads_a_source() -> None:
    async def source() -> AsyncIterator[bytes]:
        yield CHAT[:100]
        yield CHAT[100:]

    async def main() -> bytes:
        async with arelay(source(), model="other") as given:
            return b"".join([piece async for piece in given])

    assert read_again("openai-chat", asyncio.run(main())).model == "other"
