"""Helpers that write streams, read them, and summarize messages."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from ssescan import ProviderError, StreamCut
from ssescan.providers import AsyncMessageStream, End, Error, Message, MessageStream, Part, astream, stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

APIS: tuple[Any, ...] = ("openai-chat", "openai-responses", "anthropic", "gemini", "gemini-interactions")
DONE = "[DONE]"


def text(payload: Any) -> str:
    """Return a payload as text: a str unchanged, any other value as JSON."""
    return payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)


def framed(*payloads: Any, names: str | None = None, line_end: str = "\n") -> bytes:
    """Return a stream with an event for each payload. `names`: the field of the JSON that is also the event's name."""
    events = []
    for payload in payloads:
        name = payload.get(names) if names and isinstance(payload, dict) else None
        head = f"event: {name}{line_end}" if name else ""
        events.append(f"{head}data: {text(payload)}{line_end}{line_end}")
    return "".join(events).encode("utf-8", "surrogatepass")


def read(source: Any, api: Any = None) -> tuple[list[Part], Message, MessageStream]:
    """Read to the end, with strict=False."""
    given = stream(source, api, strict=False)
    parts = list(given)
    return parts, given.message, given


def aread(chunks: Iterable[bytes], api: Any = None) -> tuple[list[Part], Message, AsyncMessageStream]:
    """Read like read(), asynchronously."""

    async def source() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def main() -> tuple[list[Part], Message, AsyncMessageStream]:
        async with astream(source(), api, strict=False) as given:
            parts = [part async for part in given]
            return parts, given.message, given

    return asyncio.run(main())


def in_few_words(message: Message) -> dict[str, Any]:
    """Return the fields of the message that are not empty; of each choice, if there are several."""
    choices = {}
    for choice in message.choices:
        said = {
            "text": choice.text,
            "reasoning": choice.reasoning,
            "refusal": choice.refusal,
            "tools": [(call.id, call.name, call.arguments) for call in choice.tool_calls],
            "finish": choice.finish_reason,
        }
        choices[str(choice.index)] = {name: value for name, value in said.items() if value}
    return choices if len(choices) > 1 else next(iter(choices.values()), {})


def error_in_few_words(error: Error) -> tuple[Any, str | None]:
    """Return the kind and the text of an error; None as the text of our own errors."""
    if error.kind in ("decode", "protocol"):
        return error.kind, None
    return error.kind if error.kind is not None else error.code, error.message


class Case(NamedTuple):
    """A stream, its summarized message, and some of its parts."""

    stream: bytes
    said: dict[str, Any]
    complete: bool = True
    errors: Sequence[tuple[Any, str | None]] = ()
    parts: Sequence[Part] = ()
    usage: dict[str, Any] | None = None


def check(case: Case, api: Any, *, named_only: bool = False) -> Message:
    """Read a case in all ways, check that they agree, and compare with the expected message."""
    given, message, _ = read(case.stream, api)
    assert in_few_words(message) == case.said
    assert [error_in_few_words(error) for error in message.errors] == list(case.errors)
    assert message.complete is case.complete
    assert [part for part in given if isinstance(part, End)] == [End(complete=case.complete)]
    assert given[-1] == End(complete=case.complete)
    assert [part for part in case.parts if part not in given] == []
    if case.usage is not None:
        assert message.usage is not None
        assert {name: getattr(message.usage, name) for name in case.usage} == case.usage
    one_by_one = [case.stream[at : at + 1] for at in range(len(case.stream))]
    assert read(one_by_one, api)[:2] == (given, message)
    assert aread(one_by_one, api)[:2] == (given, message)
    if not named_only:
        assert read(case.stream)[:2] == (given, message)
    strict = stream(case.stream, api)
    if case.complete:
        assert strict.collect() == message
    else:
        kind: Any = ProviderError if case.errors else StreamCut
        with pytest.raises(kind) as caught:
            strict.collect()
        assert caught.value.message == message
    return message
