"""The rules for every format that is written: the parts come back, and no stream claims a success that it is not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ssescan import Writer
from ssescan.providers import (
    Citation,
    End,
    Error,
    Finish,
    Logprobs,
    Media,
    Ping,
    Raw,
    ReasoningDelta,
    RedactedReasoning,
    RefusalDelta,
    ServerToolResult,
    Signature,
    Start,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
)

from .formats import FIXED, READ_AGAIN, WRITTEN, check, read_again, written

every_format = pytest.mark.parametrize("api", WRITTEN)
every_read_format = pytest.mark.parametrize("api", READ_AGAIN)

START = Start(id="msg_1", model="a-model")
STOP = Finish(reason="stop")
USAGE = Usage(input=10, output=5)
CALL = [
    ToolCallStart(block=1, id="call_1", name="weather"),
    ToolCallDelta(block=1, json='{"city":'),
    ToolCallDelta(block=1, json='"Ulm"}'),
    ToolCallEnd(block=1, id="call_1", name="weather", json='{"city":"Ulm"}'),
]


@every_format
def test_an_answer_with_a_call_is_legal(api: Any) -> None:
    parts = [START, ReasoningDelta(text="Hm."), *CALL, TextDelta(block=2, text="Let me look."), USAGE]
    data, writer = written(api, [*parts, Finish(reason="tool_calls"), End(complete=True)])
    assert check(api, data)
    assert writer.close() == b""


@every_read_format
def test_the_methods_write_what_the_parts_do(api: Any) -> None:
    writer = Writer(api, **FIXED | ({"include_usage": True} if api == "openai-chat" else {}))
    data = b"".join((
        writer.reasoning("Hm."), writer.text("Hello "), writer.text("you"),
        writer.tool_call("weather", '{"city":"Ulm"}', id="call_1"), writer.tool_call("time", "{}"),
        writer.usage(input=10, output=5, reasoning=2, cache_read=4), writer.ping(), writer.finish("tool_calls"),
        writer.close(),
    ))  # fmt: skip
    assert check(api, data)
    message = read_again(api, data)
    assert message.complete
    assert (message.text, message.reasoning) == ("Hello you", "Hm.")
    assert [(call.name, call.arguments, call.cut) for call in message.tool_calls] == [
        ("weather", '{"city":"Ulm"}', False), ("time", "{}", False),
    ]  # fmt: skip
    assert message.tool_calls[0].id == "call_1"
    assert message.tool_calls[1].id
    assert message.finish_reason == "tool_calls"
    assert message.usage is not None
    counted = message.usage.input, message.usage.output, message.usage.reasoning, message.usage.cache_read
    assert counted == (10, 5, 2, 4)


@every_format
def test_nothing_is_lost_of_ordinary_parts(api: Any) -> None:
    _, writer = written(api, [START, TextDelta(text="Hello"), STOP])
    assert not writer.lost


@every_format
@pytest.mark.parametrize(
    "parts",
    [
        [],
        [START],
        [START, TextDelta(text="Hello")],
        [START, TextDelta(text="Hello"), STOP, End(complete=False)],
        [START, TextDelta(text="Hello"), End(complete=True)],
        [START, TextDelta(text="Hello"), Finish(reason="error", raw="failed")],
        [START, TextDelta(text="Hello"), STOP, Error(kind="decode", message="{", raw="cut"), End(complete=False)],
        [START, TextDelta(text="Hello"), STOP, Error(kind="overloaded_error", message="busy")],
        [START, *CALL[:2], Finish(reason="tool_calls")],
        [START, *CALL[:3], ToolCallEnd(block=1, name="weather", json='{"city":"Ulm"}', cut=True), STOP],
        [START, *CALL[:2], ToolCallEnd(block=1, name="weather", json="[]"), STOP],
    ],
)
def test_no_success_without_a_whole_answer(api: Any, parts: list[Any]) -> None:
    data, _ = written(api, parts)
    assert not check(api, data)
    if api in READ_AGAIN:
        assert not read_again(api, data).complete


@every_read_format
def test_an_answer_cut_for_length_may_have_half_a_call(api: Any) -> None:
    end = ToolCallEnd(block=1, id="call_1", name="weather", json='{"city":', cut=True)
    data, writer = written(api, [START, *CALL[:2], end, Finish(reason="length")])
    assert check(api, data)
    message = read_again(api, data)
    assert message.finish_reason == "length"
    assert all(call.cut for call in message.tool_calls)
    assert message.tool_calls or writer.lost


@every_read_format
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503, 529])
def test_an_error_keeps_its_words_and_its_status(api: Any, status: int) -> None:
    writer = Writer(api, **FIXED)
    data = writer.text("Hel") + writer.error("Overloaded, try again", status=status) + writer.close()
    assert not check(api, data)
    message = read_again(api, data)
    assert message.text == "Hel"
    assert [error.message for error in message.errors] == ["Overloaded, try again"]
    assert message.errors[0].retryable == (status in (429, 500, 503, 529))


@every_format
def test_after_an_error_nothing_follows(api: Any) -> None:
    writer = Writer(api, **FIXED)
    writer.text("Hel")
    assert writer.error("busy")
    assert writer.text("lo") == b""
    assert writer.lost["TextDelta"] == 1
    assert writer.write(STOP) == writer.close() == b""


@every_format
def test_a_closed_writer_refuses_parts(api: Any) -> None:
    writer = Writer(api, **FIXED)
    writer.write(START)
    writer.write(STOP)
    assert writer.write(End(complete=True))
    with pytest.raises(ValueError, match="closed"):
        writer.write(START)
    with pytest.raises(ValueError, match="closed"):
        writer.text("x")
    assert writer.close() == b""


@every_format
def test_what_is_not_a_part_is_refused(api: Any) -> None:
    with pytest.raises(TypeError, match=r"takes a part of ssescan\.providers.*not str"):
        Writer(api).write("Hello")  # type: ignore[arg-type]


@pytest.mark.parametrize("api", ["openai", "gemini-interactions", "", None, 3])
def test_a_format_that_is_not_written_is_refused(api: Any) -> None:
    with pytest.raises((TypeError, ValueError), match=r"openai-chat.*ai-sdk-ui"):
        Writer(api)


@every_format
def test_the_same_parts_give_the_same_bytes(api: Any) -> None:
    parts = [START, TextDelta(text="a"), ToolCallStart(block=1, name="f"), ToolCallEnd(block=1, name="f"), STOP]
    assert written(api, parts)[0] == written(api, parts)[0]


@every_format
def test_ids_are_made_where_none_are_given(api: Any) -> None:
    one, other = Writer(api, model="m", created=1), Writer(api, model="m", created=1)
    data = one.text("x") + one.finish() + one.close(), other.text("x") + other.finish() + other.close()
    assert check(api, data[0])
    assert data[0] != data[1]


@every_read_format
def test_any_text_is_written(api: Any) -> None:
    text = 'quote " backslash \\ line\r\n\u2028\x00\x7f\U0001f600 \ud800!'
    writer = Writer(api, **FIXED)
    data = writer.text(text) + writer.reasoning("a\nb") + writer.finish() + writer.close()
    assert check(api, data)
    assert read_again(api, data).text == text.replace("\ud800", "\ufffd")


texts = st.text(max_size=5)
blocks = st.integers(0, 3)
common: dict[str, Any] = {"choice": st.integers(0, 2), "block": blocks}
values = st.recursive(st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner, max_size=2))
PARTS = st.one_of(
    st.builds(Start, id=st.none() | texts, model=st.none() | texts),
    st.builds(TextDelta, text=texts, **common),
    st.builds(ReasoningDelta, text=texts, kind=st.sampled_from(["text", "summary"]), **common),
    st.builds(RefusalDelta, text=texts, **common),
    st.builds(Signature, data=texts, id=st.none() | texts, **common),
    st.builds(RedactedReasoning, data=texts, **common),
    st.builds(ToolCallStart, id=st.none() | texts, name=texts, server=st.booleans(), custom=st.booleans(), **common),
    st.builds(ToolCallDelta, json=st.sampled_from(["", "{", "}", '"a":1', "x"]), **common),
    st.builds(ToolCallEnd, name=texts, json=st.sampled_from(["{}", "", "{", '{"a":1}']), cut=st.booleans(), **common),
    st.builds(ServerToolResult, data=values, **common),
    st.builds(Citation, items=st.lists(st.dictionaries(texts, values, max_size=2), max_size=2), **common),
    st.builds(Logprobs, entries=st.lists(values, max_size=2), **common),
    st.builds(Media, media=st.sampled_from([None, "image/png", "audio/wav", "x"]), data=st.none() | texts, **common),
    st.builds(Usage, input=st.none() | st.integers(0, 9), output=st.none() | st.integers(0, 9)),
    st.builds(Finish, reason=st.sampled_from(["stop", "length", "tool_calls", "error", "other", "pause", "refusal"]),
              choice=st.integers(0, 2), stop_sequence=st.none() | texts),
    st.builds(Error, kind=st.sampled_from([None, "decode", "x"]), message=st.none() | texts, code=st.none() | texts),
    st.just(Ping()),
    st.builds(Raw, name=texts, data=values),
)  # fmt: skip


@every_format
@settings(max_examples=150, deadline=None)
@given(parts=st.lists(PARTS, max_size=12), end=st.sampled_from([None, End(complete=True), End(complete=False)]))
def test_any_parts_give_a_legal_stream(api: Any, parts: list[Any], end: End | None) -> None:
    data, writer = written(api, [*parts, end] if end else parts)
    ended_well = check(api, data)
    finished = any(isinstance(part, Finish) for part in parts)
    failed = any(isinstance(part, Error) for part in parts) or end == End(complete=False)
    assert not ended_well or (finished and not failed)
    if api in READ_AGAIN and data:
        assert not read_again(api, data).complete or ended_well
    assert all(count > 0 for count in writer.lost.values())
