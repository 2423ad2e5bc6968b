"""The inside of anthropic, and what is put in its place.

`Stream.__stream__` is the loop that every stream runs through: `create(stream=True)`, the `stream()` helpers,
`with_streaming_response`, and the clients for Bedrock, Vertex and others. `raw_events` is left as it is: its events
have the lines that they were made of.
"""

from __future__ import annotations

from typing import Any

from .libraries import Patch
from .stainless import MODELS, Stainless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .libraries import Tally

INSIDES = {
    "anthropic._streaming:Stream.__stream__": ("715a9449945f",),
    "anthropic._streaming:Stream._iter_events": ("62f918cd0bf6",),
    "anthropic._streaming:AsyncStream.__stream__": ("c0f0895dc478",),
    "anthropic._streaming:AsyncStream._iter_events": ("bf769cde8ac4",),
    "anthropic._streaming:SSEDecoder": ("47fb257ed17c",),
    **{f"anthropic.{name}": known for name, known in MODELS.items()},
}


def patches(tally: Tally) -> list[Patch]:
    """Say what is to be replaced, and by what."""
    from anthropic import _base_client, _models, _streaming

    sdk = Stainless(_base_client, _streaming, _models)

    def replaced(plain: Any) -> Any:
        def __stream__(self: Any) -> Any:  # noqa: N807 - the name of what it replaces
            return plain(sdk.put_under(self, tally))

        return __stream__

    return [Patch(cls, "__stream__", replaced(cls.__stream__)) for cls in (_streaming.Stream, _streaming.AsyncStream)]
