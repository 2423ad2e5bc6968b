"""Every transition in the two tables of ssescan.scanner._states, checked with public behaviour alone."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from ssescan import EventTooLarge
from ssescan.scanner import _states

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
LIMIT = 20
LONG = b"data: " + b"x" * LIMIT
Step = bytes | str  # a chunk, or the name of a method


def after(module: Any, steps: list[Step], oversize: str) -> Any:
    """Return a scanner that went through some steps."""
    scanner = module.Scanner(max_event_size=LIMIT, oversize=oversize)
    for step in steps:
        with suppress(EventTooLarge):
            scanner.feed(step) if isinstance(step, bytes) else getattr(scanner, step.removesuffix("()"))()
    return scanner


def block_state(module: Any, steps: list[Step], oversize: str) -> str:
    try:
        event = after(module, steps, oversize).feed(b"data: y\n\n")
    except ValueError as error:
        return "failed" if "EventTooLarge" in str(error) else "closed"
    if not event:
        return "skipping"
    scanner = after(module, [*steps, "close()"], oversize)
    return "block" if scanner.cut else "between"


BLOCK_STEPS: dict[str, list[Step]] = {
    "between": [], "block": [b"event: e\n"], "skipping": [LONG + b"\n"], "failed": [LONG + b"\n"], "closed": ["close()"],
}  # fmt: skip
BLOCK_INPUTS: dict[str, list[Step]] = {
    "comment": [b": c\n"], "other line": [b"x\n", b"id\n"], "blank line": [b"\n", b"\r\n"],
    "over the limit": [LONG + b"\n", LONG, b":" + LONG + b"\r"], "close()": ["close()"], "reset()": ["reset()"],
}  # fmt: skip


@pytest.mark.parametrize("oversize", ["raise", "skip"])
@pytest.mark.parametrize("state", _states.BLOCKS)
def test_blocks(scanners: Any, state: str, oversize: str) -> None:
    if (state, oversize) in (("skipping", "raise"), ("failed", "skip")):
        pytest.skip("there is no such state")
    before = BLOCK_STEPS[state]
    assert block_state(scanners, before, oversize) == state
    for name, expected in zip(_states.BLOCK_INPUTS, _states.BLOCKS[state], strict=True):
        for step in BLOCK_INPUTS[name]:
            if expected is None:
                with pytest.raises(ValueError, match="call reset"):
                    after(scanners, [*before, step], oversize)
                continue
            choices = expected.split(" or ")
            assert block_state(scanners, [*before, step], oversize) == choices[-1 if oversize == "skip" else 0], step


def line_states(module: Any, steps: list[Step]) -> set[str]:
    """Return the possible states: between blocks, an LF after CR has the same effect as a blank line."""
    if [event.data for event in after(module, steps, "skip").feed(BYTE_ORDER_MARK + b"data: y\n\n")] == ["y"]:
        return {"start"}
    scanner = after(module, steps, "skip")
    reader = module.EventReader(scanner)
    reader.close()
    if reader.cut_in_line:
        return {"dropped" if scanner.skipped else "in line"}
    scanner = after(module, steps, "skip")
    if not scanner.pending:
        return {"at line", "after CR"}
    scanner.feed(b"\n")
    return {"after CR" if scanner.pending else "at line"}


LINE_STEPS: dict[str, list[Step]] = {
    "start": [], "at line": [b"data: x\n"], "in line": [b"data: x\nda"], "dropped": [b"data: x\n" + LONG],
    "after CR": [b"data: x\r"],
}  # fmt: skip
LINE_INPUTS = {"byte order mark": BYTE_ORDER_MARK, "bytes": b"da", "too many bytes": LONG, "CR": b"\r", "LF": b"\n"}


@pytest.mark.parametrize("state", _states.LINES)
def test_lines(scanners: Any, state: str) -> None:
    before = LINE_STEPS[state]
    assert line_states(scanners, before) == {state}
    for name, expected in zip(_states.LINE_INPUTS, _states.LINES[state], strict=True):
        assert expected in line_states(scanners, [*before, LINE_INPUTS[name]]), name
