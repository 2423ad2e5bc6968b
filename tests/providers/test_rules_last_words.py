"""Rules R12 and R13 of docs/rules.md: the provider's last word, and `[DONE]` in place of one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import ssescan
from ssescan.providers import Finish, Message

from .assertions import DONE, framed
from .reading import Boom, agenerated, generated
from .test_rules_ending import (
    BROKEN,
    CALL,
    CHAT,
    MESSAGE_STOP,
    OPEN_CALL,
    anthropic_text,
    reason,
    responses_text,
)
from .test_tables_chat import HI, ROLE, STOP, chunk
from .test_tables_responses import named, response

LAST_WORDS = {
    "chat": framed(ROLE, HI, STOP, DONE),
    "responses": named(*responses_text({"type": "response.completed", "response": response()})),
    "anthropic": named(*anthropic_text(reason("end_turn"), MESSAGE_STOP)),
    "interactions": framed(
        {"event_type": "interaction.created", "interaction": {"id": "i", "model": "m", "status": "in_progress"}},
        {"event_type": "step.start", "index": 0, "step": {"type": "model_output"}},
        {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "a"}},
        {"event_type": "step.stop", "index": 0},
        {"event_type": "interaction.completed", "interaction": {"id": "i", "status": "completed"}},
    ),
}


@pytest.mark.parametrize("body", LAST_WORDS.values(), ids=LAST_WORDS)
def test_connection_breaks_after_the_last_word(body: bytes) -> None:
    with ssescan.stream(generated(body, then=Boom())) as given:
        assert given.collect().complete
    assert given.outcome == ("ended" if body.endswith(b"[DONE]\n\n") else "failed")


@pytest.mark.parametrize("body", LAST_WORDS.values(), ids=LAST_WORDS)
def test_connection_breaks_after_the_last_word_async(body: bytes) -> None:
    async def main() -> None:
        async with ssescan.astream(agenerated(body, then=Boom())) as given:
            assert (await given.collect()).complete
        assert given.outcome == ("ended" if body.endswith(b"[DONE]\n\n") else "failed")

    asyncio.run(main())


@pytest.mark.parametrize("body", LAST_WORDS.values(), ids=LAST_WORDS)
@pytest.mark.parametrize("missing", [1, 2])
def test_connection_breaks_within_the_last_word(body: bytes, missing: int) -> None:
    """The event has no blank line yet, so that more lines of it may have been lost."""
    with ssescan.stream(generated(body[:-missing], then=Boom())) as given, pytest.raises(Boom):
        given.collect()
    assert not given.message.complete

    async def main() -> None:
        async with ssescan.astream(agenerated(body[:-missing], then=Boom())) as given:
            with pytest.raises(Boom):
                await given.collect()
            assert not given.message.complete

    asyncio.run(main())


def test_stall_after_the_last_word() -> None:
    async def main() -> None:
        async def source() -> Any:
            yield LAST_WORDS["anthropic"]
            await asyncio.sleep(600)

        async with ssescan.astream(source(), stall=ssescan.Stall(progress=0.01)) as given:
            assert (await given.collect()).complete
        assert given.outcome == "failed"

    asyncio.run(main())


@pytest.mark.parametrize("error", [TypeError("mine"), ValueError("mine")])
def test_wrong_use_after_the_last_word_is_raised(error: Exception) -> None:
    with (
        ssescan.stream(generated(LAST_WORDS["anthropic"], then=error)) as given,
        pytest.raises(type(error), match="mine"),
    ):
        given.collect()
    assert not given.message.complete


@pytest.mark.parametrize("end", [1, 2])
def test_connection_breaks_before_the_last_word(end: int) -> None:
    body = framed(ROLE, HI, STOP)[: None if end == 2 else -70]
    with ssescan.stream(generated(body, then=Boom())) as given, pytest.raises(Boom):
        given.collect()
    assert not given.message.complete


def finished(source: bytes, api: Any = None, *, strict: bool = False) -> Message:
    return ssescan.stream(source, api, strict=strict, accept_done=True).collect()


DONE_ONLY = {
    "text": ([ROLE, HI], {"text": "hi"}, "stop", True, []),
    "a call": ([CALL], {}, "tool_calls", True, []),
    "a call that is not whole": ([OPEN_CALL], {}, "tool_calls", False, ["f"]),
    "an error": ([HI, {"error": {"message": "oh"}}], {"text": "hi"}, None, False, []),
    "nothing": ([ROLE], {}, None, False, []),
    "content after a finish": ([HI, STOP, HI], {"text": "hihi"}, None, False, []),
    "a damaged event": ([HI, BROKEN], {"text": "hi"}, None, False, []),
    "a finish": ([HI, chunk(finish="length")], {"text": "hi"}, "length", True, []),
}


@pytest.mark.parametrize(("events", "said", "finish", "complete", "cut"), DONE_ONLY.values(), ids=DONE_ONLY)
@pytest.mark.parametrize("api", [None, CHAT])
def test_accept_done(
    events: list[Any], said: dict[str, Any], finish: Any, complete: bool, cut: list[str], api: Any
) -> None:
    message = finished(framed(*events, DONE), api)
    assert (message.text, message.finish_reason) == (said.get("text", ""), finish)
    assert message.complete is complete
    assert [call.name for call in message.tool_calls if call.cut] == cut
    if finish in ("stop", "tool_calls"):
        assert message.raw_finish_reason == "[DONE]"
        parts = list(ssescan.stream(framed(*events, DONE), api, strict=False, accept_done=True))
        assert Finish(reason=finish, raw="[DONE]") in parts
    assert (
        not ssescan.stream(framed(*events), api, strict=False, accept_done=True).collect().complete
        or finish == "length"
    )


def test_done_is_not_accepted_without_the_option() -> None:
    assert not ssescan.stream(framed(ROLE, HI, DONE), strict=False).collect().complete


def test_accept_done_is_a_bool() -> None:
    with pytest.raises(TypeError, match="accept_done"):
        ssescan.stream(b"", accept_done=1)  # type: ignore[arg-type]
