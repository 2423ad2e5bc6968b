"""Objects with deeply nested JSON can be pickled, copied, compared and shown, and come back the same."""

from __future__ import annotations

import base64
import copy
import pickle
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ssescan import Message, ProviderError, StreamCut, UnexpectedStatus
from ssescan.providers import (
    Error,
    Raw,
    TextDelta,
    ToolCall,
    Usage,
    anthropic,
    gemini,
    gemini_interactions,
    openai_chat,
    openai_responses,
)  # fmt: skip
from ssescan.providers.message import Choice, RawBlock, ServerToolResultBlock

from .assertions import framed, read, text
from .hostile import BEGIN, ENDS, SAYS
from .test_hostile_depth import KEPT, deepest

if TYPE_CHECKING:
    from collections.abc import Callable

# Values that a conversion to JSON or to 64-bit numbers would change.
INNERMOST = '[1180591620717411303424,-1180591620717411303424,1e308,0.5,1,1.0,true,false,null,"\\ud83d\\u0000é",{"":[]}]'


def ways(value: Any) -> list[Any]:
    """Return copies of a value, one for each way of copying."""
    pickles = [pickle.loads(pickle.dumps(value, protocol)) for protocol in (2, pickle.HIGHEST_PROTOCOL)]
    return [*pickles, copy.copy(value), copy.deepcopy(value)]


def nested(depth: int, innermost: Any = None) -> Any:
    value: Any = [innermost]
    for level in range(depth - 1):
        value = {"a": value, "b": 1.5} if level % 3 else [value]
    return value


def from_below(function: Callable[[], Any], frames: int = 150) -> Any:
    """Call a function at a greater depth of the stack than the reading of the stream."""
    return from_below(function, frames - 1) if frames else function()


@pytest.mark.parametrize(("api", "event"), KEPT.values(), ids=KEPT)
def test_message_of_any_depth_can_be_copied(api: str, event: Any) -> None:
    edge = deepest()
    for depth in (5, 31, 34, 600, edge - 60, edge - 20):
        odd = text(event).replace('"@@"', "[" * depth + INNERMOST + "]" * depth)
        parts, message, _ = read(framed(*BEGIN[api], SAYS[api]("a"), odd, SAYS[api]("b"), *ENDS[api]), api)
        errors = [StreamCut(message), ProviderError(api, "k", 1, None, odd, message)]
        for value in (message, *message.blocks, *parts):
            assert ways(value) == [value] * 4
            assert pickle.dumps(copy.deepcopy(value)) == pickle.dumps(copy.deepcopy(copy.deepcopy(value)))
        for error in errors:
            for made in ways(error):
                assert (type(made), made.message) == (type(error), message)


HOLDING: list[Callable[[Any], Any]] = [
    lambda value: Raw(name="x", data=value),
    lambda value: Error(kind="k", raw=value),
    lambda value: Usage(input=1, raw={"x": value}),
    lambda value: RawBlock("x", value),
    lambda value: ToolCall("c", "f", result=ServerToolResultBlock("i", "n", value), native={"x": value}),
    lambda value: Message(api="anthropic", choices=[Choice(blocks=[RawBlock("x", value)])], errors=[Error(raw=value)]),
]


@pytest.mark.parametrize("depth", [1, 30, 200, 950, 15_000])
@pytest.mark.parametrize("holding", HOLDING, ids=lambda holding: type(holding(1)).__name__)
def test_objects_with_values_of_any_depth(holding: Callable[[Any], Any], depth: int) -> None:
    held, same, other = holding(nested(depth, 1)), holding(nested(depth, 1)), holding(nested(depth, 2))

    def use() -> None:
        assert held == same
        assert held != other
        assert held != 1
        assert repr(held).startswith(f"{type(held).__name__}(")
        for made in ways(held):
            assert made == held
            assert type(made) is type(held)
        if isinstance(held, Message):
            assert held.to_json()
            assert held.to_dict()["errors"]
            held.to_turn()

    use()
    from_below(use)


DEEP = "[" * 600 + "1" + "]" * 600
OBJECTS = {
    "chat": (openai_chat.iter_chunks, '{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"odd":@@}'),
    "responses": (
        openai_responses.iter_events,
        '{"type":"response.completed","response":{"id":"r","status":"completed","output":[],"metadata":{"a":@@}}}',
    ),
    "anthropic": (
        anthropic.iter_events,
        '{"type":"message_start","message":{"id":"m","content":[{"type":"odd","a":@@}]}}',
    ),
    "gemini": (
        gemini.iter_responses,
        '{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":@@}}}]},"finishReason":"STOP"}]}',
    ),
    "interactions": (
        gemini_interactions.iter_events,
        '{"event_type":"step.start","index":0,"step":{"type":"function_call","id":"c","name":"f","arguments":{"a":@@}}}',
    ),
}


@pytest.mark.parametrize(("iter_objects", "event"), OBJECTS.values(), ids=OBJECTS)
def test_wire_objects_of_any_depth_can_be_copied(iter_objects: Any, event: str) -> None:
    stream = iter_objects(f"data: {event.replace('@@', DEEP)}\n\n".encode(), strict=False)
    for held in stream:
        for made in ways(held):
            assert type(made) is type(held)
            assert made == held
        with pytest.raises(TypeError):
            hash(held)


@pytest.mark.parametrize("depth", [1, 200, 100_000])
def test_exceptions_with_values_of_any_depth(depth: int) -> None:
    value, message = nested(depth, 2**70), Message(choices=[Choice(blocks=[RawBlock("x", nested(depth, 1))])])
    error = ProviderError("gemini", None, None, None, value, message)
    error.add_note("a note")
    for made in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert str(made) == str(error)
        assert repr(made) == repr(error)
        assert Raw(name="", data=made.raw) == Raw(name="", data=value)
        assert (made.message, made.__notes__) == (message, ["a note"])
    refused = pickle.loads(pickle.dumps(UnexpectedStatus(401, b"no", None)))
    assert (refused.status, refused.body) == (401, b"no")


def test_all_values_survive_copying() -> None:
    leaves: list[Any] = [
        2**70,
        -(2**70),
        1e308,
        float("inf"),
        0.5,
        1,
        1.0,
        True,
        False,
        None,
        "\ud800",
        "",
        {},
        [],
        (),
        (1, [2]),
        b"x",
        {"": 1},
    ]
    block = RawBlock("x", nested(100, leaves))
    for made in ways(block):
        assert repr(made) == repr(block)
        assert made == block
    nan = RawBlock("x", nested(100, float("nan")))
    assert repr(copy.deepcopy(nan)) == repr(nan)


def test_order_of_keys_does_not_count_at_any_depth() -> None:
    one, other = (nested(2_000, dict(order)) for order in ([("a", 1), ("b", 2)], [("b", 2), ("a", 1)]))
    assert RawBlock("x", one) == RawBlock("x", other)
    assert RawBlock("x", nested(2_000, {"a": 1})) != RawBlock("x", nested(2_000, {"b": 1}))
    assert RawBlock("x", nested(2_000, [1])) != RawBlock("x", nested(2_000, [1, 2]))
    assert RawBlock("x", nested(2_000)) != RawBlock("x", nested(2_001))


def test_parts_are_hashable_and_untracked() -> None:
    assert hash(TextDelta(text="a")) == hash(TextDelta(text="a"))
    assert {TextDelta(text="a")} == {TextDelta(text="a")}
    assert not TextDelta.__struct_config__.gc
    with pytest.raises(TypeError, match="unhashable"):
        hash(Raw(name="x", data=[]))


def test_pickle_loads_in_another_process() -> None:
    error = ProviderError(
        "gemini", None, None, None, nested(5_000, 1), Message(choices=[Choice(blocks=[RawBlock("x", nested(5_000))])])
    )
    program = "import pickle, sys; print(type(pickle.load(sys.stdin.buffer)).__name__)"
    done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(error), capture_output=True, check=True)
    assert done.stdout.split() == [b"ProviderError"]


# A pickle from before deep values could be pickled: [Message, Raw, Error, StreamCut, ProviderError].
BEFORE = (
    "gASVuwIAAAAAAABdlCiMDm1zZ3NwZWMuX3V0aWxzlIwHcmVidWlsZJSTlIwZc3Nlc2Nhbi5wcm92aWRlcnMubWVzc2FnZZSMB01l"
    "c3NhZ2WUk5R9lCiMA2FwaZSMCWFudGhyb3BpY5SMAmlklE6MBW1vZGVslE6MB2Nob2ljZXOUXZRoA2gEjAZDaG9pY2WUk5R9lCiM"
    "BWluZGV4lEsAjAZibG9ja3OUXZQoaASMCFJhd0Jsb2NrlJOUjAF4lF2UXZRLAWFhfZSHlFKUaASMCFRvb2xDYWxslJOUKIwBY5SM"
    "AWaUjAd7ImEiOjF9lImJiU5oBIwVU2VydmVyVG9vbFJlc3VsdEJsb2NrlJOUKIwBaZSMAW6UXZRLAWGJTn2UdJRSlH2UdJRSlGWM"
    "DWZpbmlzaF9yZWFzb26UTowRcmF3X2ZpbmlzaF9yZWFzb26UTowNc3RvcF9zZXF1ZW5jZZROjA5maW5pc2hfZGV0YWlsc5ROjAZu"
    "YXRpdmWUfZR1hpRSlGGMBXVzYWdllE6MBmVycm9yc5RdlGgDjBdzc2VzY2FuLnByb3ZpZGVycy5wYXJ0c5SMBUVycm9ylJOUfZQo"
    "jAZjaG9pY2WUSwCMBGtpbmSUjAFrlIwEY29kZZROjAdtZXNzYWdllE6MA3Jhd5R9lIwBYZRdlIoJAAAAAAAAAABAYXN1hpRSlGGM"
    "CGNvbXBsZXRllIl1hpRSlGgDaDeMA1Jhd5STlH2UKGg7SwCMBWJsb2NrlE6MBG5hbWWUaBaMBGRhdGGUXZRdlEsBYWF1hpRSlGhF"
    "jAdzc2VzY2FulIwJU3RyZWFtQ3V0lJOUaEiFlFKUfZRoP2hIc2JoU4wNUHJvdmlkZXJFcnJvcpSTlChoQk5OTl2USwFhaEh0lFKU"
    "fZQoaAhoQmg8Tmg+TowGZGV0YWlslE5oQGhbaD9oSHViZS4="
)


def test_old_pickles_load() -> None:
    message, raw, error, cut, failed = pickle.loads(base64.b64decode(BEFORE))
    call = ToolCall("c", "f", '{"a":1}', result=ServerToolResultBlock("i", "n", [1]))
    assert message == Message(api="anthropic", choices=[Choice(blocks=[RawBlock("x", [[1]]), call])], errors=[error])
    assert (raw, error) == (Raw(name="x", data=[[1]]), Error(kind="k", raw={"a": [2**70]}))
    assert (cut.message, failed.message, failed.raw) == (message, message, [1])
