"""The frames of a stream as a writer sends them: LF or CRLF, one `data:` line an event."""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Frame(NamedTuple):
    """An event: its name, and its JSON; `comment` and no JSON for a comment."""

    name: str
    data: Any
    comment: bool = False


def frames_of(data: bytes, *, line_end: str = "\n") -> list[Frame]:
    """Return the frames of a stream. AssertionError for anything that is not framed as a provider does it."""
    text = data.decode("utf-8")
    end = line_end * 2
    assert text == "" or text.endswith(end), f"the stream ends within an event: {text[-80:]!r}"
    return [_frame(block, line_end) for block in text.split(end)[:-1]]


def _frame(block: str, line_end: str) -> Frame:
    lines = block.split(line_end)
    assert "\r" not in block.replace(line_end, ""), f"a line end within a line: {block!r}"
    if lines[0].startswith(":"):
        assert len(lines) == 1, f"a comment with other lines: {block!r}"
        return Frame("", None, comment=True)
    name = lines.pop(0).removeprefix("event: ") if lines[0].startswith("event: ") else ""
    assert len(lines) == 1, f"one data line was expected: {block!r}"
    assert lines[0].startswith("data: "), f"a data line was expected: {block!r}"
    payload = lines[0].removeprefix("data: ")
    return Frame(name, payload if payload == "[DONE]" else json.loads(payload))
