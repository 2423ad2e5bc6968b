"""docs/inside.md has the tables of states of the code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ssescan import outcome
from ssescan.gateway import relays, transcoder
from ssescan.providers import message_decoder, writer
from ssescan.scanner import _states

PAGE = Path(__file__).parents[2] / "docs" / "inside.md"
TABLES = {
    "blocks": (_states.BLOCK_INPUTS, _states.BLOCKS),
    "lines": (_states.LINE_INPUTS, _states.LINES),
    "stream": (outcome.STREAM_INPUTS, outcome.STREAM_STATES),
    "decoder": (message_decoder.DECODER_INPUTS, message_decoder.DECODER_STATES),
    "writer": (writer.WRITER_INPUTS, writer.WRITER_STATES),
    "transcoder": (transcoder.TRANSCODER_INPUTS, transcoder.TRANSCODER_STATES),
    "relay": (relays.RELAY_INPUTS, relays.RELAY_STATES),
}


@pytest.mark.skipif(not PAGE.is_file(), reason="the docs are missing: the tests run outside of the checkout")
@pytest.mark.parametrize(("inputs", "states"), TABLES.values(), ids=TABLES)
def test_page_has_the_table(inputs: tuple[str, ...], states: dict[str, tuple[Any, ...]]) -> None:
    rows = [("state", *inputs), ("---",) * (len(inputs) + 1), *((state, *row) for state, row in states.items())]
    table = "\n".join(f"| {' | '.join(cell or '-' for cell in row)} |" for row in rows)
    assert f"\n\n{table}\n\n" in PAGE.read_text(encoding="utf-8")
