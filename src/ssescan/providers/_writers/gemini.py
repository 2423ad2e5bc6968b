"""Parts to the event stream of Google Gemini, streamGenerateContent with `alt=sse`.

https://ai.google.dev/api/generate-content#v1beta.GenerateContentResponse. Each event is a whole response; calls are
whole as well. The stream has no terminator: the finish reasons and the usage are in the last event, and it has no
comments, because the SDK raises on them. Twin of `_decoders/gemini.py`, which reads it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ..base64_text import decoded_base64
from ..finish_reasons import TRUNCATED
from ..format_writer import FormatWriter, WriterOptions
from ..formats import register_writer
from ..json_bytes import encode_text, encode_value, json_object
from ..written_citations import has_more, web_sources
from ..written_errors import gemini_error
from .gemini_values import (
    FINISH_REASONS,
    OWN_TOOLS,
    GeminiCall,
    function_part,
    grounding_chunk,
    logprobs_result,
    media_part,
    own_citation,
    own_word,
    result_part,
    server_part,
    usage_metadata,
)

if TYPE_CHECKING:
    from ..parts import (
        Citation,
        Error,
        Finish,
        Logprobs,
        Media,
        Ping,
        ReasoningDelta,
        RefusalDelta,
        ServerToolResult,
        Signature,
        TextDelta,
        ToolCallDelta,
        ToolCallEnd,
        ToolCallStart,
    )

INVALID_CALL = "MALFORMED_FUNCTION_CALL"
NOT_AN_OBJECT = "the arguments of a call are not a JSON object, as Gemini needs them"
TEXT_HEAD = b'data: {"candidates":[{"content":{"parts":[{"text":'
CLOSED = -1, b""
EMPTY_PART = b'{"text":""}'  # the SDK's chats drop an answer with an event that has no part


@register_writer
class GeminiWriter(FormatWriter):
    """Writer of "gemini".

    `_queues`: the calls of each choice that are not written yet, in their order. An ended call waits for those that
    began before it, and for the next part, which may be its signature. A call whose arguments are whole, but not a JSON
    object, ends its choice with Gemini's own word for that, which is not a success.
    """

    api = "gemini"
    has_choices = True

    def __init__(self, options: WriterOptions) -> None:
        super().__init__(options)
        self._tail = b""  # of every event, after the candidates
        self._open_texts: dict[int, tuple[int, bytes]] = {}  # by choice: the open block, and its events after the text
        self._latest: dict[int, int] = {}  # by choice: the block that was written last
        self._queues: dict[int, OrderedDict[int, GeminiCall]] = {}  # by choice and block
        self._sources: dict[int, list[dict[str, Any]]] = {}  # by choice: web pages, for the last event
        self._invalid: set[int] = set()  # the choices with a call that is whole, but cannot be written

    def preamble(self) -> bytes:
        rest = {"modelVersion": self.model, "responseId": self.id}
        self._tail = b"]," + encode_value(rest)[1:] + b"\r\n\r\n"
        return b""

    # Events

    def _candidate(self, choice: int, part: bytes, rest: bytes = b"") -> bytes:
        """Return a candidate with one part. `rest`: further fields, each after a comma."""
        return b'{"content":{"parts":[%b],"role":"model"},"index":%d%b}' % (part, choice, rest)

    def _event(self, choice: int, part: bytes, rest: bytes = b"") -> bytes:
        self.begin()
        return b'data: {"candidates":[' + self._candidate(choice, part, rest) + self._tail

    def _content(self, part: Any, made: bytes) -> bytes:
        """Return the event with a part of the content, after the calls that are before it."""
        self.is_written(part)
        calls = self._write_calls()
        self._latest[part.choice] = part.block
        self._open_texts.pop(part.choice, None)
        return calls + self._event(part.choice, made)

    # Content

    def text(self, part: TextDelta) -> bytes:
        block, tail = self._open_texts.get(part.choice, CLOSED)
        if block != part.block or not part.text:
            return self._first_text(part)
        return TEXT_HEAD + encode_text(part.text) + tail

    def _first_text(self, part: TextDelta | RefusalDelta) -> bytes:
        """Return the event of a text that does not continue the open block."""
        if not part.text:
            self.is_written(part)
            return b""
        made = self._content(part, b'{"text":' + encode_text(part.text) + b"}")
        self._open_texts[part.choice] = part.block, b'}],"role":"model"},"index":%d}' % part.choice + self._tail
        return made

    def refusal(self, part: RefusalDelta) -> bytes:
        self.lost[part.type] += 1  # what says that the text is a refusal
        return self._first_text(part)

    def reasoning(self, part: ReasoningDelta) -> bytes:
        if not part.text:
            self.is_written(part)
            return b""
        return self._content(part, b'{"text":' + encode_text(part.text) + b',"thought":true}')

    def signature(self, part: Signature) -> bytes:
        """Write a signature on its call; for text, in an empty part, which is for the block before it."""
        if decoded_base64(part.data) is None:
            return self.lose(part)
        queue = self._queues.get(part.choice)
        if queue is not None and part.block in queue:
            queue[part.block].signature = part.data
            return b""
        if self._latest.get(part.choice, part.block) != part.block or (part.choice, part.block) in self.calls:
            return self.lose(part)
        return self._content(part, b'{"text":"","thoughtSignature":' + encode_text(part.data) + b"}")

    def media(self, part: Media) -> bytes:
        made = media_part(part)
        if part.transcript is not None or made is None:
            self.lost[part.type] += 1
        return b"" if made is None else self._content(part, made)

    def citation(self, part: Citation) -> bytes:
        """Write Gemini's own citations; keep the web pages of others for the last event."""
        self.is_written(part)
        made = self._write_calls()
        for item in part.items:
            fields = own_citation(item)
            if fields is not None:
                made += self._event(part.choice, EMPTY_PART, b"," + encode_value(fields)[1:-1])
                continue
            found = web_sources(item)
            self._sources.setdefault(part.choice, []).extend(grounding_chunk(source) for source in found)
            if has_more(item) or not found:
                self.lost[part.type] += 1
        return made

    def logprobs(self, part: Logprobs) -> bytes:
        result = logprobs_result(part.entries)
        if result is None:
            return self.lose(part)
        self.is_written(part)
        return self._write_calls() + self._event(part.choice, EMPTY_PART, b',"logprobsResult":' + encode_value(result))

    # Calls

    def call_start(self, part: ToolCallStart) -> bytes:
        if part.server and part.name not in OWN_TOOLS:
            return self.lose(part)
        call = self.new_call(part)
        if call is None:
            return b""
        made = self._write_calls()
        self._queues.setdefault(part.choice, OrderedDict())[part.block] = GeminiCall()
        if call.custom:
            self.lost[part.type] += 1  # what says that the argument is plain text
        return made

    def call_delta(self, part: ToolCallDelta) -> bytes:
        self.call_of(part)  # its end has all arguments
        return b""

    def call_end(self, part: ToolCallEnd) -> bytes:
        call = self.call_of(part)
        if call is None:
            return b""
        made = self._write_calls()
        self._open_texts.clear()
        arguments = call.end(part) or ""
        whole = b'{"input":' + encode_text(arguments) + b"}" if call.custom else json_object(arguments)
        waiting = self._queues[part.choice][part.block]
        if not part.cut and whole is not None:
            waiting.part = server_part(part, whole) if call.server else function_part(call, whole)
        if waiting.part is None:
            del self._queues[part.choice][part.block]
            self.lost[part.type] += 1
            if whole is None and not part.cut and not call.server:
                self._invalid.add(part.choice)
        return made

    def _write_calls(self, *, all: bool = False) -> bytes:
        """Return the events of the calls that have ended. `all`: also of those after a call that has not."""
        made = []
        for choice, queue in self._queues.items():
            for block in list(queue) if all else _ended(queue):
                waiting = queue.pop(block)
                if waiting.part is None:
                    self.lost["ToolCallStart"] += 1
                    continue
                self._latest[choice] = block
                signature = b',"thoughtSignature":' + encode_text(waiting.signature) if waiting.signature else b""
                made.append(self._event(choice, waiting.part[:-1] + signature + b"}"))
        return b"".join(made)

    def result(self, part: ServerToolResult) -> bytes:
        calls = self._write_calls()
        made = result_part(part)
        return calls + (self.lose(part) if made is None else self._content(part, made))

    # The end

    def success(self) -> bytes:
        made = self._write_calls(all=True)
        called = {call.choice for call in self.calls.values() if not call.server and not call.is_in_doubt}
        candidates = [
            self._candidate(choice, EMPTY_PART, self._ending(finish, called))
            for choice, finish in sorted(self.finishes.items())
        ]
        usage = b""
        if self.usage is not None:
            metadata, is_whole = usage_metadata(self.usage)
            if not is_whole:
                self.lost["Usage"] += 1
            usage = b'"usageMetadata":' + encode_value(metadata) + b","
        tail = b"]," + usage + self._tail.removeprefix(b"],")
        return made + b'data: {"candidates":[' + b",".join(candidates) + tail

    def _ending(self, finish: Finish, called: set[int]) -> bytes:
        """Return the last fields of a candidate."""
        word = own_word(finish) or FINISH_REASONS[finish.reason]
        message = (finish.details or {}).get("finishMessage")
        is_said = finish.reason not in ("pause", "refusal") and finish.stop_sequence is None
        if finish.reason in ("stop", "tool_calls"):  # STOP means the one or the other
            is_said = is_said and (finish.choice in called) == (finish.reason == "tool_calls")
        if finish.choice in self._invalid and finish.reason not in TRUNCATED:
            word, message, is_said = INVALID_CALL, NOT_AN_OBJECT, False
        if not is_said:
            self.lost[finish.type] += 1
        rest = b',"finishReason":' + encode_text(word)
        if isinstance(message, str):
            rest += b',"finishMessage":' + encode_text(message)
        if sources := self._sources.get(finish.choice):
            rest += b',"groundingMetadata":' + encode_value({"groundingChunks": sources})
        return rest

    def failure(self, error: Error) -> bytes:
        made = self._write_calls(all=True)
        return made + b'data: {"error":' + encode_value(gemini_error(error)) + b"}\r\n\r\n"

    def ping(self, part: Ping) -> bytes:
        return b""


def _ended(queue: OrderedDict[int, GeminiCall]) -> list[int]:
    """Return the blocks of the calls at the start of a queue that have ended."""
    found = []
    for block, waiting in queue.items():
        if waiting.part is None:
            break
        found.append(block)
    return found
