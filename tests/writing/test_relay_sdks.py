"""The official SDKs read what a Relay passed on: the texts of the filter, the name of the model, and no complaint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest

from ssescan import Redact, Relay
from ssescan.providers import Finish, ReasoningDelta, TextDelta, ToolCallDelta, ToolCallEnd, ToolCallStart

from .formats import READ_AGAIN, written
from .genai_sdk import genai_reader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .genai_sdk import Reader

pytest.importorskip("regex")

ARGUMENTS = '{"key":"sk-abcd1234","deep":["a",1]}'
PARTS = [
    ReasoningDelta(block=0, text="The key sk"),
    ReasoningDelta(block=0, text="-abcd1234."),
    *(TextDelta(block=1, text=text) for text in ("My key is s", "k-ab", "cd12", "34, \u00e9 sk", "y.")),
    ToolCallStart(block=2, id="call_1", name="find"),
    *(ToolCallDelta(block=2, json=json) for json in (ARGUMENTS[:12], ARGUMENTS[12:17], ARGUMENTS[17:])),
    ToolCallEnd(block=2, id="call_1", name="find", json=ARGUMENTS),
    Finish(reason="tool_calls"),
]
TEXT = "My key is sk-abcd1234, \u00e9 sky."
QUESTION: Any = [{"role": "user", "content": "Hello"}]


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    with genai_reader() as made:
        yield made


def by_openai_chat(reader: Reader) -> tuple[str, str, list[Any]]:
    with (
        openai.OpenAI(base_url=reader.url, api_key="none", max_retries=0) as client,
        client.chat.completions.stream(model="m", messages=QUESTION) as stream,
    ):
        list(stream)
        answer = stream.get_final_completion()
    message = answer.choices[0].message
    calls: Any = message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls"
    return answer.model, str(message.content), [(call.function.name, call.function.arguments) for call in calls]


def by_openai_responses(reader: Reader) -> tuple[str, str, list[Any]]:
    with (
        openai.OpenAI(base_url=reader.url, api_key="none", max_retries=0) as client,
        client.responses.stream(model="m", input="Hello") as stream,
    ):
        events: list[Any] = list(stream)
        answer: Any = stream.get_final_response()
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == answer.output_text
    assert answer.status == "completed"
    calls = [(item.name, item.arguments) for item in answer.output if item.type == "function_call"]
    return answer.model, answer.output_text, calls


def by_anthropic(reader: Reader) -> tuple[str, str, list[Any]]:
    with (
        anthropic.Anthropic(base_url=reader.url, api_key="none", max_retries=0) as client,
        client.messages.stream(model="m", max_tokens=9, messages=QUESTION) as stream,
    ):
        list(stream)
        answer: Any = stream.get_final_message()
    assert answer.stop_reason == "tool_use"
    texts = [block.text for block in answer.content if block.type == "text"]
    return answer.model, "".join(texts), [(one.name, one.input) for one in answer.content if one.type == "tool_use"]


def by_google_genai(reader: Reader) -> tuple[str, str, list[Any]]:
    answer = reader.read(reader.body)
    assert answer.error is None
    models = {chunk.model_version for chunk in answer.chunks}
    return str(models.pop()), answer.text(), [(name, arguments) for _, name, arguments in answer.calls()]


READERS: dict[str, Any] = {
    "openai-chat": by_openai_chat,
    "openai-responses": by_openai_responses,
    "anthropic": by_anthropic,
    "gemini": by_google_genai,
}


def relayed(data: bytes, size: int, **options: Any) -> bytes:
    relay = Relay(**options)
    return b"".join([relay.feed(data[at : at + size]) for at in range(0, len(data), size)]) + relay.close()


@pytest.mark.parametrize("api", READ_AGAIN)
def test_only_the_name_of_the_model_changes(reader: Reader, api: str) -> None:
    data, _ = written(api, PARTS)
    reader.body = data
    plain = READERS[api](reader)
    reader.body = relayed(data, 100, model='an "other" mod\u00e9l')
    assert (plain[0], plain[1]) == ("a-model", TEXT)
    assert READERS[api](reader) == ('an "other" mod\u00e9l', *plain[1:])


@pytest.mark.parametrize("api", READ_AGAIN)
@pytest.mark.parametrize("size", [60, 10_000])
def test_texts_and_arguments_are_those_of_the_filter(reader: Reader, api: str, size: int) -> None:
    data, _ = written(api, PARTS)
    reader.body = data
    plain = READERS[api](reader)
    fields: Any = ("text", "reasoning", "arguments")
    reader.body = relayed(data, size, filter=lambda: Redact(r"sk-\w{4,}", "#"), fields=fields)
    model, text, calls = READERS[api](reader)
    assert (model, text) == (plain[0], "My key is #, \u00e9 sky.")
    assert repr(calls) == repr(plain[2]).replace("sk-abcd1234", "#")
    assert b"sk-abcd1234" not in reader.body
