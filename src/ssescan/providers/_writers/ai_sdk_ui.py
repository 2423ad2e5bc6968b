"""Parts to Vercel's UI message stream, version 1, which `useChat` of the AI SDK reads.

https://ai-sdk.dev/docs/ai-sdk-ui/stream-protocol#data-stream-protocol. One message with one step. Text and reasoning
are in blocks with ids of their own; calls, in any order, are known by the id of the call. It is written only: ssescan
does not read this format.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..base64_text import decoded_base64, encoded_base64
from ..format_writer import FormatWriter, WriterOptions
from ..formats import register_writer
from ..json_bytes import encode_text, encode_value, json_object
from ..written_citations import has_more, web_sources
from ..written_errors import error_message
from .ai_sdk_values import FINISH_REASONS, event, is_accepted, metadata, usage_of

if TYPE_CHECKING:
    from ..parts import (
        Citation,
        Error,
        Media,
        ReasoningDelta,
        RedactedReasoning,
        RefusalDelta,
        ServerToolResult,
        Signature,
        TextDelta,
        ToolCallDelta,
        ToolCallEnd,
        ToolCallStart,
    )
    from ..written_calls import WrittenCall

HEADERS = {"x-vercel-ai-ui-message-stream": "v1"}
NOT_WHOLE = "the arguments of the call are not whole"
NOT_AN_OBJECT = "the arguments of the call are not a JSON object"
REFUSED = "the arguments of the call have a field that the AI SDK does not accept"
OTHER_MEDIA = "application/octet-stream"
NONE = -1  # not the number of a block


@register_writer
class UiMessageWriter(FormatWriter):
    """Writer of "ai-sdk-ui".

    `_open`: the number of the block that is open, and its kind. `_held`: the end of a call without its last brace, and
    the number of its block: the next part may be its signature. `_sound`: the pieces of the block of sound so far.
    """

    api = "ai-sdk-ui"
    id_prefix = "msg_"

    def __init__(self, options: WriterOptions) -> None:
        super().__init__(options)
        self.headers |= HEADERS
        self._open: tuple[int, str] = (NONE, "")
        self._open_text = NONE  # the number of the open block, if it is one of text
        self._delta_head = b""  # of the deltas of the open block: until the text
        self._open_id = b""
        self._opened: set[int] = set()  # the numbers of all blocks so far
        self._block_count = 0
        self._held: tuple[int, bytes] = (NONE, b"")
        self._signatures: dict[int, Signature] = {}  # by block, of calls that have not ended
        self._call_ids: set[str] = set()
        self._server_calls: dict[str | None, WrittenCall] = {}  # by the id that came
        self._urls: set[str] = set()
        self._sound: list[bytes] = []
        self._type_of_sound = ""

    def preamble(self) -> bytes:
        model = {"messageMetadata": {"model": self.model}} if self.model else {}
        return event("start", {"messageId": self.id} | model) + event("start-step", {})

    # Blocks

    def _begin(self) -> bytes:
        """Return the frames before anything that is written now."""
        held, self._held = self._held, (NONE, b"")
        return self.begin() + (held[1] + b"}\n\n" if held[1] else b"")

    def _in_block(self, block: int, kind: str, start: bytes = b"") -> bytes:
        """Return the frames that make a block of text or reasoning the open one. `start`: more fields of its start."""
        if self._open == (block, kind):
            return self._begin()
        made = self._begin() + self._close_block()
        self._open = block, kind
        self._opened.add(block)
        self._open_text = block if kind == "text" else NONE
        self._open_id = b'"%d"' % self._block_count
        self._block_count += 1
        self._delta_head = b'data: {"type":"%b-delta","id":%b,"delta":' % (kind.encode(), self._open_id)
        return made + b'data: {"type":"%b-start","id":%b%b}\n\n' % (kind.encode(), self._open_id, start)

    def _close_block(self) -> bytes:
        block, kind = self._open
        if block == NONE:
            return b""
        self._open, self._open_text = (NONE, ""), NONE
        if kind == "sound":
            return self._file(self._type_of_sound, encoded_base64(b"".join(self._sound)))
        return b'data: {"type":"%b-end","id":%b}\n\n' % (kind.encode(), self._open_id)

    # Content

    def text(self, part: TextDelta) -> bytes:
        if self._open_text == part.block and not part.choice and part.text:
            return self._delta_head + encode_text(part.text) + b"}\n\n"
        return self._piece(part, "text")

    def _piece(self, part: TextDelta | RefusalDelta | ReasoningDelta, kind: str) -> bytes:
        if not self.is_written(part) or not part.text:
            return b""
        return self._in_block(part.block, kind) + self._delta_head + encode_text(part.text) + b"}\n\n"

    def refusal(self, part: RefusalDelta) -> bytes:
        self.lost[part.type] += 1  # what says that the text is a refusal
        return self._piece(part, "text")

    def reasoning(self, part: ReasoningDelta) -> bytes:
        return self._piece(part, "reasoning")

    def redacted(self, part: RedactedReasoning) -> bytes:
        if not self.is_written(part):
            return b""
        return self._in_block(part.block, "reasoning", metadata(redactedData=part.data)) + self._close_block()

    def signature(self, part: Signature) -> bytes:
        """Write a signature as metadata of its block; for a block without text, of reasoning that is empty."""
        if not self.is_written(part):
            return b""
        added = metadata(signature=part.data, id=part.id)
        block, end = self._held
        if block == part.block:
            self._held = NONE, b""
            return end + added + b"}\n\n"
        call = self.calls.get((0, part.block))
        if call is not None and not call.ended:
            self._signatures[part.block] = part
            return b""
        if self._open[0] != part.block and (call is not None or part.block in self._opened):
            return self.lose(part)  # the block is closed
        if self._open[1] == "sound":
            return self.lose(part)
        kind = self._open[1] if self._open[0] == part.block else "reasoning"
        return self._in_block(part.block, kind) + self._delta_head + b'""' + added + b"}\n\n"

    def citation(self, part: Citation) -> bytes:
        """Write the web pages, each once."""
        if not self.is_written(part):
            return b""
        made = self._begin()
        for item in part.items:
            found = web_sources(item)
            if has_more(item) or not found:
                self.lost[part.type] += 1
            for source in found:
                if source.url not in self._urls:
                    title = {"title": source.title} if source.title else {}
                    made += event("source-url", {"sourceId": f"source_{len(self._urls)}", "url": source.url} | title)
                    self._urls.add(source.url)
        return made

    def media(self, part: Media) -> bytes:
        """Write a file: an image at once, a sound when its last piece has come."""
        if not self.is_written(part):
            return b""
        media, data = part.media or OTHER_MEDIA, decoded_base64(part.data or "")
        if part.transcript is not None or part.partial or not (part.url or data):
            self.lost[part.type] += 1
        if part.url and not data:
            return self._begin() + event("file", {"url": part.url, "mediaType": media})
        if data is None or part.partial:
            return b""
        if not media.startswith("audio/"):
            return self._begin() + self._close_block() + self._file(media, part.data or "")
        made = self._begin()
        if self._open != (part.block, "sound"):
            made += self._close_block()
            self._open, self._sound, self._type_of_sound = (part.block, "sound"), [], media
        self._sound.append(data)
        return made

    def _file(self, media: str, data: str) -> bytes:
        return event("file", {"url": f"data:{media};base64,{data}", "mediaType": media})

    # Calls

    def call_start(self, part: ToolCallStart) -> bytes:
        call = self.new_call(part)
        if call is None:
            return b""
        while call.id in self._call_ids:  # the reader would take the two for one
            call.id = self.new_call_id()
        self._call_ids.add(call.id)
        if call.server:
            self._server_calls[part.id] = call
        made = self._begin() + self._close_block()
        return made + event("tool-input-start", self._call(call)) + self._arguments(call, '"' if call.custom else "")

    def _call(self, call: WrittenCall) -> dict[str, Any]:
        run_by_provider = {"providerExecuted": True} if call.server else {}
        return {"toolCallId": call.id, "toolName": call.name} | run_by_provider

    def call_delta(self, part: ToolCallDelta) -> bytes:
        call = self.call_of(part)
        if call is None:
            return b""
        return self._begin() + self._arguments(call, call.as_json(call.add(part)))

    def _arguments(self, call: WrittenCall, text: str) -> bytes:
        """Return a fragment of the arguments. Those of a custom call are one JSON string."""
        head = b'data: {"type":"tool-input-delta","toolCallId":%b,"inputTextDelta":%b}\n\n'
        return head % (encode_text(call.id), encode_text(text)) if text else b""

    def call_end(self, part: ToolCallEnd) -> bytes:
        call = self.call_of(part)
        if call is None:
            return b""
        made = self._begin()
        rest = call.end(part)
        whole = encode_text(part.json) if call.custom else json_object(part.json)
        if rest is not None and call.custom:
            made += self._arguments(call, call.as_json(rest) + '"')
        if rest is None and whole is not None:  # the whole input, which follows, replaces the fragments
            call.is_in_doubt = part.cut
        signature = self._signatures.pop(part.block, None)
        why = NOT_WHOLE if call.is_in_doubt else NOT_AN_OBJECT if whole is None else REFUSED
        if call.is_in_doubt or whole is None or not is_accepted(whole):
            return made + event("tool-input-error", self._call(call) | {"input": part.json, "errorText": why})
        self._open_text = NONE  # text has to write first what is held
        end = event("tool-input-available", self._call(call))[: -len(b"}\n\n")] + b',"input":' + whole
        if signature is not None:
            end += metadata(signature=signature.data, id=signature.id)
            return made + end + b"}\n\n"
        self._held = part.block, end
        return made

    def result(self, part: ServerToolResult) -> bytes:
        call = self._server_calls.get(part.id) if self.is_written(part) else None
        output = encode_value(part.data)
        if call is None or not call.ended or not is_accepted(output):
            return b"" if part.choice else self.lose(part)
        if part.error:
            words = part.data if isinstance(part.data, str) else output.decode()
            fields: dict[str, Any] = {"toolCallId": call.id, "errorText": words, "providerExecuted": True}
            return self._begin() + event("tool-output-error", fields)
        fields = {"toolCallId": call.id, "output": part.data, "providerExecuted": True}
        return self._begin() + event("tool-output-available", fields)

    # The end

    def success(self) -> bytes:
        finish = self.finishes[0]
        if finish.reason in ("pause", "refusal") or finish.stop_sequence is not None:
            self.lost[finish.type] += 1
        usage = {} if self.usage is None else {"messageMetadata": {"usage": usage_of(self.usage)}}
        end = event("finish", {"finishReason": FINISH_REASONS[finish.reason]} | usage)
        return self._begin() + self._close_block() + event("finish-step", {}) + end + b"data: [DONE]\n\n"

    def failure(self, error: Error) -> bytes:
        """Return the error. Blocks and calls that are open stay open: they are not whole."""
        held, self._held = self._held, (NONE, b"")
        if self._open[1] == "sound":
            self.lost["Media"] += len(self._sound)
        made = held[1] + b"}\n\n" if held[1] else b""
        return made + event("error", {"errorText": error_message(error)})
