"""What openai and anthropic share: both are made by the same generator, and their fingerprints are alike.

The SDK's own loop over a stream stays as it is, with all that it does about errors, observers and the end. It runs on a
copy of the stream in which what is costly is ours: the decoder of events, the JSON, and the building of the objects.

Knows the fingerprints that `openai.py` and `anthropic.py` have checked.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import from_json

from ...scanner import EventIterator, EventReader, Scanner
from ...sources import check_encoding, decode_in_steps
from .construction import Construction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from .libraries import Tally

# The functions of both SDKs that say what an object is; the fingerprints of a name are those of either SDK.
MODELS: dict[str, tuple[str, ...]] = {
    "_base_client:BaseClient._process_response_data": ("f6820ad9d6d7", "77b9d2a426a8"),
    "_models:BaseModel.construct": ("6ac3b7b95e21",),
    "_models:construct_type": ("a35295f8ce4f", "4ae8d0e45199", "fe3556a76781"),
    "_models:_construct_field": ("11b4fbd784b1",),
    "_models:_get_extra_fields_type": ("e180e84e996f", "0526c011f596"),
    "_models:validate_type": ("23ab32deb037", "e895081fe57c"),
    "_models:_validate_non_model_type": ("bc59295577a3",),
    "_compat:field_get_default": ("043e46b19138",),
}


def parsed(payload: bytes) -> Any:
    """Parse as json.loads() does, in a third of the time; ValueError for what is no JSON, in its words."""
    try:
        return from_json(payload)
    except ValueError:
        pass
    # A lone surrogate, or deep nesting: what is JSON to the one is not always to the other. Not in the `except` block:
    # what this raises is to have come from nothing else.
    return json.loads(payload.decode("utf-8", "replace"))


def bound_decoding(response: Any) -> None:
    """Bound the steps in which a body is decoded that was not begun yet; UnsupportedEncoding if that cannot be done."""
    check_encoding(response)
    decode_in_steps(response)


def shallow_copy(stream: Any) -> Any:
    """Give a copy of a stream. copy.copy() would leave a mark on its class."""
    copied = object.__new__(type(stream))
    copied.__dict__.update(stream.__dict__)
    return copied


class Event:
    """An event, with what the SDKs' loops look at."""

    __slots__ = ("_payload", "event")

    def __init__(self, payload: bytes, event: str | None) -> None:
        self._payload = payload
        self.event: str | None = event or None

    @property
    def data(self) -> str:
        return self._payload.decode("utf-8", "replace")

    def json(self) -> Any:
        return parsed(self._payload)


def event_of(payload: Any, reader: EventReader[Any]) -> Event:
    """Give the event that has just come of a reader: its payload, or the whole of it where it has no data."""
    if type(payload) is bytes:
        return Event(payload, reader.event_name)
    return Event(b"", payload.event)


class Payloads(EventIterator[Any]):
    """The payloads of the events in a body, as bytes; `reader.event_name` is the name of the event that came last."""

    __slots__ = ("reader",)

    def __init__(self, chunks: Iterator[bytes], limit: int | None, empty_events: bool = False) -> None:
        scanner = Scanner(max_event_size=limit, empty_events=empty_events)
        self.reader: EventReader[Any] = EventReader(scanner, False, True)
        super().__init__(self.reader, chunks)


class AsyncPayloads:
    """Payloads, of a body that is read asynchronously."""

    __slots__ = ("_chunks", "_pop", "reader")

    def __init__(self, chunks: AsyncIterator[bytes], limit: int | None, empty_events: bool = False) -> None:
        scanner = Scanner(max_event_size=limit, empty_events=empty_events)
        self.reader: EventReader[Any] = EventReader(scanner, False, True)
        self._pop: Callable[[], Any] = self.reader.pop
        self._chunks = chunks

    def __aiter__(self) -> AsyncPayloads:
        return self

    async def __anext__(self) -> Any:
        while (payload := self._pop()) is None:
            self.reader.feed(await anext(self._chunks))  # at its end it raises what is to be raised here
        return payload


class Decoder:
    """An SSEBytesDecoder, as the SDKs call it, over the scanner.

    `response`: what the bytes will come from. `empty_events`: give blocks without data as well, for a loop that looks
    at their names.
    """

    def __init__(self, tally: Tally, response: Any, empty_events: bool) -> None:
        self._tally = tally
        self._response = response
        self._empty_events = empty_events

    # In the loops below, and not before: the SDK closes the response after whatever is raised here.

    def iter_bytes(self, iterator: Iterator[bytes]) -> Iterator[Event]:
        bound_decoding(self._response)
        payloads = Payloads(iterator, self._tally.max_event_size, self._empty_events)
        try:
            for payload in payloads:
                yield event_of(payload, payloads.reader)
        finally:
            self._tally.add(payloads.reader.events)

    async def aiter_bytes(self, iterator: AsyncIterator[bytes]) -> AsyncIterator[Event]:
        bound_decoding(self._response)
        payloads = AsyncPayloads(iterator, self._tally.max_event_size, self._empty_events)
        try:
            async for payload in payloads:
                yield event_of(payload, payloads.reader)
        finally:
            self._tally.add(payloads.reader.events)


class Client:
    """A client whose objects are built by us; all else is as it has it."""

    def __init__(self, client: Any, build: Callable[[Any], Any]) -> None:
        self._client = client
        self._build = build

    def _process_response_data(self, *, data: Any, cast_to: Any, response: Any) -> Any:
        try:
            return self._build(data)
        except Exception:  # noqa: BLE001, S110 - what the SDK raises for it, the SDK shall say
            pass
        return self._client._process_response_data(data=data, cast_to=cast_to, response=response)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class Stainless:
    """What is known of one SDK: its modules, and whether a stream is one that we can be put under."""

    def __init__(self, base_client: Any, streaming: Any, models: Any) -> None:
        from pydantic import VERSION

        if VERSION.startswith("1."):
            raise RuntimeError(f"its models are of pydantic {VERSION}, and pydantic 2 was expected")
        self._process_response_data = base_client.BaseClient._process_response_data
        self._builder = base_client.ModelBuilderProtocol
        self._decoder = streaming.SSEDecoder
        self._iter_events = (streaming.Stream._iter_events, streaming.AsyncStream._iter_events)
        self.construction: Construction = Construction(models)

    def decodes_as_usual(self, stream: Any) -> bool:
        """Tell whether a stream decodes events as the SDK does, and not in a way that a subclass or a client has."""
        return (
            type(stream._decoder) is self._decoder
            and type(stream)._iter_events in self._iter_events
            and "_iter_events" not in vars(stream)
        )

    def build(self, stream: Any) -> Callable[[Any], Any] | None:
        """Give the function that makes the objects of a stream; None if its client makes them in a way of its own."""
        client, cast_to = stream._client, stream._cast_to
        process = getattr(client, "_process_response_data", None)
        if getattr(process, "__func__", None) is not self._process_response_data or client._strict_response_validation:
            return None
        if cast_to is object or (isinstance(cast_to, type) and issubclass(cast_to, self._builder)):
            return None
        try:
            return self.construction.of(cast_to)
        except Exception:  # noqa: BLE001 - a type that we cannot deal with, and the SDK perhaps can
            return None

    def put_under(self, stream: Any, tally: Tally, empty_events: bool = False) -> Any:
        """Give a copy of a stream for the SDK's loop to run on, with what can be ours."""
        ours = shallow_copy(stream)
        if self.decodes_as_usual(stream):
            ours._decoder = Decoder(tally, stream.response, empty_events)
        if (build := self.build(stream)) is not None:
            ours._client = Client(stream._client, build)
        return ours
