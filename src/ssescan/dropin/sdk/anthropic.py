"""The patches of anthropic.

`Stream.__stream__` is the loop of every stream: of `create(stream=True)`, the `stream()` helpers,
`with_streaming_response`, and the clients for Bedrock, Vertex and others. It stays, with our parts under it, because it
reports to observers. `raw_events` is not patched: its events contain their original lines.
"""

from __future__ import annotations

from .stainless import Stainless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .libraries import LibraryStreams, Patch


def patches(streams: LibraryStreams) -> list[Patch]:
    """Return the patches."""
    from anthropic import _base_client, _models, _streaming

    # The SDK's loop acts on the name of an event without data.
    return Stainless(_base_client, _streaming, _models, streams, empty_events=True).patches()
