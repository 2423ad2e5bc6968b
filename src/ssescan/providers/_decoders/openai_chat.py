"""OpenAI Chat Completions, legacy completions, and the dialects of compatible servers.

One kind of event, a chunk with choices. It does not matter which vendor sends it: all
dialects are accepted at once. https://platform.openai.com/docs/api-reference/chat-streaming
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from msgspec import MsgspecError
from msgspec.structs import replace

from ..block_builders import ReasoningBuilder, TextBuilder
from ..finish_reasons import reason_of
from ..format_decoder import DAMAGED, GUESS, MAX_MISSED, decoder
from ..formats import register
from ..json_values import dict_of, list_of, plain_number, text_of
from ..message import MediaBlock, Message, ToolCall
from ..parts import Logprobs, Part, Raw, ReasoningDelta, TextDelta, Usage
from ..payloads import convert
from ..provider_errors import error_in, error_of, is_success
from ..surrogates import FLAT
from ..unknown_fields import fields_of
from .chat_calls import ChatCall, ChatCalls
from .chat_chunks import (
    CallFragment,
    Choice,
    Chunk,
    Custom,
    Delta,
    ExactChunk,
    ExactFirstChunk,
    FirstChunk,
    Function,
    Names,
    called,
    ends_name,
    exact_chunk,
    fragments,
    is_piece_lost,
    plain_chunk,
    says,
)
from .chat_content import reasoning_back, says_text
from .chat_messages import WholeMessageDecoder
from .chat_restarts import Restarts
from .openai_usage import openai_usage

if TYPE_CHECKING:
    from msgspec import Struct

    from ..message_builder import ChoiceBuilder


CHUNK_FIELDS = fields_of(FirstChunk)
CHOICE_FIELDS = fields_of(Choice)
GROQ_FIELDS = ("usage", "error")
DELTA_FIELDS = fields_of(Delta)
CALL_FIELDS, FUNCTION_FIELDS, CUSTOM_FIELDS = fields_of(CallFragment), fields_of(Function), fields_of(Custom)

WORTH = 32
"""The length of text in plain chunks from which it pays to expect another one, characters."""

MAY_BE_ERROR = re.compile(rb'"(?:errors?|error_\w+|base_resp|code|status)"')
"""A field of an error in a chunk without choices: it has to be looked at as a whole."""
NO_INDEX = object()  # equal to no index that a chunk can have
OBJECTS = ("chat.completion", "text_completion")  # how the `object` of a chunk begins


class Run:
    """A run of plain chunks of one choice: the block that they go on with.

    `index`: of the choice, in a run of text; `thought_index`: in a run of reasoning; NO_INDEX for the other. `thought`:
    the field of the reasoning, "" for text.
    """

    # Not attributes of the decoder: CPython reads them more slowly if an object has more than thirty.
    __slots__ = ("block", "choice", "index", "number", "size", "thought", "thought_index", "write")

    def __init__(self) -> None:
        self.index: Any = NO_INDEX
        self.thought_index: Any = NO_INDEX
        self.block: TextBuilder | ReasoningBuilder | None = None
        self.size: int = 0
        self.choice: int = 0
        self.number: int = 0
        self.thought: str = ""
        self.write: Any = None

    def go_on_with(self, index: int | None, block: TextBuilder | ReasoningBuilder, thought: str) -> None:
        self.index, self.thought_index = (NO_INDEX, index) if thought else (index, NO_INDEX)
        self.block, self.size, self.thought = block, block.size, thought
        self.choice, self.number, self.write = block.choice, block.number, block.write


@register
class OpenAIChat(WholeMessageDecoder):
    """Chunks to parts."""

    api: ClassVar[str] = "openai-chat"
    event: type[Struct] = FirstChunk
    exact: type[Struct] | None = ExactChunk
    first: ClassVar[type[Struct] | None] = ExactFirstChunk

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._cited = 0
        self._native: dict[int, str] = {}  # the latest native finish reason of each choice
        self._failed: list[tuple[int, Any]] = []  # the errors of the choices of a chunk
        # The fields that are known besides: of chunks, choices, deltas.
        self._learned: tuple[Names, Names, Names] = (frozenset(), frozenset(), frozenset())
        self._plain_chunks: dict[str, type[Struct]] = {}  # by the field of the reasoning; "": of text
        self._run = Run()
        self._restarts = Restarts(self.builder)

    @classmethod
    def recognize(cls, value: dict[str, Any], name: str | None) -> int:
        kind = value.get("object")
        if isinstance(value.get("choices"), list) or (isinstance(kind, str) and kind.startswith(OBJECTS)):
            return GUESS + 4
        # Where errors are alike: the format that most servers speak.
        return GUESS - 3 if error_in(value, name) is not None else 0

    def feed(self, payload: bytes) -> list[Part] | TextDelta | None:
        try:
            chunk = self.decode(payload)
        except MsgspecError:
            chunk = self.not_plain(payload) if self._plain else None
        except DAMAGED:
            return None
        else:
            if self._plain:  # most chunks of a stream: a piece of text, or of reasoning, and nothing else
                choice = chunk.choices[0]
                delta = choice.delta
                text = delta.content
                run = self._run
                if choice.index != run.index or not text:
                    if run.thought and (made := self._thought(choice, payload)) is not None:
                        return made
                elif delta.role is None or self._restarts.has_known_id(payload):
                    run.write(text)
                    return TextDelta(choice=run.choice, block=run.number, text=text)
                chunk = self.not_plain(payload)
        if chunk is None or (not chunk.choices and (chunk.usage is None or MAY_BE_ERROR.search(payload))):
            return None
        return self.handle(chunk)

    def _thought(self, choice: Any, payload: bytes) -> list[Part] | None:
        """Return the part of a plain piece of reasoning."""
        run, delta = self._run, choice.delta
        if choice.index != run.thought_index or not delta.content:
            return None
        if delta.role is not None and not self._restarts.has_known_id(payload):
            return None
        run.write(delta.content)
        return [ReasoningDelta(choice=run.choice, block=run.number, text=delta.content)]

    def handle(self, chunk: Chunk) -> list[Part] | None:
        nothing = chunk.choices is None and not (chunk.usage or chunk.error or chunk.x_groq or chunk.id or chunk.object)
        if nothing:
            return None
        if self._plain:
            self._expect_all()
        groq = chunk.x_groq or {}
        usage = chunk.usage or groq.get("usage")
        if groq:
            self.unknown.once("x_groq", groq, GROQ_FIELDS, self.builder.parts)
        error = chunk.error or groq.get("error")
        begins = self.event is FirstChunk
        if begins:
            id, model, kind = text_of(chunk.id), text_of(chunk.model), text_of(chunk.object)
            is_chunk = kind.startswith(OBJECTS) if kind else id and model
            if chunk.choices is None and not usage and not error and not is_chunk:
                return None
            if chunk.choices or id or model:
                self.begin(id, model, Chunk, at_least=2)
        elif chunk.choices is None and not usage and not error:
            return None
        roles = [choice.delta.role for choice in chunk.choices or () if choice.delta is not None]
        if begins or self._restarts.is_looking or any(roles):
            self._restarts.look_at(chunk)
        for choice in chunk.choices or ():
            self._choice(choice)
            if choice.usage is not None and choice.usage != usage:
                if usage:
                    self.count(usage)  # it may be zeros, which do not replace the other
                usage = choice.usage
        for choice in chunk.choices or ():
            if choice.finish_reason or choice.native_finish_reason:
                self._end(choice)
        self._cite(chunk)
        if usage or isinstance(usage, dict):
            self.count(usage)
        if error or self._failed:
            self._fail((0, chunk.error), (0, groq.get("error")), *self._failed)
        if chunk.choices and len(chunk.choices) == 1 and not (self.event is FirstChunk or self._restarts.is_looking):
            self._expect_text(chunk.choices[0].index)
        return self.builder.drain()

    def _fail(self, *found: tuple[int, Any]) -> None:
        """Note the errors of a chunk, those that say the same once. `found`: the choice and the error of each."""
        self._failed = []
        known: set[tuple[Any, ...]] = set()
        for index, raw in found:
            if not raw or is_success(raw):
                continue
            error = error_of(raw)
            if (said := (error.kind, error.code, error.message)) not in known:
                known.add(said)
                self.builder.fail(replace(error, choice=index))

    def _expect_text(self, index: int | None) -> None:
        """Expect a plain piece of text, or of reasoning, if the choice of this index has an open one."""
        if self._missed >= MAX_MISSED:
            return
        choice = self.builder.choices.get(index or 0)
        if not choice or choice.reason is not None or not choice.blocks:  # after a finish, text reopens the choice
            return
        block = choice.blocks[-1]
        if type(block) is TextBuilder:
            thought = ""
        elif type(block) is ReasoningBuilder and len(names := [name for name in FLAT if name in choice.native]) == 1:
            thought = names[0]
        else:
            return
        self._run.go_on_with(index, block, thought)
        self.expect(self._plain_chunk)

    @property
    def _plain_chunk(self) -> type[Struct]:
        known = self._plain_chunks.get(self._run.thought)
        if known is None:
            thought = self._run.thought
            known = self._plain_chunks[thought] = plain_chunk(*self._learned, thought)
        return known

    def _expect_all(self) -> None:
        block, self._run.block = self._run.block, None
        self.expect_all(was_right=block is not None and block.size > self._run.size + WORTH)

    def look(self, value: dict[str, Any], unread: list[Part]) -> None:
        self.unknown.once("event", value, CHUNK_FIELDS, unread)
        for choice in list_of(value.get("choices")):
            if not isinstance(choice, dict):
                continue
            index = plain_number(choice.get("index")) or 0
            self.unknown.once("choice", choice, CHOICE_FIELDS, unread, index)
            delta = dict_of(choice.get("delta"))
            self._look_at_message(delta, unread, index)
            self.unknown.note("delta", delta, DELTA_FIELDS)

    def _look_at_message(self, message: dict[str, Any], unread: list[Part], index: int) -> None:
        """Look for unknown fields in a delta, or in a whole message, and in its calls."""
        self.unknown.each(message, DELTA_FIELDS, unread, index)
        if "tool_calls" not in message and "function_call" not in message:
            return
        calls = message.get("tool_calls")
        for call in [*list_of(calls), calls, {"function": message.get("function_call")}]:
            if isinstance(call, dict):
                self.unknown.each(call, CALL_FIELDS, unread, index)
                self.unknown.each(dict_of(call.get("function")), FUNCTION_FIELDS, unread, index)
                self.unknown.each(dict_of(call.get("custom")), CUSTOM_FIELDS, unread, index)

    def learn(self) -> None:
        self._learned = self.unknown.of("event"), self.unknown.of("choice"), self.unknown.of("delta")
        self._plain_chunks = {}
        self.exact = exact_chunk(*self._learned)
        if not self._plain:
            self.decode = decoder(self.exact)
        elif self._missed < MAX_MISSED:
            self.decode = decoder(self._plain_chunk)

    def _choice(self, choice: Choice) -> None:
        if (choice.index or 0) not in self.builder.choices and _is_bare(choice):
            return  # nothing of an answer begins
        builder = self.builder.choice(choice.index or 0)
        delta = choice.delta
        if choice.error:
            self._failed.append((builder.index, choice.error))
        if self._calls and builder.index in self._calls and ends_name(choice):
            self._calls[builder.index].release()
        if choice.message:
            self._message(builder, choice)
        elif delta is not None:
            self._delta(builder, delta)
        if choice.text not in (None, ""):
            if delta is None or delta.content in (None, ""):
                builder.text(self.text(choice.text, "text"))  # a legacy completion
            elif choice.text == delta.content:  # some servers repeat their deltas here
                self.unknown.read_elsewhere("choice", "text")
                self.learn_if_grown()
        if choice.logprobs:
            entries = [entry for name in ("content", "refusal") for entry in list_of(choice.logprobs.get(name))]
            if not entries and "tokens" in choice.logprobs:
                entries = [choice.logprobs]
            if entries:
                self.emit(Logprobs(choice=builder.index, entries=entries))
            elif any(choice.logprobs.values()):
                self.emit(Raw(choice=builder.index, name="logprobs", data=choice.logprobs))

    def _end(self, choice: Choice) -> None:
        """End a choice by its finish reason, or by the native one, which may come before or after it.

        R5 of docs/rules.md: a gateway (OpenRouter) says "stop" or "tool_calls", whatever ended the answer. A native
        word that says that it is not whole wins.
        """
        builder = self.builder.choice(choice.index or 0)
        if choice.native_finish_reason:
            self._native[builder.index] = choice.native_finish_reason
        native = self._native.get(builder.index, "")
        ending = builder.ending
        if choice.finish_reason:
            builder.end_by_word(choice.finish_reason, **_stopped_by(choice))
        if ending.reason not in (None, "error") and reason_of(native) in ("length", "error"):
            builder.end_by_word(native, stop_sequence=ending.stop_sequence, details=ending.details)
        builder.stop_for_calls()

    def _message(self, builder: ChoiceBuilder, choice: Choice) -> None:
        """Handle a whole message, and the delta beside it: what that has of its kinds counts (R26)."""
        message, delta = choice.message, choice.delta
        self._look_at_message(dict_of(message), self.builder.parts, builder.index)
        self.note_message(builder)
        if delta is not None and says(delta):
            self._delta(builder, delta)
            if says_text(delta):
                return
        whole = convert(message if isinstance(message, dict) else {"content": message}, Delta)[0]
        self._delta(builder, self.not_streamed(builder, whole, delta, ends=bool(choice.finish_reason)))

    def _delta(self, builder: ChoiceBuilder, delta: Delta) -> None:
        if delta.error:
            self._failed.append((builder.index, delta.error))
        self.content(builder, delta.content, self.reasoning(builder, delta))
        builder.refusal(self.text(delta.refusal, "refusal"))
        pieces = fragments(delta)
        for fragment in pieces:
            self._call(builder, fragment)
        function = delta.function_call  # the older name: beside the other, it repeats a call
        if function is not None and not pieces and (function.name or function.arguments is not None):
            call = self._call(builder, CallFragment(0, None, function))
            call.native["function_call"] = True
        if delta.audio:
            self.audio(builder, delta.audio)
        for image in delta.images or ():
            self.image(builder, image)
        if delta.annotations:
            self.cite(builder, delta.annotations)

    def _call(self, builder: ChoiceBuilder, fragment: CallFragment) -> ChatCall:
        calls = self._calls.get(builder.index)
        if calls is None:
            calls = self._calls[builder.index] = ChatCalls(builder)
        name, arguments, kind = called(fragment)
        call = calls.find(fragment.index, fragment.id, name, kind, arguments)
        if kind != call.kind == "function":
            call.kind = kind
        if arguments or fragment.extra_content:
            call.release()
        self.attach_extra(call, fragment)
        if arguments[:1] == "{" and call.size:
            call.add_object(name, arguments)
        else:
            call.add(arguments)
        return call

    def _cite(self, chunk: Chunk) -> None:
        """Cite Perplexity's sources. Every chunk repeats them and may add some."""
        found = chunk.search_results or chunk.citations
        if found and len(found) > self._cited:
            new = found[self._cited :]
            self._cited = len(found)
            items = [item if isinstance(item, dict) else {"url": item} for item in new]
            self.builder.choice(0).latest(TextBuilder).cite(items)

    def loses_call(self, value: dict[str, Any]) -> bool:
        choices = value.get("choices")
        if choices and not isinstance(choices, list):
            return True
        return any(_is_piece_lost(choice) for choice in list_of(choices))

    misplaces_call = loses_call

    def knows(self, value: dict[str, Any]) -> bool:
        return text_of(value.get("object")).startswith(OBJECTS)

    def has_content(self, value: dict[str, Any], *, known: bool) -> bool:
        return any(_has_content(choice) for choice in list_of(value.get("choices")))

    @staticmethod
    def usage_of(usage: dict[str, Any]) -> Usage:
        return openai_usage(usage)

    def finish(self) -> None:
        for index, calls in self._calls.items():
            calls.finish()
            self.builder.choice(index).stop_for_calls()
        super().finish()


def _is_bare(choice: Choice) -> bool:
    """Return whether there is nothing in a choice, not even a role."""
    delta = choice.delta
    if delta is not None and (delta.role or delta.error or says(delta)):
        return False
    return not any((
        choice.finish_reason, choice.native_finish_reason, choice.message, choice.text not in (None, ""), choice.error,
        choice.logprobs,
    ))  # fmt: skip


def _is_piece_lost(choice: Any) -> bool:
    """Return whether a piece of a call may be in a choice, where it is not read."""
    if not isinstance(choice, dict):
        return bool(choice)
    delta = choice.get("delta")
    if delta and not isinstance(delta, dict):
        return True
    return any(is_piece_lost(dict_of(of)) for of in (delta, choice.get("message")))


def _has_content(choice: Any) -> bool:
    """Return whether a choice has a piece of an answer: an empty delta, and a finish, may stand beside an error."""
    if not isinstance(choice, dict):
        return False
    message = choice.get("message")
    said = (says(convert(dict_of(of), Delta)[0]) for of in (choice.get("delta"), message))
    return choice.get("text") not in (None, "") or (isinstance(message, str) and message != "") or any(said)


def _stopped_by(choice: Choice) -> dict[str, Any]:
    """Return vLLM's reason to stop: the text that was met, or the number of the token."""
    reason = choice.stop_reason
    if isinstance(reason, str):
        return {"stop_sequence": reason or None}
    return {} if reason is None else {"details": {"stop_reason": reason}}


def turn(message: Message) -> dict[str, Any]:
    """Return the assistant's message for `messages`, with unchanged reasoning for the servers that require it."""
    choice = message.choice
    calls = [block for block in choice.blocks if isinstance(block, ToolCall) and not block.cut]
    made: dict[str, Any] = {"role": "assistant", "content": choice.text or (None if calls or choice.refusal else "")}
    if choice.refusal:
        made["refusal"] = choice.refusal
    made |= reasoning_back(choice)
    if "reasoning_details" in choice.native:
        made["reasoning_details"] = list(choice.native["reasoning_details"])
    elif calls and choice.native.get("reasoning_content"):
        made["reasoning_content"] = choice.reasoning  # DeepSeek and Kimi refuse a turn that has calls but no reasoning
    for call in calls:
        id = call.native.get("id") if call.id is None else call.id
        if call.custom:
            custom = {"name": call.name, "input": call.arguments}
            made.setdefault("tool_calls", []).append({"id": id, "type": "custom", "custom": custom})
            continue
        function = {"name": call.name, "arguments": call.arguments}
        if call.native.get("function_call"):
            made["function_call"] = function
            continue
        entry: dict[str, Any] = {"id": id, "type": call.kind, "function": function}
        if "extra_content" in call.native:
            entry["extra_content"] = call.native["extra_content"]
        made.setdefault("tool_calls", []).append(entry)
    for block in choice.blocks:
        if isinstance(block, MediaBlock) and "image" in block.native:
            made.setdefault("images", []).append(block.native["image"])
        elif isinstance(block, MediaBlock) and "id" in block.native:
            made["audio"] = {"id": block.native["id"]}
    return made if made["content"] or len(made) > 2 else {}
