"""The patches of anthropic.

`Stream.__stream__` is the loop of every stream: of `create(stream=True)`, the `stream()` helpers,
`with_streaming_response`, and the clients for Bedrock, Vertex and others. It stays, with our parts under it, because it
reports to observers. `raw_events` is not patched: its events contain their original lines.
"""

from .libraries import Library, Patch
from .stainless import Stainless


def patches(library: Library) -> list[Patch]:
    """Return the patches."""
    # The SDK's loop acts on the name of an event without data.
    return Stainless(library, empty_events=True).patches()
