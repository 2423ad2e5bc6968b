"""The loop over a stream that openai and anthropic share, and older Interactions: one generator writes these SDKs.

The SDK's own loop still handles errors, observers and the end. It runs on a copy of the stream in which the costly
steps are ours: the decoder of events, the JSON parser, and the function that builds the objects. For plain data, an
SDK's module can also replace the loop itself.

Relies on the fingerprints in `known_versions.py`.
"""

import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from importlib import import_module
from typing import Any

from pydantic_core import from_json

from ...errors import EventTooLarge, UnsupportedEncoding
from ...scanner import EventReader, Scanner
from ...sources import check_encoding, decode_in_steps
from .construction import Construction
from .counts import StreamEnd
from .libraries import Library, Patch
from .readers import BodyReader

# Returns the JSON of an event, or UNUSUAL for one that the SDK's own loop has to process. The reader has its name.
Parser = Callable[[bytes, EventReader[Any]], Any]
UNUSUAL: Any = object()
# Not all of the SDKs' loops close the response after an error.
OUR_ERRORS = (EventTooLarge, UnsupportedEncoding)


def parse_json(payload: bytes) -> Any:
    """Parse as json.loads() does, in a third of the time. Raises the ValueError of json.loads()."""
    try:
        return from_json(payload)
    except ValueError:
        pass
    # The two parsers disagree about lone surrogates and deep nesting. Not in the `except` block, so that an error has
    # no __context__.
    return json.loads(payload.decode("utf-8", "replace"))


def shallow_copy(stream: Any) -> Any:
    """Return a copy of a stream. copy.copy() would add an attribute to its class."""
    copied = object.__new__(type(stream))
    copied.__dict__.update(stream.__dict__)
    return copied


class Event:
    """An event as the SDKs' loops use it."""

    __slots__ = ("_payload", "event")

    def __init__(self, payload: bytes, event: str | None) -> None:
        self._payload = payload
        self.event: str | None = event or None

    @property
    def data(self) -> str:
        return self._payload.decode("utf-8", "replace")

    def json(self) -> Any:
        return parse_json(self._payload)


class Decoder:
    """An SSEBytesDecoder, as the SDKs call it, that uses a scanner.

    It yields an Event for each event; while `yields_payloads` is true, bytes instead.
    """

    def __init__(self, response: Any, scanner: Scanner[Any], yields_payloads: bool) -> None:
        self._response = response
        self._items = BodyReader(None, scanner)
        self.reader: Any = self._items.reader
        self.yields_payloads: bool = yields_payloads
        self._first: Event | None = None
        self._last: Event | None = None
        self.is_used: bool = False  # not every loop asks its decoder
        self.is_exhausted: bool = False  # the last of the events was read; not set while it yields payloads

    def iter_bytes(self, chunks: Iterator[bytes]) -> Iterator[Any]:
        self._open(chunks)
        return self._items if self.yields_payloads else self._iter_events()

    def aiter_bytes(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        self._open(chunks)
        return self._items if self.yields_payloads else self._aiter_events()

    def switch_to_events(self, payload: bytes) -> None:
        """Yield events from now on, beginning with the one that was read last."""
        self.yields_payloads = False
        self._first = self._event(payload)

    def _open(self, chunks: Any) -> None:
        self.is_used = True
        if self._items.chunks is None:
            self._items.chunks = check_encoding(self._response, chunks)
            decode_in_steps(self._response)

    def _iter_events(self) -> Iterator[Event]:
        if self._first is not None:
            yield self._first
        for item in self._items:
            yield self._event(item)
        self.is_exhausted = True

    async def _aiter_events(self) -> AsyncIterator[Event]:
        if self._first is not None:
            yield self._first
        async for item in self._items:
            yield self._event(item)
        self.is_exhausted = True

    def _event(self, item: Any) -> Event:
        # An item that is not bytes is an event without data.
        event = Event(item, self.reader.event_name) if type(item) is bytes else Event(b"", item.event)
        self._last = event
        return event

    def last_json(self) -> Any:
        """Return the JSON of the last event; None if there was no event, UNUSUAL if it is not JSON."""
        try:
            return None if self._last is None else self._last.json()
        except (ValueError, RecursionError):
            return UNUSUAL


class Client:
    """An SDK's client with our function in place of `_process_response_data`."""

    def __init__(self, client: Any, process: Callable[..., Any]) -> None:
        self._client = client
        self._process_response_data: Callable[..., Any] = process

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)


class Stainless:
    """One of the SDKs, and the loop that replaces `Stream.__stream__` and `AsyncStream.__stream__`.

    `package`: the SDK's package, if it is not that of the library. `empty_events`: whether the SDK's loop looks at
    events without data. `parser_for`: returns the parser with which our loop can read a stream, or None if the SDK's
    loop has to. `is_unfinished`: returns whether more must follow the JSON of an event that was the last one of a body;
    None: the body had no event.
    """

    def __init__(
        self,
        library: Library,
        is_unfinished: Callable[[Any], bool],
        empty_events: bool = False,
        parser_for: Callable[[Any], Parser | None] = lambda stream: None,
        package: str = "",
    ) -> None:
        modules = ("_base_client", "_streaming", "_models", "_exceptions")
        base_client, streaming, models, exceptions = (
            import_module(f"{package or library.package}.{name}") for name in modules
        )
        self._process_response_data = base_client.BaseClient._process_response_data  # noqa: SLF001 - the SDK's
        self._builder_protocol = base_client.ModelBuilderProtocol
        self._decoder_class = streaming.SSEDecoder
        self._stream_classes = (streaming.Stream, streaming.AsyncStream)
        self._iter_events = tuple(cls._iter_events for cls in self._stream_classes)
        self._loops = tuple(cls.__stream__ for cls in self._stream_classes)
        self._construction = Construction(models)
        self._library = library
        self._is_unfinished = is_unfinished
        self._api_error = exceptions.APIError
        self._connection_error = exceptions.APIConnectionError
        self._empty_events = empty_events
        self._parser_for = parser_for

    def patches(self) -> list[Patch]:
        """Return the patches that put our loop under every stream."""

        def __stream__(stream: Any) -> Iterator[Any]:  # noqa: N807 - the name of the method that it replaces
            return self._read(stream)

        def __astream__(stream: Any) -> AsyncIterator[Any]:  # noqa: N807
            return self._aread(stream)

        sync, asynchronous = self._stream_classes
        return [Patch(sync, "__stream__", __stream__), Patch(asynchronous, "__stream__", __astream__)]

    # Generators, so that they examine a stream when it is first read, as the SDKs do, and not when it is made. They
    # also keep the stream alive: a subclass may close the response when it is collected.

    def _read(self, stream: Any) -> Iterator[Any]:
        ours, decoder, parse, build = self._prepare(stream)
        end, value = StreamEnd(), None
        try:
            if parse is not None:
                events = ours._iter_events()  # noqa: SLF001 - the SDK's
                for payload in events:
                    value = parse(payload, decoder.reader)
                    if value is UNUSUAL:
                        decoder.switch_to_events(payload)
                        break
                    yield build(value)
                else:
                    end.over = True
                    return
            yield from self._loops[0](ours)
            end.over = True
        except Exception as error:
            end.error = error
            raise
        finally:
            self._count(decoder, end, value)
            if parse is not None or isinstance(end.error, OUR_ERRORS):
                ours.response.close()

    async def _aread(self, stream: Any) -> AsyncIterator[Any]:
        ours, decoder, parse, build = self._prepare(stream)
        end, value = StreamEnd(), None
        try:
            if parse is not None:
                events = ours._iter_events()  # noqa: SLF001 - the SDK's
                async for payload in events:
                    value = parse(payload, decoder.reader)
                    if value is UNUSUAL:
                        decoder.switch_to_events(payload)
                        break
                    yield build(value)
                else:
                    end.over = True
                    return
            async with aclosing(self._loops[1](ours)) as items:
                async for item in items:
                    yield item
            end.over = True
        except Exception as error:
            end.error = error
            raise
        finally:
            self._count(decoder, end, value)
            if parse is not None or isinstance(end.error, OUR_ERRORS):
                await ours.response.aclose()

    def _count(self, decoder: Decoder, end: StreamEnd, value: Any) -> None:
        """Count a stream that has ended. `value`: the JSON of the last event that our loop read."""
        self._library.counts.end_stream(decoder.reader.events, self._is_cut(decoder, end, value))

    def _is_cut(self, decoder: Decoder, end: StreamEnd, value: Any) -> bool:
        if end.error is not None:
            # An APIError is in an event, except for this kind.
            return end.is_broken((self._api_error,)) or isinstance(end.error, self._connection_error)
        if not end.over or not decoder.is_used:
            return False
        if decoder.yields_payloads:
            return self._is_unfinished(value)
        # The SDK's loop stops before the end of the body at [DONE] only.
        return decoder.is_exhausted and self._is_unfinished(decoder.last_json())

    def _prepare(self, stream: Any) -> tuple[Any, Decoder, Parser | None, Callable[..., Any]]:
        """Return a copy of a stream with our parts in it, its decoder, and the parser and the builder for our loop."""
        copied = shallow_copy(stream)
        can_decode = self._decodes_as_usual(stream)
        parse = self._parser_for(stream) if can_decode else None
        scanner = Scanner(max_event_size=self._library.max_event_size, empty_events=self._empty_events)
        decoder = Decoder(stream.response, scanner, yields_payloads=parse is not None)
        if can_decode:
            copied._decoder = decoder  # noqa: SLF001 - the SDK's
        build, reason = self._build_function(stream)
        process = self._process_function(stream, build, reason)
        if build is not None or parse is not None:
            copied._client = Client(stream._client, process)  # noqa: SLF001 - the SDK's
        return copied, decoder, parse, process

    def _decodes_as_usual(self, stream: Any) -> bool:
        """Return whether a stream decodes events as the SDK does. A subclass or a client may do it in another way."""
        return (
            type(stream._decoder) is self._decoder_class  # noqa: SLF001 - the SDK's
            and type(stream)._iter_events in self._iter_events  # noqa: SLF001 - the SDK's
            and "_iter_events" not in vars(stream)
        )

    def _build_function(self, stream: Any) -> tuple[Callable[[Any], Any] | None, str]:
        """Return the function that builds the objects of a stream; None, and the reason, if the SDK has to."""
        client, cast_to = stream._client, stream._cast_to  # noqa: SLF001 - the SDK's
        process = getattr(client, "_process_response_data", None)
        if getattr(process, "__func__", None) is not self._process_response_data:
            return None, "a client with its own _process_response_data"
        if client._strict_response_validation:  # noqa: SLF001 - the SDK's
            return None, "a client with _strict_response_validation"
        if cast_to is object or (isinstance(cast_to, type) and issubclass(cast_to, self._builder_protocol)):
            return None, f"a stream of {cast_to.__name__}"
        try:
            return self._construction.function_for(cast_to), ""
        except Exception as error:  # noqa: BLE001 - we cannot handle this type; perhaps the SDK can
            return None, f"a stream of {getattr(cast_to, '__name__', cast_to)}: {type(error).__name__}"

    def _process_function(self, stream: Any, build: Callable[[Any], Any] | None, reason: str) -> Callable[..., Any]:
        """Return the function that replaces `_process_response_data` of the stream's client, for this stream only."""
        process = stream._client._process_response_data  # noqa: SLF001 - the SDK's
        cast_to, response = stream._cast_to, stream.response  # noqa: SLF001 - the SDK's
        counts, slow_values = self._library.counts, self._construction.slow_values
        if build is None:

            def process_slowly(data: Any, **_: Any) -> Any:
                counts.go_slow(reason)
                return process(data=data, cast_to=cast_to, response=response)

            return process_slowly

        def process_fast(data: Any, cast_to: Any = cast_to, response: Any = response) -> Any:
            if data is None:
                return None
            try:
                made = build(data)
            except Exception as error:  # noqa: BLE001 - the SDK raises its own error
                slow_values.append(f"{type(error).__name__} in an event")
            else:
                if slow_values:
                    self._count_slow_event()
                return made
            self._count_slow_event()
            return process(data=data, cast_to=cast_to, response=response)

        return process_fast

    def _count_slow_event(self) -> None:
        slow_values = self._construction.slow_values
        reasons = slow_values.copy()
        slow_values.clear()
        if reasons:  # else another thread has counted it
            self._library.counts.go_slow(reasons[0])
