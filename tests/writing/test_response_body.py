"""response_body: a message for a client that asked for no stream; ssescan and the SDKs read it back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anthropic
import httpx
import openai
import pytest
from cli.processes import Server, serving
from google import genai

from ssescan import Message, stream
from ssescan.providers import (
    Choice,
    MediaBlock,
    RawBlock,
    ReasoningBlock,
    RedactedReasoningBlock,
    RefusalBlock,
    TextBlock,
    ToolCall,
    Usage,
    response_body,
)

from .formats import bodies
from .test_transcoder import differences

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODIES: tuple[Any, ...] = ("openai-chat", "openai-responses", "anthropic", "gemini")
every_body = pytest.mark.parametrize("api", BODIES)
# What each format says in other words, or not at all: finish reasons, and parts of a usage.
SAID = {
    "openai-chat": {"pause": "stop", "other": "stop"},
    "openai-responses": {"pause": "stop", "other": "stop"},
    "anthropic": {"content_filter": "refusal", "other": "stop"},
    "gemini": {"refusal": "content_filter", "pause": "stop"},
}
ANSWER = Message(
    id="id1", model="m", complete=True, usage=Usage(input=10, output=7, reasoning=3, cache_read=2, total=17),
    choices=[Choice(finish_reason="tool_calls", blocks=[
        ReasoningBlock("Hm.", signature="c2ln"), TextBlock("Let me look."),
        ToolCall("call_1", "weather", '{"city": "Ulm", "n": 1.0}'), ToolCall(None, "time"),
    ])],
)  # fmt: skip


def one(*blocks: Any, reason: Any = "stop", **fields: Any) -> Message:
    return Message(
        id="id1", model="m", complete=True, choices=[Choice(blocks=list(blocks), finish_reason=reason)], **fields
    )


def read(body: bytes, api: Any = None) -> Message:
    """Read a body as the answer of a server."""
    response = httpx.Response(200, headers={"content-type": "application/json"}, content=body)
    return stream(response, api, strict=False).collect()


@every_body
def test_every_recorded_answer_is_read_back(shared: Path, api: Any) -> None:
    seen = 0
    for name, _, message in bodies(shared):
        if not message.complete:
            continue
        seen += 1
        again = read(response_body(message, api))
        assert again.complete, name
        found = {what: (before, after) for what, before, after in differences(message, again)}
        before, after = found.get("finish_reason", (None, None))
        if SAID[api].get(before) == after or (before == "refusal" and not message.refusal):
            found.pop("finish_reason", None)
        if api in ("anthropic", "gemini"):  # no place for a refusal but the text, and arguments are objects
            found = {} if message.refusal else found
            if any(call.invalid or call.custom for call in message.tool_calls):
                found.pop("calls", None)
        if any(call.kind not in ("function", "custom") for call in message.tool_calls):
            found.pop("calls", None)  # the built-in tools of OpenAI
        usage = message.usage or Usage()
        if (usage.input or 0) < (usage.cache_read or 0) or (usage.output or 0) < (usage.reasoning or 0):
            found.pop("usage", None)  # a server that does not count its cache as input, or reasoning as output
        if api == "gemini" and usage.cache_write:
            found.pop("usage", None)  # has no number for it
        assert not found, name
    assert seen > 200


@every_body
def test_the_same_format_keeps_what_only_it_has(shared: Path, api: Any) -> None:
    for name, _, message in bodies(shared):
        if message.api != api or not message.complete or message.finish_reason == "length":
            continue
        again = read(response_body(message, api))
        if api != "openai-chat":  # which has no order of blocks
            before, after = (
                [type(block) for block in one.blocks if type(block) is not RawBlock] for one in (message, again)
            )
            assert before == after, name
        assert again.raw_finish_reason == message.raw_finish_reason, name


@every_body
def test_calls_without_an_id_get_the_same_one(api: Any) -> None:
    ids = [[call.id for call in read(response_body(ANSWER, api)).tool_calls] for _ in range(2)]
    assert ids[0] == ids[1]
    assert ids[0][0] == "call_1"


@every_body
def test_several_answers_where_there_are_several(api: Any) -> None:
    choices = [Choice(index=index, blocks=[TextBlock(text)], finish_reason="stop") for index, text in enumerate("ab")]
    again = read(response_body(Message(complete=True, choices=choices), api))
    texts = [choice.text for choice in again.choices]
    assert texts == (["a", "b"] if api in ("openai-chat", "gemini") else ["a"])


@every_body
def test_refusals_redacted_thoughts_images_and_invalid_arguments(api: Any) -> None:
    call = ToolCall("c1", "f", "{oops")
    message = one(RedactedReasoningBlock("c2Vj"), RefusalBlock("No."), call, MediaBlock("image/png", ["QQ==", "Qg=="]))
    again = read(response_body(message, api))
    assert again.refusal or again.text == "No."
    assert "oops" in again.tool_calls[0].arguments
    if api != "anthropic":
        assert [block.data for block in again.blocks if isinstance(block, MediaBlock)] == [["QUI="]]


@every_body
def test_a_lone_surrogate_and_deep_nesting_are_written(api: Any) -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    citation = {"type": "url_citation", "url": "https://a", "title": deep}
    message = one(TextBlock("a\ud800", citations=[citation]), reason="stop")
    assert read(response_body(message, api)).text == "a�"


@every_body
def test_what_is_not_complete_is_refused(api: Any) -> None:
    for message in (Message(), Message(choices=ANSWER.choices), one(reason="error")):
        with pytest.raises(ValueError, match="error_body"):
            response_body(message, api)


def test_wrong_use_is_refused() -> None:
    with pytest.raises(TypeError, match="Message of a stream, not dict"):
        response_body({}, "anthropic")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'ai-sdk-ui' has no answer that is not streamed"):
        response_body(ANSWER, "ai-sdk-ui")
    with pytest.raises(ValueError, match="must be one of"):
        response_body(ANSWER, "chat")  # type: ignore[arg-type]


# The SDKs


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with serving(server):
        yield server


def serve(server: Server, api: Any, path: str) -> str:
    return server.answers_with(response_body(ANSWER, api), path=path, content_type="application/json")[: -len(path)]


def test_openai_reads_a_chat_completion(server: Server) -> None:
    url = serve(server, "openai-chat", "/v1/chat/completions")
    client = openai.OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0)
    made = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}])
    choice = made.choices[0]
    assert (made.object, choice.finish_reason, choice.message.content) == (
        "chat.completion", "tool_calls", "Let me look.",
    )  # fmt: skip
    assert choice.message.tool_calls is not None
    assert json.loads(choice.message.tool_calls[0].function.arguments) == {"city": "Ulm", "n": 1}  # type: ignore[union-attr]
    assert made.usage is not None
    assert made.usage.total_tokens == 17
    type(made).model_validate(made.model_dump())


def test_openai_reads_a_response(server: Server) -> None:
    url = serve(server, "openai-responses", "/v1/responses")
    client = openai.OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0)
    made = client.responses.create(model="m", input="?")
    assert (made.status, made.output_text) == ("completed", "Let me look.")
    assert [item.type for item in made.output] == ["reasoning", "message", "function_call", "function_call"]
    assert made.usage is not None
    assert made.usage.output_tokens_details.reasoning_tokens == 3
    type(made).model_validate(made.model_dump())


def test_anthropic_reads_a_message(server: Server) -> None:
    url = serve(server, "anthropic", "/v1/messages")
    client = anthropic.Anthropic(api_key="none", base_url=url, max_retries=0)
    made = client.messages.create(model="m", max_tokens=9, messages=[{"role": "user", "content": "?"}])
    assert [block.type for block in made.content] == ["thinking", "text", "tool_use", "tool_use"]
    assert made.content[2].input == {"city": "Ulm", "n": 1}  # type: ignore[union-attr]
    assert (made.stop_reason, made.usage.input_tokens, made.usage.cache_read_input_tokens) == ("tool_use", 8, 2)
    type(made).model_validate(made.model_dump())


def test_google_genai_reads_a_response(server: Server) -> None:
    url = serve(server, "gemini", "/v1/models/m:generateContent")
    client = genai.Client(api_key="none", http_options={"base_url": url})
    made = client.models.generate_content(model="m", contents="?")
    assert made.function_calls is not None
    assert [call.name for call in made.function_calls] == ["weather", "time"]
    assert made.usage_metadata is not None
    assert (made.usage_metadata.candidates_token_count, made.usage_metadata.thoughts_token_count) == (4, 3)
