"""Rule R33 of docs/rules.md: reasoning between tags in the text."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

import ssescan
from ssescan.providers import ReasoningDelta, TextDelta, ToolCallEnd

from .assertions import DONE, framed
from .test_rules_content import ANTHROPIC, CHAT, GEMINI, with_choice
from .test_rules_ending import MESSAGE_STOP, reason
from .test_tables_anthropic import block, delta, start, stop
from .test_tables_chat import STOP, chunk
from .test_tables_gemini import candidate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


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
