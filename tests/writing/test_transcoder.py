"""Transcoder: the recorded streams to every format and back, cut anywhere; what comes out says what came in."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from ssescan import EventTooLarge, StreamStalled, Transcoder, UnknownFormat, stream
from ssescan.providers import parts

from .formats import FIXED, READ_AGAIN, WRITTEN, bodies, check, read_again, transcoded

if TYPE_CHECKING:
    from pathlib import Path

    from ssescan.providers import Message

every_format = pytest.mark.parametrize("to", WRITTEN)
every_read_format = pytest.mark.parametrize("to", READ_AGAIN)
WITH_USAGE: dict[str, Any] = {"openai-chat": {"include_usage": True}}
COUNTED = ("input", "output", "reasoning", "cache_read", "cache_write")


def chat(*texts: str, end: bool = True) -> bytes:
    """Return a Chat stream of these pieces of text."""
    head: dict[str, Any] = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "a-model"}
    chunks = [head | {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]} for text in texts]
    if end:
        chunks.append(head | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return (body + ("data: [DONE]\n\n" if end else "")).encode()


CHAT = chat("Hello ", "you")


def pieces(data: bytes, seed: str) -> list[bytes]:
    """Return the bytes cut at random."""
    rnd, made, at = random.Random(seed), [], 0
    while at < len(data):
        size = rnd.choice((1, 2, 7, 60, 900, 5000))
        made.append(data[at : at + size])
        at += size
    return made


def differences(before: Message, after: Message) -> list[tuple[str, Any, Any]]:
    """Return what two messages do not have in common, of all that formats share."""
    found: list[tuple[str, Any, Any]] = [
        (name, getattr(before, name), getattr(after, name)) for name in ("text", "reasoning", "refusal")
    ]
    calls = [[(call.id, call.name, _plain(call.arguments)) for call in one.tool_calls] for one in (before, after)]
    calls[0] = [(call[0] or other[0], *call[1:]) for call, other in zip(*calls, strict=False)] + calls[0][
        len(calls[1]) :
    ]
    found.append(("calls", calls[0], calls[1]))
    if before.complete:
        found.append(("finish_reason", before.finish_reason, after.finish_reason))
        if before.usage is not None:
            usages = [[getattr(one.usage, name, None) or 0 for name in COUNTED] for one in (before, after)]
            found.append(("usage", usages[0], usages[1]))
    return [difference for difference in found if difference[1] != difference[2]]


def can_say(to: Any, message: Message) -> bool:
    """Return whether a format has a place for the calls of a message: Gemini has none for text that is not an object."""
    if to != "gemini" or message.finish_reason in ("length", "content_filter"):
        return True
    return all(call.kind == "custom" or isinstance(_plain(call.arguments), dict) for call in message.tool_calls)


def _plain(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


@every_format
def test_every_recorded_stream_comes_out_as_it_is(shared: Path, to: Any) -> None:
    unexplained = []
    for name, data, message in bodies(shared):
        options = FIXED | WITH_USAGE.get(to, {}) if message.api != to else {}
        out, transcoder = transcoded(to, [data], **options)
        again, _ = transcoded(to, pieces(data, name), **options)
        assert out == again, f"{name}: the bytes depend on the cuts"
        if message.api == to:
            continue
        complete = message.complete and can_say(to, message)
        assert check(to, out) == complete, name
        if to in READ_AGAIN:
            read = read_again(to, out)
            assert read.complete == complete, name
            found = differences(message, read)
            if found and not transcoder.lost:
                unexplained.append((name, found))
    assert not unexplained


@every_read_format
def test_a_stream_of_the_same_format_passes_unchanged(shared: Path, to: Any) -> None:
    seen = 0
    for name, data, message in bodies(shared):
        if message.api != to:
            continue
        seen += 1
        out, transcoder = transcoded(to, pieces(data, name))
        if message.complete:
            assert out == data, name
        else:
            assert out.startswith(data[: data.rindex(b"\n\n") + 2] if b"\n\n" in data else b""), name
            assert not read_again(to, out).complete, name
        assert not transcoder.lost
    assert seen > 20


@every_read_format
def test_a_cut_never_comes_out_as_a_success(shared: Path, to: Any) -> None:
    for name, data, message in bodies(shared):
        if message.api == to or len(data) > 20_000:
            continue
        rnd = random.Random(name)
        ends = [at + 2 for at in range(len(data) - 2) if data.startswith(b"\n\n", at)]
        for at in {rnd.randrange(len(data)) for _ in range(3)} | set(rnd.sample(ends, min(len(ends), 3))):
            cut = stream(data[:at], strict=False)
            try:
                complete = cut.collect().complete and can_say(to, cut.message)
            except UnknownFormat:
                complete = False
            out, _ = transcoded(to, [data[:at]], **FIXED)
            assert check(to, out) == complete, f"{name} cut at {at}"


@pytest.mark.parametrize("rest", [b"d", b"da", b"data", b"data: [DO", b"x"])
def test_an_error_is_not_glued_to_an_unfinished_line(rest: bytes) -> None:
    out, transcoder = transcoded("openai-chat", [chat("Hello").removesuffix(b"data: [DONE]\n\n") + rest])
    assert not transcoder.message.complete
    assert not read_again("openai-chat", out).complete


@pytest.mark.parametrize("rest", [b'{"error":\n{"message":"busy"}}\n', b'{\r\n"error": {"message":"busy"}\r\n}\r\n'])
def test_an_error_in_lines_passes_after_the_end(rest: bytes) -> None:
    body = b'data: {"candidates":[{"content":{"parts":[{"text":"a"}]},"finishReason":"STOP"}]}\n\n' + rest
    out, _ = transcoded("gemini", [body])
    assert out == body
    assert not read_again("gemini", out).complete


@pytest.mark.parametrize("rest", [b'{"error":{"message":"busy"}}', b'data: {"error":{"message":"busy"}}'])
def test_an_error_that_no_blank_line_ends_is_written(rest: bytes) -> None:
    hello = chat("Hello", end=False)
    out, _ = transcoded("openai-chat", [hello + rest])
    assert out.startswith(hello + b"data: ")
    assert out.endswith(b"\n\n")
    assert read_again("openai-chat", out).errors[0].message == "busy"


@every_format
def test_an_error_of_the_source_ends_the_output(to: Any) -> None:
    transcoder = Transcoder(to, **FIXED)
    out = transcoder.feed(chat("Hello ", "you", end=False))
    out += transcoder.close(StreamStalled("idle", 5.0, 2))
    assert not check(to, out)
    assert b"StreamStalled" in out
    assert transcoder.message.text == "Hello you"
    assert transcoder.close() == b""


@every_format
def test_the_provider_s_error_ends_the_output_at_once(to: Any) -> None:
    transcoder = Transcoder(to, **FIXED)
    transcoder.feed(chat("Hello", end=False))
    out = transcoder.feed(b'data: {"error":{"message":"busy","type":"overloaded_error","code":529}}\n\n')
    assert b"busy" in out
    assert b"x" not in transcoder.feed(chat("x")) or to == "openai-chat"
    assert transcoder.message.errors[0].status == 529


@every_format
def test_a_damaged_event_waits_for_the_end(to: Any) -> None:
    body = chat("Hello", end=False) + b'data: {"id": \n\n' + chat(" you")
    out, transcoder = transcoded(to, [body], **FIXED)
    assert transcoder.message.text == "Hello you"
    assert not check(to, out)
    if to in READ_AGAIN:
        assert read_again(to, out).text == "Hello you"


@every_format
def test_close_ends_the_output_after_too_large_an_event(to: Any) -> None:
    transcoder = Transcoder(to, max_event_size=300, **FIXED)
    with pytest.raises(EventTooLarge) as raised:
        transcoder.feed(chat("Hello", end=False) + b"data: " + b"x" * 400)
    out = transcoder.close(raised.value)
    assert not check(to, out)
    assert b"Hello" in out


@every_format
def test_an_empty_source_is_an_error(to: Any) -> None:
    assert not check(to, Transcoder(to, **FIXED).close())


@every_format
def test_feed_returns_whole_events(to: Any) -> None:
    transcoder = Transcoder(to, **FIXED)
    end = b"\r\n\r\n" if to == "gemini" else b"\n\n"
    for number in range(len(CHAT)):
        out = transcoder.feed(CHAT[number : number + 1])
        assert out == b"" or out.endswith(end)


@every_format
def test_pings_before_and_between_events_are_legal(to: Any) -> None:
    transcoder = Transcoder(to, **FIXED)
    out = transcoder.ping() + transcoder.feed(chat("Hello", end=False)) + transcoder.ping()
    out += transcoder.feed(b": keep-alive\n\n" + chat(" you")) + transcoder.close()
    assert check(to, out)
    if to in READ_AGAIN:
        assert read_again(to, out).text == "Hello you"


@every_format
def test_early_pings_do_not_depend_on_the_cuts(to: Any) -> None:
    data = b"data: damaged\n\n: ping\n\n" + CHAT + b": ping\n\n"
    outputs = {
        transcoded(to, [data[at : at + size] for at in range(0, len(data), size)], api="openai-chat", **FIXED)[0]
        for size in (1, 16, 30, len(data))
    }
    assert len(outputs) == 1


@pytest.mark.parametrize("to", ["anthropic", "gemini"])
def test_an_error_that_comes_first_does_not_depend_on_the_cuts(to: Any) -> None:
    error = b'data: {"error":{"message":"busy"}}\n\n'  # several formats have it: the next event shows another
    after, _ = transcoded(to, [CHAT], **FIXED)
    assert transcoded(to, [error, after])[0] == transcoded(to, [error + after])[0]


@every_format
def test_wrong_use_is_refused(to: Any) -> None:
    transcoder = Transcoder(to)
    with pytest.raises(TypeError, match="bytes"):
        transcoder.feed("data: {}\n\n")  # type: ignore[arg-type]
    transcoder.close()
    with pytest.raises(ValueError, match="closed"):
        transcoder.feed(b"")
    with pytest.raises(ValueError, match="api must be one of"):
        Transcoder(to, api="chat")  # type: ignore[arg-type]


def test_servers_that_give_no_finish_reason(shared: Path) -> None:
    body = chat("Hello", end=False) + b"data: [DONE]\n\n"
    assert not check("anthropic", transcoded("anthropic", [body], **FIXED)[0])
    out, _ = transcoded("anthropic", [body], accept_done=True, **FIXED)
    assert check("anthropic", out)


def test_think_tags_become_reasoning() -> None:
    out, _ = transcoded("anthropic", [chat("<think>Hm.</think>", "Hello")], think_tags=True, **FIXED)
    message = read_again("anthropic", out)
    assert (message.reasoning, message.text) == ("Hm.", "Hello")


def test_a_stream_without_ids_gives_the_same_call_ids(shared: Path) -> None:
    body = b'data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{}}}]},"finishReason":"STOP"}],"responseId":"r1"}\r\n\r\n'
    ids = [read_again("anthropic", transcoded("anthropic", [body])[0]).tool_calls[0].id for _ in range(2)]
    assert ids[0] == ids[1]


def test_lost_names_only_parts(shared: Path) -> None:
    lost: Counter[str] = Counter()
    for _, data, _ in bodies(shared):
        lost += transcoded("anthropic", [data], **FIXED)[1].lost
    assert set(lost) <= set(parts.__all__)
