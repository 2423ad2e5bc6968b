"""The streams that the frameworks read: whole answers as ssescan's Writer writes them, with their usage.

Each is a text of `count` words, or reasoning, text and two calls of `count` pieces each. `ANSWERS` is for the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from benchmarks.suites import payloads
from ssescan.providers import (
    Error,
    Finish,
    Part,
    ReasoningDelta,
    Signature,
    TextDelta,
    ToolCallDelta,
    ToolCallEnd,
    ToolCallStart,
    Usage,
    Writer,
)
from ssescan.providers.formats import WrittenApi

# What DSPy expects around the text of a field.
BEFORE_FIELD, AFTER_FIELD = "[[ ## answer ## ]]\n", "\n\n[[ ## completed ## ]]"
USAGE = Usage(input=9, output=512, total=521, reasoning=64, cache_read=4)


def words(count: int) -> list[str]:
    return [f" {word}" for word in payloads.words(count)]


def items(count: int) -> list[str]:
    """Return a list of small objects in pieces, as instructor asks for it in the arguments of a call."""
    pieces = [piece for word in words(count // 3) for piece in ('{"word":"', word, '"},')]
    return ['{"tasks":[', *pieces[:-1], '"}]}']


def text(pieces: Iterable[str]) -> Iterator[Part]:
    yield from (TextDelta(block=1, text=piece) for piece in pieces)
    yield Finish(reason="stop")


def call(block: int, name: str, pieces: list[str]) -> Iterator[Part]:
    id = f"call_{block}"
    yield ToolCallStart(block=block, id=id, name=name)
    yield from (ToolCallDelta(block=block, json=piece) for piece in pieces)
    yield ToolCallEnd(block=block, id=id, name=name, json="".join(pieces))


def plain_text(count: int) -> Iterator[Part]:
    return text(words(count))


def field(count: int) -> Iterator[Part]:
    """Return the text as a field of DSPy."""
    return text([BEFORE_FIELD, *words(count), AFTER_FIELD])


def calls(count: int) -> Iterator[Part]:
    """Return a reasoning, a text and two calls."""
    yield from (ReasoningDelta(block=0, text=word) for word in words(count))
    yield Signature(block=0, data="a3EzbVp0Vng=")
    yield from (TextDelta(block=1, text=word) for word in words(count))
    for block in (2, 3):
        yield from call(block, "look_up", ['{"place":"', *words(count), '"}'])
    yield Finish(reason="tool_calls")


def items_call(count: int) -> Iterator[Part]:
    yield from call(1, "IterableItem", items(count))
    yield Finish(reason="tool_calls")


def failed(count: int) -> Iterator[Part]:
    """Return the first half of a text, and an error in place of the rest."""
    yield from (TextDelta(block=1, text=word) for word in words(count // 2))
    yield Error(kind="overloaded_error", message="too busy")


def written(api: WrittenApi, parts: Callable[[int], Iterator[Part]], count: int) -> list[bytes]:
    """Return the stream of an API with these parts."""
    writer = Writer(api, id="kq3mZtVx", model="small-2026", created=1790000000, include_usage=True)
    events = [writer.write(part) for part in (*parts(count), USAGE)]
    return [event for event in (*events, writer.close()) if event]


KINDS = {"": plain_text, "-calls": calls, "-error": failed, "-field": field, "-items": items_call}
APIS: tuple[WrittenApi, ...] = ("openai-chat", "openai-responses", "anthropic", "gemini")
ANSWERS: dict[str, Callable[[int], list[bytes]]] = {
    f"{api}{kind}": partial(written, api, parts) for api in APIS for kind, parts in KINDS.items()
}
