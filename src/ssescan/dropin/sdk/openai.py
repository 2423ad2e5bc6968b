"""The inside of openai, and what is put in its place.

`Stream.__stream__` is the loop that every stream runs through: `create(stream=True)`, the `stream()` helpers,
`with_streaming_response`, and the clients for Azure and others. Here it has a loop of ours before it, which takes
nothing but the ordinary: data that is JSON and no error. At the first event that is anything else, the end of the
answer included, the SDK's own loop takes over.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import Any

from .libraries import Patch
from .stainless import MODELS, AsyncPayloads, Client, Event, Payloads, Stainless, bound_decoding, parsed, shallow_copy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from .libraries import Tally

INSIDES: dict[str, tuple[str, ...]] = {
    "openai._streaming:Stream.__stream__": ("f207cf40aa5e",),
    "openai._streaming:Stream._iter_events": ("f787fdb746d6",),
    "openai._streaming:AsyncStream.__stream__": ("fffa1b86285f",),
    "openai._streaming:AsyncStream._iter_events": ("2a01d7886139",),
    "openai._streaming:ServerSentEvent": ("aad95d357aef",),
    "openai._streaming:_SSELineDecoder": ("99dde3689dee",),
    "openai._streaming:SSEDecoder": ("775bd05637d1",),
    **{f"openai.{name}": known for name, known in MODELS.items()},
}


class _Decoder:
    """The decoder of a stream: first the payloads, then, for the SDK's loop, what is left, as events."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self.reader: Any = None
        self._payloads: Any = None
        self._next: Event | None = None

    def iter_bytes(self, iterator: Iterator[bytes]) -> Iterator[Any]:
        if self._next is not None:
            return self._rest(self._next)
        payloads = self._payloads = Payloads(iterator, self._limit)
        self.reader = payloads.reader
        return payloads

    def aiter_bytes(self, iterator: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        if self._next is not None:
            return self._arest(self._next)
        payloads = self._payloads = AsyncPayloads(iterator, self._limit)
        self.reader = payloads.reader
        return payloads

    def go_on_with(self, payload: bytes) -> None:
        """Whoever asks now is to get events, this one first."""
        self._next = Event(payload, self.reader.event_name)

    def _rest(self, event: Event) -> Iterator[Event]:
        yield event
        for payload in self._payloads:
            yield Event(payload, self.reader.event_name)

    async def _arest(self, event: Event) -> AsyncIterator[Event]:
        yield event
        async for payload in self._payloads:
            yield Event(payload, self.reader.event_name)


class _Loop:
    """The loop over a stream, up to what is not ordinary."""

    def __init__(self, sdk: Stainless, plain: Any, tally: Tally) -> None:
        self.sdk = sdk
        self.plain = plain
        self.tally = tally

    def is_for(self, stream: Any) -> bool:
        """Tell whether the loop does all that the SDK's would."""
        options = stream._options
        return self.sdk.decodes_as_usual(stream) and not (
            options is not None and getattr(options, "synthesize_event_and_data", None)
        )

    def builder(self, stream: Any) -> Callable[[Any], Any]:
        """Give the function that makes an object, by the SDK's own ways where ours do not lead to it."""
        process = stream._client._process_response_data
        response, cast_to = stream.response, stream._cast_to

        def plainly(value: Any) -> Any:
            return process(data=value, cast_to=cast_to, response=response)

        build = self.sdk.build(stream)
        if build is None:
            return plainly
        # For the SDK's loop, if it takes over.
        stream._client = Client(stream._client, build)

        def built(value: Any) -> Any:
            if value is None:
                return None
            try:
                return build(value)
            except Exception:  # noqa: BLE001, S110 - what the SDK raises for it, the SDK shall say
                pass
            return plainly(value)

        return built

    def read(self, stream: Any) -> Iterator[Any]:
        if not self.is_for(stream):
            yield from self.plain(self.sdk.put_under(stream, self.tally))
            return
        stream, decoder = shallow_copy(stream), _Decoder(self.tally.max_event_size)
        stream._decoder = decoder
        response = stream.response
        legacy = _is_legacy(stream)
        build = self.builder(stream)
        try:
            bound_decoding(response)
            for payload in stream._iter_events():
                value = _ordinary(payload, decoder.reader, legacy)
                if value is UNUSUAL:
                    decoder.go_on_with(payload)
                    yield from self.plain(stream)
                    return
                yield build(value)
        finally:
            self.count(decoder)
            response.close()

    async def aread(self, stream: Any) -> AsyncIterator[Any]:
        if not self.is_for(stream):
            async with aclosing(self.plain(self.sdk.put_under(stream, self.tally))) as items:
                async for item in items:
                    yield item
            return
        stream, decoder = shallow_copy(stream), _Decoder(self.tally.max_event_size)
        stream._decoder = decoder
        response = stream.response
        legacy = _is_legacy(stream)
        build = self.builder(stream)
        try:
            bound_decoding(response)
            async for payload in stream._iter_events():
                value = _ordinary(payload, decoder.reader, legacy)
                if value is UNUSUAL:
                    decoder.go_on_with(payload)
                    async with aclosing(self.plain(stream)) as rest:
                        async for item in rest:
                            yield item
                    return
                yield build(value)
        finally:
            self.count(decoder)
            await response.aclose()

    def count(self, decoder: _Decoder) -> None:
        if decoder.reader is not None:
            self.tally.add(decoder.reader.events)


UNUSUAL: Any = object()


def _is_legacy(stream: Any) -> bool:
    return stream._options is None or stream._options.stream_mode == "legacy"


def _ordinary(payload: bytes, reader: Any, legacy: bool) -> Any:
    """Give the JSON of a payload, or UNUSUAL if the SDK's loop is to look at it."""
    if payload.startswith(b"[DONE]"):
        return UNUSUAL
    try:
        value = parsed(payload)
    except (ValueError, RecursionError):
        return UNUSUAL
    if legacy:
        if type(value) is dict and value.get("error"):
            return UNUSUAL
        name = reader.event_name
        if name is not None and name.startswith("thread."):
            return UNUSUAL
    return value


def patches(tally: Tally) -> list[Patch]:
    """Say what is to be replaced, and by what."""
    from openai import _base_client, _models, _streaming

    sdk = Stainless(_base_client, _streaming, _models)

    sync = _Loop(sdk, _streaming.Stream.__stream__, tally)
    asynchronous = _Loop(sdk, _streaming.AsyncStream.__stream__, tally)

    def __stream__(self: Any) -> Iterator[Any]:  # noqa: N807 - the name of what it replaces
        return sync.read(self)

    def __astream__(self: Any) -> AsyncIterator[Any]:  # noqa: N807
        return asynchronous.aread(self)

    return [
        Patch(_streaming.Stream, "__stream__", __stream__),
        Patch(_streaming.AsyncStream, "__stream__", __astream__),
    ]
