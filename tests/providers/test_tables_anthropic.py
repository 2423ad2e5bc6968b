"""Cases of the wire specification's tables for a tolerant reader: Anthropic Messages.

The names are those of the tables' rows. Where a rule of the specification contradicts a row, the rule wins, and
the case says so.
"""

from __future__ import annotations

from typing import Any

import pytest

from ssescan.providers import (
    Citation,
    Ping,
    Raw,
    ReasoningDelta,
    RedactedReasoning,
    Signature,
    Start,
    ToolCallEnd,
)

from .assertions import Case, check, framed, read
from .test_tables_responses import named


def start(id: str = "msg_1", **usage: Any) -> dict[str, Any]:
    message: dict[str, Any] = {
        "id": id,
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [],
        "stop_reason": None,
    }
    return {"type": "message_start", "message": message | {"usage": {"input_tokens": 5, "output_tokens": 1} | usage}}


def block(content: dict[str, Any], index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": content}


def delta(kind: str, index: int = 0, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": f"{kind}_delta"} | fields}


def stop(index: int = 0) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


def reason(stop_reason: str | None, output: int = 7, **fields: Any) -> dict[str, Any]:
    return {
        "type": "message_delta",
        "delta": {"stop_reason": stop_reason, "stop_sequence": None} | fields,
        "usage": {"output_tokens": output},
    }


TEXT_BLOCK = {"type": "text", "text": ""}
TOOL_BLOCK = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
THINKING_BLOCK = {"type": "thinking", "thinking": "", "signature": ""}
END = (reason("end_turn"), {"type": "message_stop"})
HE, Y = delta("text", text="He"), delta("text", text="y")
HEY = [start(), block(TEXT_BLOCK), HE, Y, stop(), *END]
PING = {"type": "ping"}
SAID_HEY = {"text": "Hey", "finish": "stop"}
OVERLOADED = {"type": "error", "error": {"details": None, "type": "overloaded_error", "message": "Overloaded"}}


def tool(*pieces: str, stopped: bool = True, why: str = "tool_use", content: dict[str, Any] = TOOL_BLOCK) -> bytes:
    return named(
        start(),
        block(content),
        *(delta("input_json", partial_json=piece) for piece in pieces),
        *([stop()] if stopped else []),
        reason(why),
        {"type": "message_stop"},
    )


def called(arguments: str, finish: str = "tool_calls", id: str = "toolu_1") -> dict[str, Any]:
    return {"tools": [(id, "f", arguments)], "finish": finish}


ANTHROPIC = {
    "text": Case(named(*HEY), SAID_HEY, parts=[Start(id="msg_1", model="m")]),
    "usage overwrite": Case(
        named(start(cache_read_input_tokens=30, cache_creation_input_tokens=2), *HEY[1:]),
        SAID_HEY,
        usage={"input": 37, "output": 7, "cache_read": 30, "cache_write": 2},
    ),
    "usage of server tools grows": Case(
        named(*HEY[:-2], reason("end_turn") | {"usage": {"input_tokens": 15, "output_tokens": 8}}, HEY[-1]),
        SAID_HEY,
        usage={"input": 15, "output": 8},
    ),
    "two message_delta": Case(named(*HEY[:-1], reason("end_turn", 9), HEY[-1]), SAID_HEY, usage={"output": 9}),
    "no message_stop": Case(named(*HEY[:-1]), SAID_HEY),
    "no stop_reason": Case(named(*HEY[:-2], HEY[-1]), {"text": "Hey"}),
    "truncated mid text": Case(named(*HEY[:3]), {"text": "He"}, complete=False),
    "tool": Case(tool("", '{"a"', ": 1}"), called('{"a": 1}')),
    "tool no args": Case(tool(), called("{}")),
    "tool cut max_tokens": Case(
        tool('{"a": [1, 2, ', '"unfin', stopped=False, why="max_tokens"),
        called('{"a": [1, 2, "unfin', "length"),
        parts=[ToolCallEnd(id="toolu_1", name="f", json='{"a": [1, 2, "unfin', cut=True)],
    ),
    "tool invalid json": Case(tool('{"a": tru', "1}"), called('{"a": tru1}')),
    "tool input at start": Case(tool(content=TOOL_BLOCK | {"input": {"q": 1}}), called('{"q":1}')),
    "thinking+sig": Case(
        named(
            start(),
            block(THINKING_BLOCK),
            delta("thinking", thinking="hm"),
            delta("signature", signature="AAA"),
            stop(),
            block({"type": "redacted_thinking", "data": "ENC"}, 1),
            stop(1),
            block(TEXT_BLOCK, 2),
            delta("text", 2, text="ok"),
            stop(2),
            *END,
        ),
        {"text": "ok", "reasoning": "hm", "finish": "stop"},
        parts=[ReasoningDelta(text="hm"), Signature(data="AAA"), RedactedReasoning(block=1, data="ENC")],
    ),
    "two signature_delta": Case(
        named(
            start(),
            block(THINKING_BLOCK),
            delta("signature", signature="AAA"),
            delta("signature", signature="BBB"),
            stop(),
            *END,
        ),
        {"finish": "stop"},
        parts=[Signature(data="BBB")],
    ),
    "thinking start w/o sig key": Case(
        named(start(), block({"type": "thinking", "thinking": ""}), delta("thinking", thinking="hm"), stop(), *END),
        {"reasoning": "hm", "finish": "stop"},
    ),
    "citations": Case(
        named(
            start(),
            block(TEXT_BLOCK | {"citations": []}),
            delta(
                "citations",
                citation={"type": "char_location", "cited_text": "c", "start_char_index": 0, "end_char_index": 1},
            ),
            delta("text", text="x"),
            stop(),
            *END,
        ),
        {"text": "x", "finish": "stop"},
        parts=[
            Citation(
                block=0,
                items=[
                    {
                        "type": "char_location",
                        "cited_text": "c",
                        "start_char_index": 0,
                        "end_char_index": 1,
                        "unit": "char",
                    }
                ],
            )
        ],
    ),
    "ping everywhere": Case(named(PING, *(one for event in HEY for one in (event, PING))), SAID_HEY, parts=[Ping()]),
    "overloaded": Case(named(start(), OVERLOADED), {}, False, [("overloaded_error", "Overloaded")]),
    "error no event name": Case(framed(start(), OVERLOADED), {}, False, [("overloaded_error", "Overloaded")]),
    "no event: lines": Case(framed(*HEY), SAID_HEY),
    "event: lines alone tell the type": Case(
        b"".join(
            b"event: %b\n%b" % (event["type"].encode(), framed({k: v for k, v in event.items() if k != "type"}))
            for event in HEY
        ),
        SAID_HEY,
    ),
    "unknown event": Case(
        named(*HEY[:3], {"type": "hologram", "h": 1}, *HEY[3:]),
        SAID_HEY,
        parts=[Raw(name="hologram", data={"type": "hologram", "h": 1})],
    ),
    "unknown delta": Case(named(*HEY[:3], delta("hologram", h=1), *HEY[4:]), {"text": "He", "finish": "stop"}),
    "unknown block": Case(
        named(
            start(), block({"type": "hologram", "h": 1}), stop(), block(TEXT_BLOCK, 1), HE | {"index": 1}, stop(1), *END
        ),
        {"text": "He", "finish": "stop"},
        parts=[Raw(block=0, name="hologram", data={"type": "hologram", "h": 1})],
    ),
    "dup message_start": Case(named(start(), *HEY), SAID_HEY),
    # The row has no error; section 6.5 asks for one.
    "spliced message_start": Case(
        named(start("msg_0"), block(TEXT_BLOCK), delta("text", text="OLD"), *HEY),
        {"text": "OLDHey", "finish": "stop"},
        False,
        [("protocol", None)],
    ),
    "llamacpp tool no input": Case(tool(content={"type": "tool_use", "id": "t", "name": "f"}), called("{}", id="t")),
    "index gap": Case(
        named(start(), block(TEXT_BLOCK, 5), delta("text", 5, text="He"), stop(5), *END),
        {"text": "He", "finish": "stop"},
    ),
    "refusal": Case(
        named(
            start(),
            reason("refusal", 5, stop_details={"type": "refusal", "category": "cyber", "explanation": "no"}),
            {"type": "message_stop"},
        ),
        {"finish": "refusal"},
    ),
    "text before start": Case(named(block(TEXT_BLOCK), HE, Y, start()), {"text": "Hey"}, complete=False),
    "done sentinel": Case(named(*HEY) + b"event: data\ndata: [DONE]\n\n", SAID_HEY),
    # Section 6.5.
    "empty signature_delta": Case(
        named(
            start(),
            block(THINKING_BLOCK),
            delta("thinking", thinking="hm"),
            delta("signature", signature=""),
            stop(),
            *END,
        ),
        {"reasoning": "hm", "finish": "stop"},
    ),
    # Section 6.2.
    "text in the start of its block": Case(
        named(start(), block({"type": "text", "text": "He"}), Y, stop(), *END), SAID_HEY
    ),
    "text without a block": Case(named(start(), HE, Y, *END), SAID_HEY),
    "server tools are not calls to make": Case(
        named(
            start(),
            block({"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {}}),
            delta("input_json", partial_json='{"query": "q"}'),
            stop(),
            block({"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": []}, 1),
            stop(1),
            block(TEXT_BLOCK, 2),
            delta("text", 2, text="Hey"),
            stop(2),
            *END,
        ),
        SAID_HEY,
        parts=[ToolCallEnd(id="srv_1", name="web_search", json='{"query": "q"}', server=True)],
    ),
    # Section 4: blocks that stay open together, and are all closed at the end.
    "llama.cpp": Case(
        named(
            start(),
            block(THINKING_BLOCK),
            delta("thinking", thinking="h"),
            block(TEXT_BLOCK, 1),
            delta("text", 1, text="He"),
            block({"type": "tool_use", "id": "t", "name": "f"}, 2),
            delta("input_json", 2, partial_json='{"a"'),
            delta("thinking", thinking="m"),
            delta("text", 1, text="y"),
            delta("input_json", 2, partial_json=":1}"),
            delta("signature", signature=""),
            stop(),
            stop(1),
            stop(2),
            reason("tool_use"),
            {"type": "message_stop"},
        ),
        {"text": "Hey", "reasoning": "hm", "tools": [("t", "f", '{"a":1}')], "finish": "tool_calls"},
    ),
    "padded": Case(named(*HEY).replace(b"}\n", b"       }\n"), SAID_HEY),
    "pause": Case(named(*HEY[:-2], reason("pause_turn"), HEY[-1]), {"text": "Hey", "finish": "pause"}),
    "an unknown stop_reason": Case(named(*HEY[:-2], reason("tired"), HEY[-1]), {"text": "Hey", "finish": "other"}),
}


@pytest.mark.parametrize("case", ANTHROPIC.values(), ids=ANTHROPIC)
def test_anthropic(case: Case) -> None:
    check(case, "anthropic")


def test_empty_signature_is_ignored() -> None:
    parts, message, _ = read(ANTHROPIC["empty signature_delta"].stream)
    assert not [part for part in parts if isinstance(part, Signature)]
    assert [getattr(block, "signature", None) for block in message.blocks] == [None]


def test_unknown_delta_is_kept() -> None:
    parts = read(ANTHROPIC["unknown delta"].stream)[0]
    assert [part.data["delta"] for part in parts if isinstance(part, Raw)] == [{"type": "hologram_delta", "h": 1}]
