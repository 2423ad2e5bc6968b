"""The inside of anthropic, and what is put in its place.

`Stream.__stream__` is the loop that every stream runs through: `create(stream=True)`, the `stream()` helpers,
`with_streaming_response`, and the clients for Bedrock, Vertex and others. `raw_events` is left as it is: its events
have the lines that they were made of.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from .libraries import Patch
from .stainless import MODELS, Stainless

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from .libraries import Tally

INSIDES: dict[str, tuple[str, ...]] = {
    "anthropic._streaming:Stream.__stream__": ("715a9449945f",),
    "anthropic._streaming:Stream._iter_events": ("62f918cd0bf6",),
    "anthropic._streaming:AsyncStream.__stream__": ("c0f0895dc478",),
    "anthropic._streaming:AsyncStream._iter_events": ("bf769cde8ac4",),
    "anthropic._streaming:SSEDecoder": ("47fb257ed17c",),
    "anthropic._streaming:ServerSentEvent": ("615ae69b78f0",),
    **{f"anthropic.{name}": known for name, known in MODELS.items()},
}


def patches(tally: Tally) -> list[Patch]:
    """Say what is to be replaced, and by what."""
    from anthropic import _base_client, _models, _streaming

    sdk = Stainless(_base_client, _streaming, _models)

    plain, aplain = _streaming.Stream.__stream__, _streaming.AsyncStream.__stream__

    # Generators, so that a stream is looked at when it is first read, as the SDK does, and lives as long. The SDK's
    # loop looks at the name of a block without data as well.

    def __stream__(self: Any) -> Iterator[Any]:  # noqa: N807 - the name of what it replaces
        yield from plain(sdk.put_under(self, tally, empty_events=True))

    async def __astream__(self: Any) -> AsyncIterator[Any]:  # noqa: N807
        async with aclosing(aplain(sdk.put_under(self, tally, empty_events=True))) as items:  # type: ignore[type-var]
            async for item in items:
                yield item

    return [
        Patch(_streaming.Stream, "__stream__", __stream__),
        Patch(_streaming.AsyncStream, "__stream__", __astream__),
    ]
