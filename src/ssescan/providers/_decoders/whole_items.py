"""From the output items of an OpenAI response to blocks: when an item begins, and when the complete item arrives.

Streamed text is compared with the complete item; if they differ, the complete item counts. Knows nothing of events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..block_builders import CallBuilder, MediaBuilder, ReasoningBuilder, RefusalBuilder, TextBuilder
from ..finish_reasons import OPEN, plain_word
from ..format_decoder import FormatDecoder
from ..json_values import arguments_of, compact, dict_of, list_of, text_of, with_unit
from .output_items import EMPTY, OutputItem, OutputItems, with_known

if TYPE_CHECKING:
    from ..message_builder import ChoiceBuilder

TEXTS = ("output_text", "text")
"""The types of a message's parts that are text."""

NO_TEXT = (None, "")
"""Nothing where a text may stand; a zero is a text."""

RESULTS = ("results", "outputs", "output", "result", "action", "tools")
"""The fields of a hosted tool's item that may hold its result; the first counts. A web search has its action."""

INPUTS = ("action", "operation", "actions", "queries", "arguments")
"""The fields that may hold its input."""

PART_FIELDS = ("text", "refusal", "annotations", "logprobs")
"""The fields that are read of a part of a message, or of reasoning."""

BEGUN = {
    "message": ("content", "phase"),
    "reasoning": ("summary", "content", "encrypted_content"),
    "function_call": ("call_id", "name", "arguments"),
    "custom_tool_call": ("call_id", "name", "input"),
}
"""The fields that are read of items of these types; any other type is kept as it comes whole."""

NO_ARGUMENTS: tuple[Any, ...] = ({}, "{}", "null")
"""Words that some servers send at the end, in place of the arguments that they streamed."""

OF_CALLS = ("type", "id", "call_id", "name", "status")
"""The other fields of a call that are read when it begins."""

CLIENT_TOOLS = ("computer_call", "local_shell_call", "shell_call", "apply_patch_call")
"""The calls of built-in tools that the program has to make (R22 of docs/rules.md). A shell may be the provider's."""


def with_char_unit(annotation: dict[str, Any]) -> dict[str, Any]:
    return with_unit(annotation, "char" if "start_index" in annotation else None)


class ItemDecoder(FormatDecoder):
    """The part of the decoder that makes blocks of items."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.items = OutputItems()
        self.choice: ChoiceBuilder = self.builder.choice(0)
        self.choice.native["items"] = self.items
        self.goes_on: bool = False  # the response came, and is not whole

    # Blocks

    def text_block(self, item: OutputItem, index: int) -> TextBuilder:
        block = item.texts.get(index)
        if block is None:
            block = item.texts[index] = TextBuilder(self.choice)
            if phase := item.item.get("phase"):
                block.native["phase"] = phase
        return block

    def refusal_block(self, item: OutputItem, index: int) -> RefusalBuilder:
        block = item.refusals.get(index)
        if block is None:
            block = item.refusals[index] = RefusalBuilder(self.choice)
        return block

    def thought(self, item: OutputItem, said: Any, index: int) -> ReasoningBuilder:
        block = item.thoughts.get((said, index))
        if block is None:
            block = item.thoughts[said, index] = ReasoningBuilder(self.choice, said)
        return block

    def image(self, item: OutputItem, output_format: Any) -> MediaBuilder:
        if item.image is None:
            item.image = MediaBuilder(self.choice, f"image/{text_of(output_format) or 'png'}")
        return item.image

    # Items

    def announce(self, index: int | None, it: dict[str, Any]) -> OutputItem:
        """Add an item. If it is a call, begin the call."""
        if text_of(it.get("type")) in BEGUN:
            for name in ("content", "summary"):
                for part in list_of(it.get(name)):
                    self.keep_rest(dict_of(part), PART_FIELDS)
        item = self.items.add(index, it)
        id = text_of(it.get("call_id")) or text_of(it.get("id"))
        name = self.word(it.get("name"), "name")
        kind = item.type.removesuffix("_call")
        if item.type == "function_call":
            item.call = CallBuilder(self.choice, id, name)
            item.call.whole = arguments_of(it.get("arguments"))
        elif item.type == "custom_tool_call":
            item.call = CallBuilder(self.choice, id, name, kind="custom")
        elif item.type in CLIENT_TOOLS:
            # The environment of a shell shows who runs it. It may come with the whole item: until then, no name is set.
            item.call = CallBuilder(self.choice, id, None, kind=kind, server=not _is_ours(it))
            if item.type != "shell_call" or it.get("environment"):
                item.call.set_name(kind)
        elif item.type.endswith("_call"):
            item.call = CallBuilder(self.choice, id, name or kind, server=True, kind=kind)
        return item

    def keep_unfinished(self) -> None:
        """Keep the fields that are not read of items that never came whole, or were cut: the others are kept whole."""
        for item in self.items.all:
            if item.type in BEGUN and (not item.done or (item.call is not None and item.call.cut)):
                self.keep_rest(item.item, BEGUN[item.type])

    def complete_item(self, item: OutputItem, whole: dict[str, Any]) -> None:
        """Handle a complete item, once."""
        if item.done:
            whole = item.item = with_known(item.item, whole)
            if item.call is not None and not item.call.server and not item.call.ended:
                self._call_whole(item, item.call, whole)  # its name came at last
            return
        item.done = True
        whole = item.item = with_known(whole, item.item, nested=item.type in BEGUN)
        kind = text_of(whole.get("type")) or item.type
        if kind == "message":
            self._message(item, self._content(whole))
        elif kind == "reasoning":
            self._reasoning(item, whole)
        elif item.call is not None and item.type in CLIENT_TOOLS and _is_ours(whole):
            self.choice.has_client_calls = True
            self._client_tool(item.call, whole)
        elif item.call is not None and not item.call.server:
            self._call_whole(item, item.call, whole)
        elif item.call is not None:
            self._hosted(item, item.call, whole)
        else:
            self.choice.raw(kind or "item", whole)

    def _content(self, whole: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the parts of a message, which may be a text."""
        content = whole.get("content")
        if isinstance(content, (str, int, float)) and content != "":
            content = [{"type": "output_text", "text": self.text(content, "content")}]
        if isinstance(content, list):
            content = [{"type": "output_text", "text": of} if isinstance(of, str) else of for of in content]
        return self.objects([content] if isinstance(content, dict) else content, "content")

    def end_items(self, *, assumed: bool = False) -> None:
        """Read what items had from their start, if they did not come whole, and end the calls that are open."""
        for item in self.items.unfinished:
            self._read_begun(item, item.item)
        self.items.end_calls(assumed=assumed)

    def _read_begun(self, item: OutputItem, begun: dict[str, Any]) -> None:
        for part in item.parts.values():
            self.keep(part, text_of(part.get("type")) or "part")
        item.parts.clear()
        if item.type == "message":
            parts = [part for part in self._content(begun) if _says(part)]
            blocks = [*item.texts.values(), *item.refusals.values()]
            if not blocks:
                self._message(item, parts)
                return
            streamed = "".join(block.text for block in blocks if block.size)
            for part in parts:
                said = part.get("text") or part.get("refusal")
                if not isinstance(said, str) or said not in streamed:
                    self.keep(part, "content")
        elif item.type == "reasoning":
            self._reasoning(item, begun | {"summary": [], "content": []} if item.thoughts else begun)
        elif item.call is not None:
            asked = begun.get("input") or _first_of(INPUTS, begun)
            item.call.whole = item.call.whole or arguments_of(asked)
            if item.type not in BEGUN:
                self.keep_rest({name: held for name, held in begun.items() if held}, (*INPUTS, *OF_CALLS))
        elif _says(begun):
            self.keep(begun, item.type or "item")

    def _call_whole(self, item: OutputItem, call: CallBuilder, whole: dict[str, Any]) -> None:
        """Handle a call of a function, or of a custom tool, that came whole."""
        call.id = text_of(whole.get("call_id")) or call.id  # not the id of the item, which may have come first
        call.set_name(self.word(whole.get("name"), "name"))
        field = "input" if call.custom else "arguments"
        given = whole.get(field)
        if call.size and not call.custom and given in NO_ARGUMENTS:
            given = None
        call.reconcile(arguments_of(given))
        doubtful = False
        if given in (None, ""):
            item.item = whole | {field: call.arguments}  # empty does not replace what was streamed
            doubtful = call.size > 0 and not item.confirmed and not call.is_whole  # nor does it confirm that
        if call.name:
            call.end(cut=doubtful or self._is_cut(call, whole))
        else:
            item.confirmed |= not doubtful  # the end of the response may have the name

    def _client_tool(self, call: CallBuilder, whole: dict[str, Any]) -> None:
        """Handle the call of a built-in tool that the program has to make. Its arguments: the JSON of its action."""
        call.server = False
        call.id = text_of(whole.get("call_id")) or call.id
        call.set_name(call.kind)
        call.whole = arguments_of(_first_of(INPUTS, whole))
        call.end(cut=self._is_cut(call, whole))

    def _is_cut(self, call: CallBuilder, whole: dict[str, Any]) -> bool:
        """Return whether a call is incomplete: by its status, unless its arguments and the response are whole."""
        status = plain_word(text_of(whole.get("status")))
        if status in OPEN and self.goes_on:
            return True
        return status == "incomplete" or ((status in OPEN or self.goes_on) and not call.is_whole)

    def _message(self, item: OutputItem, content: list[dict[str, Any]]) -> None:
        """Handle the parts of a complete message: each completes a streamed part, at any index."""
        # By the index, if something was streamed under it; the rest in order.
        texts, refusals = dict(item.texts), dict(item.refusals)
        kinds = [part.get("type") for part in content]
        streamed: list[dict[int, Any]] = [
            refusals if kind == "refusal" else texts if kind in TEXTS else {} for kind in kinds
        ]
        placed = {index: blocks.pop(index) for index, blocks in enumerate(streamed) if index in blocks}
        for index, (part, left) in enumerate(zip(content, streamed, strict=True)):
            block = placed.get(index) or (left.pop(next(iter(left))) if left else None)
            if block is None:
                self.part(item, index, part)
            elif kinds[index] == "refusal":
                block.reconcile(self.text(part.get("refusal"), "refusal"))
            else:
                self._text_whole(block, part)

    def _reasoning(self, item: OutputItem, whole: dict[str, Any]) -> None:
        for name, kind in (("summary", "summary"), ("content", "text")):
            for index, part in enumerate(self.objects(whole.get(name), name)):
                if text := self.text(part.get("text"), name):
                    self.thought(item, kind, index).reconcile(text)
            streamed = [block.text for (said, _), block in item.thoughts.items() if said == kind and block.size]
            if streamed and whole.get(name) in EMPTY:
                parts = [
                    {"type": f"{'summary' if kind == 'summary' else 'reasoning'}_text", "text": of} for of in streamed
                ]
                whole = item.item = whole | {name: parts}
        if encrypted := text_of(whole.get("encrypted_content")):
            block = next(reversed(item.thoughts.values()), None) or ReasoningBuilder(self.choice)
            block.sign(encrypted, id=text_of(whole.get("id")) or None)

    def _hosted(self, item: OutputItem, call: CallBuilder, whole: dict[str, Any]) -> None:
        """Handle the result of a tool that the provider runs."""
        status = text_of(whole.get("status")) or None
        field = "code" if call.custom else "arguments"
        if whole.get(field) in EMPTY and call.size:
            item.item = whole | {field: call.text}
        call.set_name(call.kind)
        asked = _first_of(INPUTS, whole)
        if call.custom:
            call.reconcile(whole.get("code"))
        elif isinstance(asked, str):
            call.reconcile(asked)
        elif asked is not None:
            call.whole = compact(asked)
        call.end(cut=self._is_cut(call, whole))
        failed = bool(whole.get("error")) or status == "failed"
        result = whole.get("error") or _first_of(RESULTS, whole)
        if item.type == "image_generation_call":
            if isinstance(result, str):
                self.image(item, whole.get("output_format")).add(result)
            result = None
        self.choice.result(call.id, None, result, error=failed, status=status, call=call)

    def part(self, item: OutputItem, index: int, part: dict[str, Any]) -> None:
        """Handle a part of a message that was not streamed."""
        kind = part.get("type")
        if kind == "refusal":
            self.refusal_block(item, index).reconcile(self.text(part.get("refusal"), "refusal"))
        elif kind in TEXTS:
            if part.get("text") not in NO_TEXT or part.get("annotations"):
                self._text_whole(self.text_block(item, index), part)
        elif kind == "reasoning_text":
            self.thought(item, "text", index).reconcile(self.text(part.get("text"), "reasoning_text"))
        elif part:
            self.choice.raw(str(kind or "part"), part)

    def _text_whole(self, block: TextBuilder, part: dict[str, Any]) -> None:
        block.reconcile(self.text(part.get("text"), "text"))
        cited = self.objects(part.get("annotations"), "annotations")
        block.cite([with_char_unit(note) for note in cited[len(block.citations) :]])


def _first_of(names: tuple[str, ...], item: dict[str, Any]) -> Any:
    """Return the first of these fields that an item has, None if there is none."""
    return next((item[name] for name in names if item.get(name)), None)


def _says(value: dict[str, Any]) -> bool:
    """Return whether an item or a part has content, besides what names it."""
    return any(held for name, held in value.items() if name not in OF_CALLS)


def _is_ours(item: dict[str, Any]) -> bool:
    """Return whether the program has to make the call of a built-in tool: that of a shell only if it is local."""
    return item.get("type") != "shell_call" or dict_of(item.get("environment")).get("type") == "local"
