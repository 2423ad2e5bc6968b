"""The inside of openai, and what is put in its place.

`Stream.__stream__` is the loop that every stream runs through: `create(stream=True)`, the `stream()` helpers,
`with_streaming_response`, and the clients for Azure and others. Here it has a loop of ours before it, which takes
nothing but the ordinary: data that is JSON and no error. At the first event that is anything else, the end of the
answer included, the SDK's own loop takes over.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from .libraries import Patch
from .stainless import MODELS, AsyncPayloads, Event, Payloads, Stainless, twin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from .libraries import Tally

INSIDES = {
    "openai._streaming:Stream.__stream__": ("f207cf40aa5e",),
    "openai._streaming:Stream._iter_events": ("f787fdb746d6",),
    "openai._streaming:AsyncStream.__stream__": ("fffa1b86285f",),
    "openai._streaming:AsyncStream._iter_events": ("2a01d7886139",),
    "openai._streaming:SSEDecoder": ("775bd05637d1",),
    **{f"openai.{name}": known for name, known in MODELS.items()},
}


class _Decoder:
    """The decoder of a stream: first the payloads, then, for the SDK's loop, what is left, as events."""

    def __init__(self) -> None:
        self.pump: Any = None
        self._payloads: Any = None
        self._next: Event | None = None

    def iter_bytes(self, iterator: Iterator[bytes]) -> Iterator[Any]:
        if self._next is not None:
            return self._rest(self._next)
        payloads = self._payloads = self.pump = Payloads(iterator)
        return payloads

    def aiter_bytes(self, iterator: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        if self._next is not None:
            return self._arest(self._next)
        payloads = self._payloads = AsyncPayloads(iterator)
        self.pump = payloads.pump
        return payloads

    def go_on_with(self, payload: bytes) -> None:
        """Whoever asks now is to get events, this one first."""
        self._next = Event(payload, self.pump._event_name)

    def _rest(self, event: Event) -> Iterator[Event]:
        yield event
        for payload in self._payloads:
            yield Event(payload, self.pump._event_name)

    async def _arest(self, event: Event) -> AsyncIterator[Event]:
        yield event
        async for payload in self._payloads:
            yield Event(payload, self.pump._event_name)


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

        try:
            build = self.sdk.build(stream)
        except Exception:  # noqa: BLE001 - a type that we cannot deal with
            build = None
        if build is None:
            return plainly

        def built(value: Any) -> Any:
            if value is None:
                return None
            try:
                return build(value)
            except Exception:  # noqa: BLE001 - what the SDK raises for it, the SDK shall say
                return plainly(value)

        return built

    def read(self, stream: Any) -> Iterator[Any]:
        stream, decoder = twin(stream), _Decoder()
        stream._decoder = decoder
        response = stream.response
        legacy = _is_legacy(stream)
        build = self.builder(stream)
        try:
            for payload in stream._iter_events():
                value = _ordinary(payload, decoder.pump, legacy)
                if value is UNUSUAL:
                    decoder.go_on_with(payload)
                    yield from self.plain(stream)
                    return
                yield build(value)
        finally:
            self.count(decoder)
            response.close()

    async def aread(self, stream: Any) -> AsyncIterator[Any]:
        stream, decoder = twin(stream), _Decoder()
        stream._decoder = decoder
        response = stream.response
        legacy = _is_legacy(stream)
        build = self.builder(stream)
        try:
            async for payload in stream._iter_events():
                value = _ordinary(payload, decoder.pump, legacy)
                if value is UNUSUAL:
                    decoder.go_on_with(payload)
                    rest = self.plain(stream)
                    try:
                        async for item in rest:
                            yield item
                    finally:
                        await rest.aclose()
                    return
                yield build(value)
        finally:
            self.count(decoder)
            await response.aclose()

    def count(self, decoder: _Decoder) -> None:
        if decoder.pump is not None:
            self.tally.add(decoder.pump._events)


UNUSUAL: Any = object()


def _is_legacy(stream: Any) -> bool:
    return stream._options is None or stream._options.stream_mode == "legacy"


def _ordinary(payload: bytes, pump: Any, legacy: bool) -> Any:
    """Give the JSON of a payload, or UNUSUAL if the SDK's loop is to look at it."""
    if payload.startswith(b"[DONE]"):
        return UNUSUAL
    try:
        value = from_json(payload)
    except ValueError:
        return UNUSUAL
    if legacy:
        if type(value) is dict and value.get("error"):
            return UNUSUAL
        name = pump._event_name
        if name is not None and name.startswith("thread."):
            return UNUSUAL
    return value


def patches(tally: Tally) -> list[Patch]:
    """Say what is to be replaced, and by what."""
    from openai import _base_client, _models, _streaming

    sdk = Stainless(_base_client, _streaming, _models)

    def replaced(plain: Any, loop: _Loop, read: Any) -> Any:
        def __stream__(self: Any) -> Any:  # noqa: N807 - the name of what it replaces
            return read(self) if loop.is_for(self) else plain(sdk.put_under(self, tally))

        return __stream__

    sync = _Loop(sdk, _streaming.Stream.__stream__, tally)
    asynchronous = _Loop(sdk, _streaming.AsyncStream.__stream__, tally)
    return [
        Patch(_streaming.Stream, "__stream__", replaced(sync.plain, sync, sync.read)),
        Patch(_streaming.AsyncStream, "__stream__", replaced(asynchronous.plain, asynchronous, asynchronous.aread)),
    ]
