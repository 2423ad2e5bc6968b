"""The official SDKs' `.stream()` helpers read what a Transcoder wrote for them: as the stream was, or an exception."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import anthropic
import httpx2
import openai
import pytest

from .formats import FIXED, bodies, transcoded

if TYPE_CHECKING:
    from pathlib import Path

    from ssescan.providers import Message

LARGEST = 10_000  # bytes of a recorded stream
QUESTION: Any = [{"role": "user", "content": "Hello"}]
STOP_REASONS = {
    "stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal",
    "refusal": "refusal", "pause": "pause_turn", "other": "end_turn",
}  # fmt: skip
FINISH_REASONS = {"refusal": "content_filter", "pause": "stop", "other": "stop"}


class Found(NamedTuple):
    """The answer that an SDK assembled. `calls`: names and arguments, as JSON."""

    text: str
    calls: list[tuple[str, Any]]
    finish: str | None
    output_tokens: int


def plain(arguments: str) -> Any:
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return {"input": arguments}  # Anthropic's arguments are an object


def server_of(data: bytes) -> Any:
    headers = {"content-type": "text/event-stream"}
    return httpx2.Client(transport=httpx2.MockTransport(lambda _: httpx2.Response(200, headers=headers, content=data)))


def by_openai(data: bytes) -> Found:
    client = openai.OpenAI(api_key="none", http_client=server_of(data), max_retries=0)
    with client.chat.completions.stream(model="m", messages=QUESTION) as stream:
        # The helper raises at the end of an answer that it could not parse as a whole one.
        with suppress(openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError):
            list(stream)
        answer = stream.current_completion_snapshot
    choice: Any = answer.choices[0]
    made: list[Any] = choice.message.tool_calls or []
    calls = [(one.function.name, plain(one.function.arguments)) for one in made]
    text = choice.message.content or choice.message.refusal or ""
    return Found(text, calls, choice.finish_reason, answer.usage.completion_tokens if answer.usage else 0)


def by_anthropic(data: bytes) -> Found:
    client = anthropic.Anthropic(api_key="none", http_client=server_of(data), max_retries=0)
    with client.messages.stream(model="m", max_tokens=9, messages=QUESTION) as stream:
        list(stream)
        answer: Any = stream.get_final_message()
    text = "".join(block.text for block in answer.content if block.type == "text")
    calls = [(block.name, block.input) for block in answer.content if block.type == "tool_use"]
    return Found(text, calls, answer.stop_reason, answer.usage.output_tokens)


def expected(to: str, message: Message) -> Found:
    calls = [(call.name or "", plain(call.arguments)) for call in message.tool_calls]
    words = STOP_REASONS if to == "anthropic" else FINISH_REASONS
    reason = str(message.finish_reason)
    if to == "openai-chat" and reason == "refusal" and message.refusal:
        reason = "stop"  # the refusal has a field of its own
    tokens = message.usage.output if message.usage else None
    return Found(message.text or message.refusal or "", calls, words.get(reason, reason), tokens or 0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("to", "read"), [("openai-chat", by_openai), ("anthropic", by_anthropic)])
def test_helpers_assemble_every_recorded_stream(shared: Path, to: Any, read: Any) -> None:
    options: dict[str, Any] = {"include_usage": True} if to == "openai-chat" else {}
    seen = 0
    for name, data, message in bodies(shared):
        if message.api == to or len(data) > LARGEST:
            continue
        seen += 1
        made, transcoder = transcoded(to, [data], **FIXED, **options)
        if not message.complete:
            with pytest.raises((openai.APIError, anthropic.APIError)):
                read(made)
            continue
        found, wanted = read(made), expected(to, message)
        if message.finish_reason == "length":  # Anthropic's SDK completes arguments that were cut
            found, wanted = found._replace(calls=[]), wanted._replace(calls=[])
        if found != wanted:
            assert transcoder.lost, (name, found, wanted)
    assert seen > 100
