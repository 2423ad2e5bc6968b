"""Rules R25 to R34 of docs/rules.md: text, reasoning and usage under other names."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

import ssescan
from ssescan.providers import Raw, ReasoningDelta, Signature, TextDelta, ToolCallEnd
from ssescan.providers.format_decoder import FormatDecoder

from .assertions import APIS, DONE, aread, framed, read
from .rules import NAMES, Rule
from .test_tables_anthropic import block, delta, start, stop
from .test_tables_chat import HI, ROLE, SAID_A, SAID_HI, STOP, USAGE, A, chunk
from .test_tables_gemini import candidate
from .test_tables_responses import CREATED, response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

CHAT, RESPONSES, ANTHROPIC, GEMINI, INTERACTIONS = APIS
MESSAGE_STOP = {"type": "message_stop"}


def reason(word: str) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": word}, "usage": {"output_tokens": 3}}


def with_choice(event: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a chunk whose choice has more fields."""
    return event | {"choices": [event["choices"][0] | fields]}


COMPLETED = {"type": "response.completed", "response": response()}


def number(literal: str, field: str = "content") -> str:
    """Return a chunk with a number as text, spelled as given."""
    return json.dumps(chunk({field: "@@"})).replace('"@@"', literal)


def output_text(literal: str) -> str:
    event = {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0, "delta": "@@"}
    return json.dumps(event).replace('"@@"', literal)


NUMBERS = {
    **{
        f"content {literal}": Rule(
            CHAT, [A, number(literal), A, STOP, DONE], {"text": f"a{literal}a", "finish": "stop"}
        )
        for literal in ("6", "0.005", "1.0", "true", "false", "-3", "1e5")
    },
    "the first of all": Rule(CHAT, [number("6"), STOP, DONE], {"text": "6", "finish": "stop"}),
    "zero": Rule(CHAT, [A, number("0"), STOP, DONE], {"text": "a0", "finish": "stop"}),
    "reasoning_content": Rule(
        CHAT, [number("6", "reasoning_content"), A, STOP, DONE], {"text": "a", "reasoning": "6", "finish": "stop"}
    ),
    "reasoning": Rule(
        CHAT, [number("1.0", "reasoning"), A, STOP, DONE], {"text": "a", "reasoning": "1.0", "finish": "stop"}
    ),
    "a legacy text": Rule(
        CHAT,
        [
            json.dumps(
                {
                    "id": "c",
                    "object": "text_completion",
                    "model": "m",
                    "choices": [{"index": 0, "text": "@@", "finish_reason": None}],
                }
            ).replace('"@@"', "1.50"),
            {
                "id": "c",
                "object": "text_completion",
                "model": "m",
                "choices": [{"index": 0, "text": "", "finish_reason": "stop"}],
            },
            DONE,
        ],
        {"text": "1.50", "finish": "stop"},
    ),
    **{
        f"a Responses delta {literal}": Rule(
            RESPONSES,
            [CREATED, json.loads(output_text('"a"')), Literal, COMPLETED],
            {"text": f"a{literal}", "finish": "stop"},
        )
        for literal in ("6", "1.0", "true")
        for Literal in [output_text(literal)]
    },
}


def whole(message: Any, kind: str | None = "chat.completion.chunk", **fields: Any) -> dict[str, Any]:
    """Return a chunk with a `message` and no delta."""
    made = {"id": "c", "model": "m", "choices": [{"index": 0, "message": message, "finish_reason": "stop"} | fields]}
    return made if kind is None else made | {"object": kind}


ANSWER = {"role": "assistant", "content": "hi"}
CALLING = {
    "role": "assistant", "content": None,
    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
}  # fmt: skip
MESSAGES = {
    "under chat.completion.chunk": Rule(CHAT, [whole(ANSWER), DONE], SAID_HI),
    "under no object": Rule(CHAT, [whole(ANSWER, None), DONE], SAID_HI),
    "under chat.completion": Rule(CHAT, [whole(ANSWER, "chat.completion"), DONE], SAID_HI),
    "after a role chunk": Rule(CHAT, [ROLE, whole(ANSWER), DONE], SAID_HI),
    "with a call": Rule(
        CHAT, [whole(CALLING, finish_reason="tool_calls"), DONE], {"tools": [("c1", "f", "{}")], "finish": "tool_calls"}
    ),
    "with reasoning": Rule(
        CHAT, [whole(ANSWER | {"reasoning_content": "r"}), DONE], {"text": "hi", "reasoning": "r", "finish": "stop"}
    ),
    "beside a delta with content": Rule(CHAT, [whole(ANSWER, delta={"content": "hi"}), DONE], SAID_HI),
    "beside an empty delta": Rule(CHAT, [whole(ANSWER, delta={}), DONE], SAID_HI),
    "a repetition of what was streamed": Rule(CHAT, [HI, whole(ANSWER), DONE], SAID_HI),
    "a repetition at the end, with an empty delta": Rule(CHAT, [HI, whole(ANSWER, delta={}), DONE], SAID_HI),
}

PARTS = {
    "output_text": Rule(CHAT, [chunk({"content": [{"type": "output_text", "text": "a"}]}), STOP, DONE], SAID_A),
    "an object in place of a list": Rule(CHAT, [chunk({"content": {"type": "text", "text": "a"}}), STOP, DONE], SAID_A),
    "a reasoning part with a summary": Rule(
        CHAT,
        [chunk({"content": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "r"}]}, {"type": "text", "text": "a"}]}), STOP, DONE],
        {"text": "a", "reasoning": "r", "finish": "stop"},
    ),
    "a Responses message with a text as its content": Rule(
        RESPONSES,
        [
            CREATED,
            {"type": "response.output_item.done", "output_index": 0, "item": {"type": "message", "id": "m", "role": "assistant", "content": "a"}},
            COMPLETED,
        ],
        SAID_A,
    ),
    "the same, only at the end": Rule(
        RESPONSES,
        [CREATED, {"type": "response.completed", "response": response(output=[{"type": "message", "id": "m", "role": "assistant", "content": "a"}])}],
        SAID_A,
    ),
    "Anthropic, text in a thinking block": Rule(
        ANTHROPIC,
        [start(), block({"type": "thinking", "thinking": ""}), delta("thinking", thinking="r"), delta("text", text="a"), stop(), reason("end_turn"), MESSAGE_STOP],
        {"text": "a", "reasoning": "r", "finish": "stop"},
    ),
    "Anthropic, text in a tool block": Rule(
        ANTHROPIC,
        [start(), block({"type": "tool_use", "id": "c1", "name": "f", "input": {}}), delta("text", text="a"), delta("input_json", partial_json="{}"), stop(), reason("tool_use"), MESSAGE_STOP],
        {"text": "a", "tools": [("c1", "f", "{}")], "finish": "tool_calls"},
    ),
    "Anthropic, thinking in a text block": Rule(
        ANTHROPIC,
        [start(), block({"type": "text", "text": ""}), delta("thinking", thinking="r"), delta("text", text="a"), stop(), reason("end_turn"), MESSAGE_STOP],
        {"text": "a", "reasoning": "r", "finish": "stop"},
    ),
}  # fmt: skip

R = {"text": "a", "reasoning": "r", "finish": "stop"}
THOUGHT = [ReasoningDelta(block=0, text="r")]
REASONING = {
    **{
        name: Rule(CHAT, [chunk({name: "r"}), A, STOP, DONE], R, parts=THOUGHT)
        for name in ("reasoning_text", "thinking", "reasoning", "reasoning_content")
    },
    "thinking_blocks": Rule(CHAT, [chunk({"thinking_blocks": [{"type": "thinking", "thinking": "r"}]}), A, STOP, DONE], R),
    "two names with the same piece": Rule(
        CHAT, [chunk({"reasoning_content": "r", "thinking_blocks": [{"type": "thinking", "thinking": "r"}]}), A, STOP, DONE], R
    ),
    "two flat names with the same piece": Rule(CHAT, [chunk({"reasoning_text": "r", "reasoning": "r"}), A, STOP, DONE], R),
    "a signature in thinking_blocks": Rule(
        CHAT,
        [chunk({"thinking_blocks": [{"type": "thinking", "thinking": "r"}]}),
         chunk({"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "S"}]}), A, STOP, DONE],
        R, parts=[Signature(block=0, data="S")],
    ),
    "reasoning_opaque": Rule(
        CHAT, [chunk({"reasoning_text": "r"}), chunk({"reasoning_opaque": "S"}), A, STOP, DONE],
        R, parts=[Signature(block=0, data="S")],
    ),
}  # fmt: skip


def usage(api: Any, raw: dict[str, Any], **expected: Any) -> Rule:
    events: list[Any] = {
        CHAT: [A, STOP, chunk() | {"choices": [], "usage": raw}, DONE],
        RESPONSES: [
            CREATED,
            json.loads(output_text('"a"')),
            {"type": "response.completed", "response": response(usage=raw)},
        ],
    }[api]
    return Rule(api, events, SAID_A, usage=expected)


USAGES = {
    "inside the choice": Rule(
        CHAT, [A, with_choice(STOP, usage=USAGE), DONE], SAID_A, usage={"input": 1, "output": 2, "total": 3}
    ),
    "cached_tokens at the top": usage(CHAT, USAGE | {"cached_tokens": 1}, input=1, output=2, cache_read=1),
    "Anthropic's names in Chat": usage(
        CHAT, USAGE | {"prompt_tokens": 9, "cache_read_input_tokens": 4, "cache_creation_input_tokens": 3},
        input=9, cache_read=4, cache_write=3,
    ),
    "reasoning_tokens at the top": usage(CHAT, USAGE | {"reasoning_tokens": 1}, output=2, reasoning=1),
    "input_tokens in Chat": usage(CHAT, {"input_tokens": 5, "output_tokens": 7}, input=5, output=7),
    "prompt_tokens in Responses": usage(RESPONSES, {"prompt_tokens": 5, "completion_tokens": 7}, input=5, output=7),
    "zeros do not replace": Rule(
        CHAT,
        [A, STOP | {"usage": USAGE}, chunk() | {"choices": [], "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}}, DONE],
        SAID_A, usage={"input": 1, "output": 2},
    ),
    "nulls do not replace": Rule(
        CHAT, [A, STOP | {"usage": USAGE}, chunk() | {"choices": [], "usage": {"prompt_tokens": None, "completion_tokens": None}}, DONE],
        SAID_A, usage={"input": 1, "output": 2},
    ),
}  # fmt: skip


def halves(first: str, second: str, field: str = "content") -> list[Any]:
    """Return two chunks whose texts are JSON escapes."""
    return [json.dumps(chunk({field: "@@"})).replace("@@", text) for text in (first, second)]


HIGH, LOW = r"\ud83d", r"\ude00"
SURROGATES = {
    "two halves": Rule(CHAT, [*halves(HIGH, LOW), STOP, DONE], {"text": "😀", "finish": "stop"}),
    "with text around them": Rule(CHAT, [*halves("a" + HIGH, LOW + "b"), STOP, DONE], {"text": "a😀b", "finish": "stop"}),
    "in reasoning": Rule(CHAT, [*halves(HIGH, LOW, "reasoning"), A, STOP, DONE], {"text": "a", "reasoning": "😀", "finish": "stop"}),
    "the second half does not come": Rule(CHAT, [*halves(HIGH, "b"), STOP, DONE], {"text": "\ufffdb", "finish": "stop"}),
    "nothing comes": Rule(CHAT, [A, halves(HIGH, "")[0], STOP, DONE], {"text": "a\ufffd", "finish": "stop"}),
    "a low half alone": Rule(CHAT, [*halves("a", LOW), STOP, DONE], {"text": "a\ufffd", "finish": "stop"}),
    "Anthropic": Rule(
        ANTHROPIC,
        [start(), block({"type": "text", "text": ""}),
         *(json.dumps(delta("text", text="@@")).replace("@@", text) for text in (HIGH, LOW)),
         stop(), reason("end_turn"), MESSAGE_STOP],
        {"text": "😀", "finish": "stop"},
    ),
    "Responses": Rule(
        RESPONSES, [CREATED, output_text(f'"{HIGH}"'), output_text(f'"{LOW}"'), COMPLETED], {"text": "😀", "finish": "stop"}
    ),
    "Gemini": Rule(
        GEMINI,
        [*(json.dumps(candidate({"text": "@@"})).replace("@@", text) for text in (HIGH, LOW)), candidate(finish="STOP")],
        {"text": "😀", "finish": "stop"},
    ),
}  # fmt: skip

WRAPPED = {
    "Gemini, wrapped": Rule(
        GEMINI, [{"response": candidate({"text": "a"}, finish="STOP"), "traceId": "t"}], SAID_A
    ),
    "Gemini, wrapped, in two events": Rule(
        GEMINI,
        [{"response": candidate({"text": "a"})}, {"response": candidate({"text": "b"}, finish="STOP"), "traceId": "t"}],
        {"text": "ab", "finish": "stop"},
    ),
    "Gemini, wrapped, with an error": Rule(
        GEMINI,
        [{"response": candidate({"text": "a"})}, {"error": {"code": 503, "message": "oh", "status": "UNAVAILABLE"}}],
        {"text": "a"}, False, [(503, "oh")],
    ),
}  # fmt: skip

ALL = {
    f"{group}: {name}": rule
    for group, rules in {
        "R25": NUMBERS, "R26": MESSAGES, "R27, R28": PARTS, "R29": REASONING, "R31": USAGES, "R32": SURROGATES, "R34": WRAPPED,
    }.items()
    for name, rule in rules.items()
}  # fmt: skip


@pytest.mark.parametrize("rule", ALL.values(), ids=ALL)
def test_content(rule: Rule) -> None:
    rule.check()


def test_whole_message_in_a_json_body() -> None:
    for kind in ("chat.completion", "chat.completion.chunk", None):
        assert ssescan.stream(json.dumps(whole(ANSWER, kind)).encode()).collect().text == "hi"


TURNS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "reasoning_text": ([{"reasoning_text": "r"}, {"reasoning_opaque": "S"}], {"reasoning_text": "r", "reasoning_opaque": "S"}),
    "thinking_blocks": (
        [{"thinking_blocks": [{"type": "thinking", "thinking": "r"}]}, {"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "S"}]}],
        {"thinking_blocks": [{"type": "thinking", "thinking": "r", "signature": "S"}]},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("deltas", "expected"), TURNS.values(), ids=TURNS)
def test_signed_reasoning_goes_back_under_its_name(deltas: list[Any], expected: dict[str, Any]) -> None:
    turn = ssescan.stream(framed(*map(chunk, deltas), A, STOP, DONE)).collect().to_turn()
    assert {name: turn.get(name) for name in expected} == expected
    assert turn["content"] == "a"


def test_unknown_field_of_a_delta_is_raw_each_time() -> None:
    parts = read(framed(chunk({"content": "a", "mood": "glad"}), chunk({"mood": "sad"}), STOP, DONE))[0]
    assert [part.data for part in parts if isinstance(part, Raw) and part.name == "mood"] == ["glad", "sad"]


@pytest.mark.parametrize("place", ["chunk", "choice"])
def test_unknown_field_of_a_chunk_is_raw_once(place: str) -> None:
    events = [A | {"weather": 1}] * 3 if place == "chunk" else [with_choice(A, weather=1)] * 3
    for api in (None, CHAT):
        parts = read(framed(*events, STOP, DONE), api)[0]
        assert [part.data for part in parts if isinstance(part, Raw) and part.name == "weather"] == [1]
        assert [part.text for part in parts if isinstance(part, TextDelta)] == ["a"] * 3


def named(api: Any, *events: Any) -> bytes:
    return framed(*events, names=NAMES.get(api))


def plain(parts: list[Any], name: str) -> list[Any]:
    return [part.data for part in parts if isinstance(part, Raw) and part.name == name]


def texts(parts: list[Any]) -> str:
    return "".join([part.text for part in parts if isinstance(part, TextDelta)])


TEXT = [start(), block({"type": "text", "text": ""})]
INTERACTION = [
    {"event_type": "interaction.created", "interaction": {"id": "i", "model": "m", "status": "in_progress"}},
    {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
]


def said(api: Any, in_event: dict[str, Any], in_delta: dict[str, Any]) -> Any:
    """Return an event with a piece of text, and further fields."""
    if api == CHAT:
        return chunk({"content": "a"} | in_delta) | in_event
    if api == ANTHROPIC:
        event = delta("text", text="a")
        return event | {"delta": event["delta"] | in_delta} | in_event
    if api == RESPONSES:
        return json.loads(output_text('"a"')) | in_event | in_delta
    if api == GEMINI:
        return candidate({"text": "a"} | in_delta) | in_event
    return {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "a"} | in_delta} | in_event


BEGUN: dict[str, list[Any]] = {
    CHAT: [ROLE],
    ANTHROPIC: TEXT,
    RESPONSES: [CREATED],
    GEMINI: [],
    INTERACTIONS: INTERACTION,
}


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("before", [0, 1, 5])
def test_unknown_fields_in_every_format(api: Any, before: int) -> None:
    events = [*BEGUN[api], *[said(api, {}, {})] * before]
    for name in (None, api):
        parts = read(named(api, *events, *[said(api, {"weather": {"sun": 1}}, {})] * 3, said(api, {}, {})), name)[0]
        assert plain(parts, "weather") == [{"sun": 1}]
        assert texts(parts) == "a" * (before + 4)
        of_deltas = [said(api, {}, {"mood": mood}) for mood in ("glad", "sad", None)]
        parts = read(named(api, *events, *of_deltas, said(api, {}, {})), name)[0]
        moods = [data["mood"] if isinstance(data, dict) else data for data in plain(parts, "mood")]
        assert [mood for mood in moods if mood is not None] == ["glad", "sad"]
        assert texts(parts) == "a" * (before + 4)


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("field", ["system_fingerprint", "obfuscation", "weather", "a-b", 'a"b', "", "_unknown_0"])
def test_streams_with_a_field_in_every_event_stay_fast(api: Any, field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = 0
    feed_value = FormatDecoder.feed_value

    def counted(*arguments: Any) -> Any:
        nonlocal slow
        slow += 1
        return feed_value(*arguments)

    monkeypatch.setattr(FormatDecoder, "feed_value", counted)
    events = [event | {field: "x"} for event in [*BEGUN[api], *[said(api, {}, {})] * 50]]
    assert texts(read(named(api, *events), api)[0]) == "a" * 50
    is_delta_of_responses = api == RESPONSES and field in ("a-b", "", "_unknown_0", "weather", 'a"b')
    if field not in ('a"b', "") and not is_delta_of_responses:
        assert slow < 10


def test_many_unknown_fields_in_a_stream() -> None:
    events = [A | {f"field_{number}": number} for number in range(100)]
    parts = read(framed(*events, *events, STOP, DONE))[0]
    assert {part.data for part in parts if isinstance(part, Raw)} == set(range(100))
    assert texts(parts) == "a" * 200


def test_unknown_field_late_in_the_stream() -> None:
    parts = read(framed(*[A] * 9, A | {"weather": 1}, STOP, DONE))[0]
    assert [part.data for part in parts if isinstance(part, Raw)] == [1]


@pytest.mark.parametrize(
    "fields",
    [{"system_fingerprint": "f"}, {"obfuscation": "x"}, {"provider": "p"}, {"service_tier": "s"}, {"weather": None}],
)
def test_field_that_carries_nothing(fields: dict[str, Any]) -> None:
    assert not [part for part in read(framed(A | fields, STOP | fields, DONE))[0] if isinstance(part, Raw)]


THINKING: dict[str, tuple[Any, list[str], str, str]] = {
    "tags": (True, ["<think>r</think>a"], "r", "a"),
    "cut anywhere": (True, list("<think>r</think>a"), "r", "a"),
    "white space before": (True, ["\n <think>", "r", "</th", "ink>", "\n\na"], "r", "a"),
    "only at the start": (True, ["a <think>r</think>b"], "", "a <think>r</think>b"),
    "no tags": (True, ["a", "b"], "", "ab"),
    "a beginning that is not the tag": (True, ["<thi", "s>"], "", "<this>"),
    "never closed": (True, ["<think>", "r"], "r", ""),
    "open": ("open", ["r", "</think>", "a"], "r", "a"),
    "open, cut anywhere": ("open", list("rr</think>aa"), "rr", "aa"),
    "open, with the tag all the same": ("open", ["<think>r</think>a"], "r", "a"),
    "off": (False, ["<think>r</think>a"], "", "<think>r</think>a"),
}


@pytest.mark.parametrize(("option", "pieces", "reasoning", "text"), THINKING.values(), ids=THINKING)
def test_think_tags(option: Any, pieces: list[str], reasoning: str, text: str) -> None:
    for api, body in {
        CHAT: framed(*(chunk({"content": piece}) for piece in pieces), STOP, DONE),
        ANTHROPIC: framed(
            start(), block({"type": "text", "text": ""}), *(delta("text", text=piece) for piece in pieces),
            stop(), reason("end_turn"), MESSAGE_STOP, names="type",
        ),
        GEMINI: framed(*(candidate({"text": piece}) for piece in pieces), candidate(finish="STOP")),
    }.items():  # fmt: skip
        message = ssescan.stream(body, api, think_tags=option).collect()
        assert (message.reasoning.strip(), message.text.strip()) == (reasoning, text)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 13, 99])
def test_think_tags_number_the_blocks_as_the_message_does(size: int) -> None:
    text = " <think>r <b</think>a </think> b"
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    call = {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": "{}"}}]}
    events = [*(chunk({"content": piece}) for piece in pieces), chunk(call), chunk(finish="tool_calls"), DONE]
    for chunks in ([framed(*events)], [bytes([byte]) for byte in framed(*events)]):
        stream = ssescan.stream(chunks, CHAT, think_tags=True)
        parts = list(stream)
        said = dict.fromkeys(range(2), "")
        for part in parts:
            if isinstance(part, (ReasoningDelta, TextDelta)):
                assert part.block == (0 if isinstance(part, ReasoningDelta) else 1)
                said[part.block] += part.text
        assert [block.type for block in stream.message.blocks] == ["reasoning", "text", "tool_call"]
        assert said == {0: stream.message.reasoning, 1: stream.message.text} == {0: "r <b", 1: "a </think> b"}
        assert {part.block for part in parts if isinstance(part, ToolCallEnd)} == {2}
        assert stream.message.to_turn()["content"] == "a </think> b"


def test_think_tags_of_an_async_stream_and_of_choices() -> None:
    def of(index: int, text: str) -> dict[str, Any]:
        return with_choice(chunk({"content": text}), index=index)

    body = framed(
        of(0, "<think>"), of(1, "<thin"), of(0, "r0</think>"), of(1, "k>r1</think>a1"), of(0, "a0"),
        STOP, with_choice(STOP, index=1), DONE,
    )  # fmt: skip

    async def main() -> Any:
        async def source() -> AsyncIterator[bytes]:
            yield body

        return await ssescan.astream(source(), think_tags=True).collect()

    message = asyncio.run(main())
    assert [(choice.reasoning, choice.text) for choice in message.choices] == [("r0", "a0"), ("r1", "a1")]


def test_think_tags_takes_true_false_and_open() -> None:
    for wrong in (1, "yes", None):
        with pytest.raises((TypeError, ValueError), match="think_tags"):
            ssescan.stream(b"", think_tags=wrong)  # type: ignore[arg-type]


def test_half_of_an_emoji_in_an_async_stream() -> None:
    chunks = [framed(event) for event in (*halves(HIGH, LOW), STOP, DONE)]
    assert aread(chunks)[1].text == "😀"
