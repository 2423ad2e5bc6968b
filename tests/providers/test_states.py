"""Every transition in the table of ssescan.providers.message_decoder."""

from __future__ import annotations

from typing import Any

import pytest

from ssescan import Outcome, Scanner
from ssescan.providers.message_decoder import DECODER_INPUTS, DECODER_STATES, MessageDecoder
from ssescan.scanner import EventReader

CHAT = b'{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"hi"}}]}'
INPUTS: dict[str, list[Any]] = {
    "payload of a format": [CHAT],
    "keep-alive": [b'{"type":"ping"}', b": c", b""],
    "damaged payload": [b'{"object'],
    "[DONE]": [b"[DONE]"],
    "close() or fail()": [lambda decoder: decoder.close(Outcome.ENDED), lambda decoder: decoder.fail()],
}
STEPS: dict[str, list[Any]] = {
    "undecided": [], "decoding": [CHAT], "done": [CHAT, b"[DONE]"], "closed": [INPUTS["close() or fail()"][0]]
}  # fmt: skip


def state_after(steps: list[Any]) -> str:
    decoder = MessageDecoder(None, EventReader(Scanner(), False, True), None, strict=False)
    for step in steps:
        decoder.feed(step) if isinstance(step, bytes) else step(decoder)
    if decoder.closed or decoder.done:
        return "closed" if decoder.closed else "done"
    return "undecided" if decoder.format_decoder is None else "decoding"


@pytest.mark.parametrize("state", DECODER_STATES)
def test_states(state: str) -> None:
    assert state_after(STEPS[state]) == state
    for name, expected in zip(DECODER_INPUTS, DECODER_STATES[state], strict=True):
        for step in INPUTS[name] if expected is not None else []:
            assert state_after([*STEPS[state], step]) == expected, (name, step)
