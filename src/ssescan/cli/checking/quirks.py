"""The quirks of a stream: what few servers do, or none that its API documents. Each has its place in docs/rules.md.

None of them is an error: `stream` reads it all. Programs that read by hand may not.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from ... import Outcome
from ...providers import Raw
from ...providers.finish_reasons import WORDS, plain_word
from ...providers.payloads import NotJson, load
from ...testing import Tape
from ..exits import shortened
from ..visible import visible
from .observed import Observed, is_keep_alive

RULES = "docs/rules.md"
STANDARD, ALL, CHAT = "the-standard", "all-providers", "openai-chat-completions-and-compatible-servers"
ENDS, CALLS, NAMES, ERRORS, FRAMING = (
    "how-an-answer-ends", "calls", "text-reasoning-and-usage-under-other-names", "errors", "framing-and-transport",
)  # fmt: skip
DONE = "[DONE]"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NAMED_EVENTS = ("openai-responses", "anthropic", "gemini-interactions")  # whose events have names
CHAT_REASONS = ("stop", "length", "tool_calls", "content_filter", "function_call")
REASONING_NAMES = ("reasoning_content", "reasoning")  # of many servers; others are R29
OTHER_REASONING = ("reasoning_text", "thinking", "thinking_blocks", "reasoning_opaque")
MAX_NAMES = 5  # of unknown fields that are listed


class Quirk(NamedTuple):
    """A quirk in words, the heading of docs/rules.md that has it, and its number there, "" if it has none."""

    text: str
    heading: str
    rule: str = ""

    @property
    def place(self) -> str:
        """The place in the documentation."""
        return f"{RULES}#{self.heading}" + (f", {self.rule}" if self.rule else "")


def quirks_of(tape: Tape, seen: Observed) -> list[Quirk]:
    """Return the quirks of a stream."""
    return [*_of_response(tape, seen), *_of_bytes(seen), *_of_payloads(seen), *_of_answer(tape, seen), *_of_chat(seen)]


def _of_response(tape: Tape, seen: Observed) -> Iterator[Quirk]:
    if tape.status is None:
        return
    content_type = tape.headers.get("content-type", "")
    if not content_type:
        yield Quirk("no Content-Type", FRAMING, "R42")
    elif seen.media_type in ("text/plain", "application/octet-stream", "binary/octet-stream"):
        yield Quirk(f"the content type is {seen.media_type}", FRAMING, "R42")
    elif seen.media_type != "text/event-stream":
        yield Quirk(f"the content type is {visible(seen.media_type)}", FRAMING, "R39")
    if "," in content_type:
        yield Quirk("several content types", FRAMING, "R41")


def _of_bytes(seen: Observed) -> Iterator[Quirk]:
    if seen.begins.startswith(BYTE_ORDER_MARK):
        yield Quirk("it begins with a byte order mark", STANDARD)
    used = [name for name, count in seen.line_ends.items() if count]
    if len(used) > 1:
        yield Quirk(f"lines end with {' and '.join(used)}", STANDARD)
    elif used != ["LF"] and used:
        yield Quirk(f"lines end with {used[0]}", STANDARD)
    if seen.comments:
        first = shortened(seen.comments[0])[:40].strip()
        yield Quirk(f"comments as keep-alive, such as ': {first}'" if first else "comments as keep-alive", ALL)
    if any(not event.data for event in seen.events):
        yield Quirk("events without data as keep-alive", ALL)
    if any(event.data.lstrip().startswith(":") for event in seen.events):
        yield Quirk("comments within data", ALL)
    if seen.unknown:
        yield Quirk(f"lines that are not fields, such as {shortened(seen.unknown[0])[:40]!r}", ALL)
    if any("\ufffd" in event.data for event in seen.events):
        yield Quirk("bytes that are not UTF-8", ALL)
    if seen.pending and seen.message is not None and seen.message.complete:
        yield Quirk("no blank line after the last event", STANDARD)


def _of_payloads(seen: Observed) -> Iterator[Quirk]:
    if seen.message is None:
        return
    if any(is_spliced(text) for text in seen.payloads):
        yield Quirk("several values in one event, or data: within data", FRAMING, "R40")
    api = seen.message.api
    named = any(event.event != "message" for event in seen.events)
    if api in NAMED_EVENTS and not named:
        yield Quirk("events without their event: line", ALL)
    if api not in ("openai-chat", "gemini-interactions") and DONE in seen.payloads:
        yield Quirk(f"{DONE} at the end, which this API does not have", ALL)
    if api == "gemini" and any("response" in value for value in _objects(seen)):
        yield Quirk('chunks within {"response": ...}', NAMES, "R34")


def _of_answer(tape: Tape, seen: Observed) -> Iterator[Quirk]:
    if (message := seen.message) is None:
        return
    for error in message.errors:
        if error.kind == "decode":
            yield Quirk("data that is not JSON", ALL)
        elif error.kind == "protocol":
            yield Quirk("the stream begins again, or contradicts itself", ENDS, "R14")
        else:
            yield Quirk("an error within the stream", ERRORS, "R35")
        break
    if message.complete and tape.outcome is Outcome.FAILED:
        yield Quirk("the connection breaks after the last event", ENDS, "R12")
    word = plain_word(message.raw_finish_reason or "")
    if message.finish_reason == "other":
        yield Quirk(f"a finish reason that is not known: {visible(message.raw_finish_reason or '')}", ENDS, "R2")
    elif message.api == "openai-chat" and word in WORDS and message.raw_finish_reason not in CHAT_REASONS:
        yield Quirk(f"a finish reason of another API: {visible(message.raw_finish_reason or '')}", ENDS, "R4")
    if message.text.lstrip().startswith("<think>"):
        yield Quirk("reasoning within <think> in the text", NAMES, "R33")
    names = dict.fromkeys(part.name for part in seen.parts if isinstance(part, Raw) and part.name not in (DONE, "line"))
    if names:
        listed = ", ".join(shortened(name)[:40] for name in list(names)[:MAX_NAMES])
        yield Quirk(f"fields or events of no known kind: {listed}{', ...' * (len(names) > MAX_NAMES)}", NAMES, "R30")


def _of_chat(seen: Observed) -> Iterator[Quirk]:
    """Yield the quirks of Chat Completions, which most servers speak."""
    if seen.message is None or seen.message.api != "openai-chat":
        return
    chunks = _objects(seen)
    choices = [choice for chunk in chunks for choice in _dicts(chunk.get("choices"))]
    deltas = [delta for choice in choices for delta in _dicts([choice.get("delta")])]
    if DONE not in seen.payloads and seen.message.complete:
        yield Quirk(f"{DONE} is missing", ALL)
    if DONE in seen.payloads and not any(choice.get("finish_reason") for choice in choices):
        yield Quirk(f"{DONE} without a finish reason", ENDS, "R13")
    if len(chunks) > 2 and sum(bool(chunk.get("usage")) for chunk in chunks) > len(chunks) // 2:
        yield Quirk("usage in each chunk", CHAT)
    if len({chunk["id"] for chunk in chunks if isinstance(chunk.get("id"), str)}) > 1:
        yield Quirk("ids that change from chunk to chunk", ENDS, "R14")
    if sum(bool(delta.get("role")) for delta in deltas) > len({choice.get("index") for choice in choices}) > 0:
        yield Quirk("the role in more than one chunk", CHAT)
    for name in REASONING_NAMES:
        if any(delta.get(name) for delta in deltas):
            yield Quirk(f"reasoning in {name}", CHAT)
    for text, heading, rule, applies in OF_DELTAS:
        if any(map(applies, deltas)):
            yield Quirk(text, heading, rule)
    for text, heading, rule, applies in OF_CHOICES:
        if any(map(applies, choices)):
            yield Quirk(text, heading, rule)


Table = tuple[tuple[str, str, str, Callable[[dict[str, Any]], bool]], ...]


def _calls(delta: dict[str, Any]) -> list[dict[str, Any]]:
    return _dicts(delta.get("tool_calls"))


OF_DELTAS: Table = (
    ("content as a list of parts", NAMES, "R27", lambda delta: isinstance(delta.get("content"), list)),
    ("numbers as text", NAMES, "R25", lambda delta: isinstance(delta.get("content"), bool | int | float)),
    ("reasoning under another name", NAMES, "R29", lambda delta: any(map(delta.get, OTHER_REASONING))),
    ("tool_calls as an object", CALLS, "R19", lambda delta: isinstance(delta.get("tool_calls"), dict)),
    ("calls with an empty id", CALLS, "R24", lambda delta: any(call.get("id") == "" for call in _calls(delta))),
    (
        'calls with the name "null"', CALLS, "R16",
        lambda delta: any(function.get("name") == "null" for function in _dicts(
            [call.get("function") for call in _calls(delta)]
        )),
    ),
)  # fmt: skip
OF_CHOICES: Table = (
    ("the whole answer in message", NAMES, "R26", lambda choice: isinstance(choice.get("message"), dict)),
    ("usage within a choice", NAMES, "R31", lambda choice: isinstance(choice.get("usage"), dict)),
)


def is_spliced(text: str) -> bool:
    """Return whether the data of an event is not one JSON value, although there is one in it."""
    text = text.strip()
    if not text.startswith(("{", "data:")):
        return False
    try:
        load(text.encode("utf-8", "replace"))
    except NotJson:
        return text.startswith("data:") or "}{" in text or "}data:" in text or text.endswith(DONE)
    return False


def _objects(seen: Observed) -> list[dict[str, Any]]:
    """Return the JSON objects that are the data of events."""
    values = []
    for event in seen.events:
        if not is_keep_alive(event) and event.data != DONE:
            try:
                values.append(load(event.data.encode("utf-8", "replace")))
            except NotJson:
                continue
    return _dicts(values)


def _dicts(values: Any) -> list[dict[str, Any]]:
    if isinstance(values, dict):
        return [values]
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []
