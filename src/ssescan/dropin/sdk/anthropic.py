"""The patches of anthropic.

`Stream.__stream__` is the loop of every stream: of `create(stream=True)`, the `stream()` helpers,
`with_streaming_response`, and the clients for Bedrock, Vertex and others. It stays, with our parts under it, because it
reports to observers. `raw_events` is not patched: its events contain their original lines.
"""

from typing import Any

from .libraries import Library, Patch
from .stainless import Stainless

UNFINISHED = ("message_start", "content_block_start", "content_block_delta", "content_block_stop", "ping")


def patches(library: Library) -> list[Patch]:
    """Return the patches."""
    # The SDK's loop acts on the name of an event without data.
    return Stainless(library, is_unfinished, empty_events=True).patches()


def is_unfinished(last: Any) -> bool:
    """Return whether more must follow the JSON of an event that was the last one of a body; None: there was none."""
    if type(last) is not dict:
        return last is None
    if last.get("type") == "message_delta":
        delta = last.get("delta")
        return not (type(delta) is dict and delta.get("stop_reason"))
    return last.get("type") in UNFINISHED
