"""Parts to the event stream of OpenAI Chat Completions.

https://platform.openai.com/docs/api-reference/chat-streaming. The order: the role, content, for each choice its finish
reason, the usage if it was asked for, `[DONE]`. Twin of `_decoders/openai_chat.py`, which reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..format_writer import FormatWriter, WriterOptions
from ..formats import register_writer
from ..json_bytes import encode_text, encode_value
from ..written_calls import AFTER_TEXT, BEFORE_TEXT
from ..written_citations import web_sources
from ..written_errors import openai_error

if TYPE_CHECKING:
    from ..parts import (
        Citation,
        Error,
        Finish,
        Logprobs,
        Media,
        ReasoningDelta,
        RefusalDelta,
        TextDelta,
        ToolCallDelta,
        ToolCallEnd,
        ToolCallStart,
        Usage,
    )

OFFSETS = ("start_index", "end_index")
FINISH_REASONS = {
    "stop": "stop", "length": "length", "tool_calls": "tool_calls", "content_filter": "content_filter",
    "refusal": "content_filter", "pause": "stop", "other": "stop",
}  # fmt: skip


@register_writer
class ChatWriter(FormatWriter):
    """Writer of "openai-chat"."""

    api = "openai-chat"
    has_choices = True
    id_prefix = "chatcmpl-"

    def __init__(self, options: WriterOptions) -> None:
        super().__init__(options)
        self._head = b""  # of every chunk, until its choices
        self._tail = b'}}],"usage":null}\n\n' if self.options.include_usage else b"}}]}\n\n"
        self._text_heads: dict[int, bytes] = {}  # of the chunks with text, of the choices that have content
        self._roles: set[int] = set()
        self._refused: set[int] = set()

    def preamble(self) -> bytes:
        start = {"id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model}
        self._head = b"data: " + encode_value(start)[:-1] + b',"choices":['
        self.seen_choices[0] = None
        return self._role(0)

    def _role(self, choice: int) -> bytes:
        """Return the first chunk of a choice, with the role; b"" afterwards."""
        made = self.begin()
        if choice in self._roles:
            return made
        self._roles.add(choice)
        return made + self._chunk(choice, b'"role":"assistant"')

    def _chunk_head(self, choice: int) -> bytes:
        return self._head + b'{"index":%d,"finish_reason":null,"delta":{' % choice

    def _chunk(self, choice: int, delta: bytes) -> bytes:
        return self._chunk_head(choice) + delta + self._tail

    def text(self, part: TextDelta) -> bytes:
        head = self._text_heads.get(part.choice)
        if head is None:
            return self._in_choice(part, b'"content":' + encode_text(part.text))
        return head + encode_text(part.text) + self._tail

    def _in_choice(self, part: Any, delta: bytes) -> bytes:
        """Return the chunk with a piece of content, after the role if it is the first of its choice."""
        self.is_written(part)
        made = self._role(part.choice) + self._chunk(part.choice, delta)
        if part.choice not in self._text_heads:
            self._text_heads[part.choice] = self._chunk_head(part.choice) + b'"content":'
        return made

    def reasoning(self, part: ReasoningDelta) -> bytes:
        return self._in_choice(part, encode_text(self.options.reasoning_field) + b":" + encode_text(part.text))

    def refusal(self, part: RefusalDelta) -> bytes:
        self._refused.add(part.choice)
        return self._in_choice(part, b'"refusal":' + encode_text(part.text))

    def call_start(self, part: ToolCallStart) -> bytes:
        if part.server:
            return self.lose(part)
        if part.custom:
            self.lost[part.type] += 1  # what says that the argument is plain text
        call = self.new_call(part)
        if call is None:
            return b""
        function = {"name": call.name, "arguments": BEFORE_TEXT if call.custom else ""}
        start = {"index": call.index, "id": call.id, "type": "function", "function": function}
        return self._in_choice(part, b'"tool_calls":[' + encode_value(start) + b"]")

    def call_delta(self, part: ToolCallDelta) -> bytes:
        call = self.call_of(part)
        return self._arguments(part, call.index, call.as_json(call.add(part))) if call is not None else b""

    def call_end(self, part: ToolCallEnd) -> bytes:
        call = self.call_of(part)
        if call is None:
            return b""
        rest = call.end(part)
        if rest is None:  # other arguments were written, and cannot be taken back
            return self.lose(part)
        return self._arguments(part, call.index, call.as_json(rest) + (AFTER_TEXT if call.custom else ""))

    def _arguments(self, part: Any, index: int, text: str) -> bytes:
        if not text:
            return b""
        function = b'"tool_calls":[{"index":%d,"function":{"arguments":' % index + encode_text(text) + b"}}]"
        return self._chunk(part.choice, function)

    def logprobs(self, part: Logprobs) -> bytes:
        if not all(isinstance(entry, dict) and "logprob" in entry and "token" in entry for entry in part.entries):
            return self.lose(part)
        self.is_written(part)
        made = self._role(part.choice)
        choice = b'{"index":%d,"finish_reason":null,"logprobs":{"content":' % part.choice
        return made + self._head + choice + encode_value(part.entries) + b',"refusal":null},"delta":{' + self._tail

    def citation(self, part: Citation) -> bytes:
        annotations = url_citations(part.items)
        if len(annotations) < len(part.items):
            self.lost[part.type] += 1
        if not annotations:
            return b""
        return self._in_choice(part, b'"annotations":' + encode_value(annotations))

    def media(self, part: Media) -> bytes:
        """Write a sound as OpenAI does, an image as OpenRouter does."""
        if (part.media or "").startswith("image/") and not part.partial and (part.data or part.url):
            url = part.url or f"data:{part.media};base64,{part.data}"
            image = {"type": "image_url", "image_url": {"url": url}}
            return self._in_choice(part, b'"images":[' + encode_value(image) + b"]")
        audio = {name: value for name in ("data", "transcript") if (value := getattr(part, name)) is not None}
        if not audio or (part.media or "audio/").partition("/")[0] != "audio":
            return self.lose(part)
        return self._in_choice(part, b'"audio":' + encode_value(audio))

    def success(self) -> bytes:
        made = b"".join(self._finish_chunk(finish) for finish in self.finishes.values())
        if self.options.include_usage:
            made += self._head + b'],"usage":' + encode_value(chat_usage(self.usage)) + b"}\n\n"
        elif self.usage is not None:
            self.lost["Usage"] += 1
        return made + b"data: [DONE]\n\n"

    def _finish_chunk(self, finish: Finish) -> bytes:
        word = FINISH_REASONS[finish.reason]
        if finish.reason == "refusal" and finish.choice in self._refused:
            word = "stop"
        elif finish.reason in ("pause", "other", "refusal") or finish.stop_sequence is not None:
            self.lost[finish.type] += 1
        made = self._role(finish.choice)
        ending = b'{"index":%d,"finish_reason":"%s","delta":{' % (finish.choice, word.encode())
        return made + self._head + ending + self._tail

    def failure(self, error: Error) -> bytes:
        return b'data: {"error":' + encode_value(openai_error(error)) + b"}\n\n"


def url_citations(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the citations of web pages as annotations."""
    return [_annotation(item) for item in items if web_sources(item)]


def _annotation(item: dict[str, Any]) -> dict[str, Any]:
    """Return a citation as an annotation: that of Chat as it came, another with its page and its offsets."""
    if isinstance(item.get("url_citation"), dict):
        return {"type": "url_citation", "url_citation": item["url_citation"]}
    source = web_sources(item)[0]
    named = {"url": source.url, "title": source.title or ""}
    return {"type": "url_citation", "url_citation": named | {name: item[name] for name in OFFSETS if name in item}}


def chat_usage(usage: Usage | None) -> dict[str, Any]:
    """Return a usage as Chat Completions counts."""

    def number(name: str) -> int:
        return getattr(usage, name, None) or 0

    total = getattr(usage, "total", None)
    return {
        "prompt_tokens": number("input"),
        "completion_tokens": number("output"),
        "total_tokens": number("input") + number("output") if total is None else total,
        "prompt_tokens_details": {"cached_tokens": number("cache_read")}
        | ({"cache_write_tokens": usage.cache_write} if usage is not None and usage.cache_write is not None else {}),
        "completion_tokens_details": {"reasoning_tokens": number("reasoning")},
    }
