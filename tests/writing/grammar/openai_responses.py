"""The grammar of OpenAI Responses: https://platform.openai.com/docs/api-reference/responses-streaming."""

from __future__ import annotations

from typing import Any

from .frames import frames_of

RESPONSE = {
    "id": str, "object": str, "created_at": int, "model": str, "status": str, "output": list, "tools": list,
    "parallel_tool_calls": bool,
}  # fmt: skip
NULLABLE = ("error", "incomplete_details", "usage", "instructions", "temperature", "top_p", "metadata", "tool_choice")
INCOMPLETE_REASONS = ("max_output_tokens", "content_filter")
ANNOTATIONS = {
    "url_citation": {"url": str, "title": str, "start_index": int, "end_index": int},
    "file_citation": {"file_id": str, "filename": str, "index": int},
    "container_file_citation": {
        "container_id": str, "file_id": str, "filename": str, "start_index": int, "end_index": int,
    },
    "file_path": {"file_id": str, "index": int},
}  # fmt: skip
EMPTY_PARTS: dict[str, dict[str, Any]] = {
    "output_text": {"type": "output_text", "text": "", "annotations": [], "logprobs": []},
    "refusal": {"type": "refusal", "refusal": ""},
    "reasoning_text": {"type": "reasoning_text", "text": ""},
    "summary_text": {"type": "summary_text", "text": ""},
}
PARTS_OF = {"message": ("output_text", "refusal"), "reasoning": ("reasoning_text", "summary_text")}
TEXT_EVENTS = {
    "response.output_text": "output_text",
    "response.refusal": "refusal",
    "response.reasoning_text": "reasoning_text",
    "response.reasoning_summary_text": "summary_text",
}
PART_EVENTS = ("response.content_part", "response.reasoning_summary_part")
CALLS = {
    "function_call": ("arguments", "response.function_call_arguments"),
    "custom_tool_call": ("input", "response.custom_tool_call_input"),
}
PREFIXES = {
    "message": "msg_", "reasoning": "", "function_call": "fc_", "custom_tool_call": "ctc_",
    "image_generation_call": "ig_",
}  # fmt: skip
STEPS = ("in_progress", "generating", "completed")


def check(data: bytes) -> bool:
    """Check a whole stream; return whether it ends with `response.completed` or `response.incomplete`."""
    frames = [frame for frame in frames_of(data) if not frame.comment]
    assert all(frame.name == frame.data["type"] for frame in frames), "the name of an event is its type"
    events = [frame.data for frame in frames]
    assert [event["sequence_number"] for event in events] == list(range(len(events))), "the numbers have no gaps"
    created, progress, *rest, last = events
    assert created["type"] == "response.created"
    assert progress["type"] == "response.in_progress"
    assert created["response"] == progress["response"]
    _check_response(created["response"])
    assert created["response"]["status"] == "in_progress"
    assert [created["response"][name] for name in ("output", "error", "usage")] == [[], None, None]
    items: list[_Item] = []
    for event in rest:
        _check_event(event, items)
    return _check_end(last, created["response"], items)


def _check_response(response: dict[str, Any]) -> None:
    for name, kind in RESPONSE.items():
        assert isinstance(response[name], kind), f"{name} of a response: {response[name]!r}"
    assert response["object"] == "response"
    assert response["id"]
    assert all(name in response for name in NULLABLE)


def _check_event(event: dict[str, Any], items: list[_Item]) -> None:
    kind, index = event["type"], event["output_index"]
    if kind == "response.output_item.added":
        assert index == len(items), "the indexes of items are dense, in the order of their beginning"
        assert set(event) == {"type", "sequence_number", "output_index", "item"}
        item = _Item(event["item"])
        assert item.added["id"] not in [other.added["id"] for other in items], "the ids of items are unique"
        others = [other for other in items if "call_id" in other.added]
        assert item.added.get("call_id") not in [other.added["call_id"] for other in others], "and those of calls"
        items.append(item)
        return
    item = items[index]
    assert item.done is None, f"the item is done: {event}"
    if kind == "response.output_item.done":
        item.end(event["item"])
        return
    assert event["item_id"] == item.added["id"]
    item.feed(event)


def _check_end(last: dict[str, Any], first: dict[str, Any], items: list[_Item]) -> bool:
    response, status = last["response"], last["type"].removeprefix("response.")
    _check_response(response)
    assert status == response["status"]
    changing = ("status", "output", "error", "incomplete_details", "usage")
    assert all(response[name] == first[name] for name in first if name not in changing), "the rest stays the same"
    if response["usage"] is not None:
        _check_usage(response["usage"])
    assert len(response["output"]) == len(items)
    if status == "failed":
        assert response["error"].keys() == {"code", "message"}
        assert all(isinstance(text, str) and text for text in response["error"].values())
        for item, whole in zip(items, response["output"], strict=True):
            if item.done is None:
                item.check_whole(whole, finished=False)
            else:
                assert whole == item.done
        return False
    assert response["error"] is None
    assert all(item.done for item in items), "every item is done before the end"
    assert response["output"] == [item.done for item in items], "the output is what was streamed"
    cut = [item.done for item in items if item.done and item.done.get("status") == "incomplete"]
    if status == "completed":
        assert response["incomplete_details"] is None
        assert not cut, "a response is not completed with an item that is not"
    else:
        assert status == "incomplete"
        assert response["incomplete_details"]["reason"] in INCOMPLETE_REASONS
    return True


def _check_usage(usage: dict[str, Any]) -> None:
    numbers = [usage[name] for name in ("input_tokens", "output_tokens", "total_tokens")]
    numbers += [usage["input_tokens_details"][name] for name in ("cached_tokens", "cache_write_tokens")]
    numbers.append(usage["output_tokens_details"]["reasoning_tokens"])
    assert all(isinstance(number, int) for number in numbers)


class _Item:
    """An item, as its events build it. `parts`: by the name of their index; the last one may be open."""

    def __init__(self, added: dict[str, Any]) -> None:
        self.added = added
        self.type: str = added["type"]
        self.done: dict[str, Any] | None = None
        self.parts: dict[str, list[dict[str, Any]]] = {"content_index": [], "summary_index": []}
        self.open: dict[str, Any] | None = None
        self.said: dict[str, Any] | None = None  # in the event with the whole text of the open part
        self.arguments = ""
        self.whole_arguments: str | None = None
        self.steps: list[str] = []
        self._check_added()

    def _check_added(self) -> None:
        added = self.added
        assert added["id"].startswith(PREFIXES[self.type])
        if self.type == "message":
            expected: dict[str, Any] = {"status": "in_progress", "role": "assistant", "content": []}
        elif self.type == "reasoning":
            expected = {"summary": []}
        elif self.type == "image_generation_call":
            expected = {"status": "in_progress", "result": None, "output_format": added["output_format"]}
        else:
            assert added["call_id"]
            assert isinstance(added["name"], str)
            same = {name: added[name] for name in ("call_id", "name")}
            expected = {"status": "in_progress", CALLS[self.type][0]: "", **same}
        assert added == {"id": added["id"], "type": self.type} | expected, f"an item begins empty: {added}"

    def feed(self, event: dict[str, Any]) -> None:
        name, _, step = event["type"].rpartition(".")
        if name in PART_EVENTS:
            self._part(event, step)
        elif name in TEXT_EVENTS:
            self._text(event, TEXT_EVENTS[name], step)
        elif event["type"] == "response.output_text.annotation.added":
            self._annotation(event)
        elif self.type in CALLS and name == CALLS[self.type][1]:
            self._call(event, step)
        else:
            assert name == "response.image_generation_call", f"an unknown event: {event}"
            assert self.type == "image_generation_call"
            self._image(event, step)

    def _part(self, event: dict[str, Any], step: str) -> None:
        part = event["part"]
        assert part["type"] in PARTS_OF[self.type]
        of_summary = part["type"] == "summary_text"
        assert event["type"].startswith("response.reasoning_summary_part") == of_summary
        name = "summary_index" if of_summary else "content_index"
        parts = self.parts[name]
        if step == "added":
            assert self.open is None, "one part of an item is open at a time"
            assert part == EMPTY_PARTS[part["type"]], "a part begins empty"
            assert event[name] == len(parts), "the indexes of parts are dense"
            self.open = {key: [] if value == [] else value for key, value in part.items()}
            parts.append(self.open)
            return
        assert self.open is not None
        assert self.said is not None, "the whole text comes before the end of its part"
        assert part == self.open, "the part is what was streamed"
        assert event[name] == len(parts) - 1
        self.open = self.said = None

    def _in_open_part(self, event: dict[str, Any], kind: str) -> dict[str, Any]:
        name = "summary_index" if kind == "summary_text" else "content_index"
        assert self.open is not None
        assert self.open["type"] == kind, f"a part of that kind is open: {event}"
        assert event[name] == len(self.parts[name]) - 1
        assert self.said is None, "nothing comes after the whole text"
        return self.open

    def _text(self, event: dict[str, Any], kind: str, step: str) -> None:
        part = self._in_open_part(event, kind)
        field = "refusal" if kind == "refusal" else "text"
        if step == "delta":
            assert event["delta"] or event["logprobs"]
            part[field] += event["delta"]
            if kind == "output_text":
                part["logprobs"] += event["logprobs"]
            return
        assert step == "done"
        assert event[field] == part[field], "the whole text is that of the deltas"
        assert kind != "output_text" or event["logprobs"] == part["logprobs"]
        self.said = event

    def _annotation(self, event: dict[str, Any]) -> None:
        part = self._in_open_part(event, "output_text")
        annotation = event["annotation"]
        for name, kind in ANNOTATIONS[annotation["type"]].items():
            assert isinstance(annotation[name], kind)
        assert event["annotation_index"] == len(part["annotations"])
        part["annotations"].append(annotation)

    def _call(self, event: dict[str, Any], step: str) -> None:
        assert self.whole_arguments is None
        if step == "delta":
            assert event["delta"]
            self.arguments += event["delta"]
        else:
            assert step == "done"
            self.whole_arguments = event[CALLS[self.type][0]]
            assert self.whole_arguments == self.arguments, "the whole arguments are those of the deltas"

    def _image(self, event: dict[str, Any], step: str) -> None:
        if step == "partial_image":
            assert self.steps[:2] == ["in_progress", "generating"]
            assert event["partial_image_index"] == len(self.steps) - 2
            assert event["partial_image_b64"]
        else:
            place = 2 if step == "completed" else len(self.steps)
            assert step == STEPS[place]
        self.steps.append(step)

    def end(self, item: dict[str, Any]) -> None:
        assert self.open is None, "every part is done before its item"
        if self.type in CALLS:
            assert self.whole_arguments is not None, "the whole arguments come before the end of the call"
        self.check_whole(item, finished=True)
        self.done = item

    def check_whole(self, item: dict[str, Any], *, finished: bool) -> None:
        """Check the item at its end, or as far as it came."""
        content, summary = self.parts["content_index"], self.parts["summary_index"]
        expected = dict(self.added)
        if self.type == "message":
            expected |= {"content": content, "status": item["status"]}
        elif self.type == "reasoning":
            expected |= {"summary": summary} | ({"content": content} if content else {})
            expected |= {name: item[name] for name in ("encrypted_content", "status") if name in item}
            assert isinstance(item.get("encrypted_content", ""), str)
        elif self.type in CALLS:
            expected |= {CALLS[self.type][0]: self.arguments, "status": item["status"]}
        else:
            is_whole = self.steps[-1] == "completed"
            assert isinstance(item["result"], str) if is_whole else not finished or item["result"] is None
            status = "completed" if is_whole else "failed" if finished else "generating"
            expected |= {"result": item["result"], "status": status}
        assert item == expected, f"the item is what was streamed: {item} {expected}"
        if self.type != "image_generation_call":
            statuses = ("completed", "incomplete") if finished else ("incomplete",)
            assert item.get("status", statuses[0]) in statuses
