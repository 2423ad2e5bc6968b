"""The patches of google-genai, for streams of `generate_content_stream`.

`HttpResponse.segments` yields the JSON of each event in a body; in a body without events, each JSON text.
`google_responses.py` makes the objects of that, and `google_contents.py` keeps their contents for function calls.
`google_interactions.py` has the patches for the Interactions.
"""

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from pydantic_core import from_json

from ...errors import EventTooLarge, UnsupportedEncoding
from ...scanner import EventReader, Scanner
from ...sources import async_httpx_chunks, check_encoding, httpx_chunks
from .counts import StreamEnd
from .google_contents import appender
from .google_lines import BraceBuffer, separate_lines, separate_lines_async
from .google_responses import JsonModule, KeyConversions, Responses, fast_init
from .libraries import Library, Patch
from .readers import BodyReader, is_utf8

# The SDK's own size of a read from a response of requests, bytes.
REQUESTS_CHUNK_SIZE = 512


class Segments:
    """The two methods of HttpResponse that yield the parsed JSON."""

    def __init__(self, api_client: Any, library: Library) -> None:
        self._http_response = api_client.HttpResponse
        self._library = library
        self._has_aiohttp = api_client.has_aiohttp
        self._httpx_types = getattr(api_client, "_HTTPX_RESPONSE_TYPES", None) or api_client.httpx.Response
        # In older versions, the HTTP client splits a body into lines, and decodes them by the charset of the response.
        self._splits_lines = hasattr(api_client, "_RawJsonLineBuffer")
        self._buffer: Callable[[], Any] = getattr(api_client, "_RawJsonLineBuffer", BraceBuffer)
        # The oldest versions read each line of data as a text of its own.
        code = api_client.HttpResponse._iter_response_stream.__code__  # noqa: SLF001 - the SDK's
        self._joins_lines = "data_buffer" in code.co_varnames

    def read(self, response: Any, chunks: Iterator[bytes]) -> Iterator[Any]:
        items, buffer, load = self._prepare(response, chunks)
        end, value = StreamEnd(), None
        try:
            items.chunks = check_encoding(response.response_stream, items.chunks)
            if not self._joins_lines:
                items.chunks = separate_lines(items.chunks)
            for item in items:
                for text in _complete_texts(item, items.reader, buffer):
                    value = _parsed(text, load)
                    yield value
            if remaining := buffer.flush():
                value = load(remaining)
                yield value
            end.over = True
        except (EventTooLarge, UnsupportedEncoding):
            response.response_stream.close()  # the SDK, which has no limits, reads a body to its end
            raise
        except Exception as error:
            end.error = error
            raise
        finally:
            self._count(items.reader, end, value)

    async def aread(self, response: Any, chunks: AsyncIterator[bytes]) -> AsyncIterator[Any]:
        stream = response.response_stream
        items, buffer, load = self._prepare(response, chunks)
        end, value = StreamEnd(), None
        try:
            items.chunks = check_encoding(stream, items.chunks)
            if not self._joins_lines:
                items.chunks = separate_lines_async(items.chunks)
            async for item in items:
                for text in _complete_texts(item, items.reader, buffer):
                    value = _parsed(text, load)
                    yield value
            if remaining := buffer.flush():
                value = load(remaining)
                yield value
            end.over = True
        except Exception as error:
            end.error = error
            raise
        finally:
            self._count(items.reader, end, value)
            if hasattr(stream, "aclose"):
                await stream.aclose()
            else:
                stream.release()

    def _count(self, reader: EventReader[Any], end: StreamEnd, last: Any) -> None:
        # The SDK raises for an event that the end of a body has cut.
        is_cut = end.is_broken() or (isinstance(end.error, ValueError) and reader.is_over)
        is_cut = is_cut or (end.over and is_unfinished(last))
        self._library.counts.end_stream(reader.events, is_cut)

    def _prepare(self, response: Any, chunks: Any) -> tuple[BodyReader, Any, Callable[[str], Any]]:
        """Return the items of a body, and the SDK's buffer of lines and its JSON parser."""
        # A line that is not a field may belong to a JSON text; and the SDK yields a last event without a blank line.
        scanner = Scanner(max_event_size=self._library.max_event_size, unknown=True, unterminated="dispatch")
        return BodyReader(chunks, scanner), self._buffer(), response._load_json_from_response  # noqa: SLF001 - the SDK's

    def chunks(self, response: Any, of_httpx: Callable[[Any], Any], of_another: Callable[[Any], Any]) -> Any:
        """Return the chunks of a body. None for a kind of response that the SDK itself has to read."""
        stream = response.response_stream
        if type(response) is not self._http_response:
            return None
        if not isinstance(stream, self._httpx_types):
            return of_another(stream)
        return of_httpx(stream) if self._splits_lines or is_utf8(stream) else None

    def requests_chunks(self, stream: Any) -> Iterator[bytes] | None:
        requests = sys.modules.get("requests") if self._splits_lines else None
        is_known = requests is not None and isinstance(stream, requests.Response)
        return stream.iter_content(chunk_size=REQUESTS_CHUNK_SIZE) if is_known else None

    def aiohttp_chunks(self, stream: Any) -> AsyncIterator[bytes] | None:
        aiohttp = sys.modules.get("aiohttp") if self._has_aiohttp else None
        is_known = aiohttp is not None and isinstance(stream, aiohttp.ClientResponse)
        return stream.content.iter_any() if is_known else None


def is_unfinished(last: Any) -> bool:
    """Return whether more must follow the JSON of an event that was the last one of a body; None: there was none."""
    candidates = last.get("candidates") if isinstance(last, dict) else None
    if not isinstance(candidates, list):
        return last is None
    return not any(isinstance(candidate, dict) and candidate.get("finishReason") for candidate in candidates)


def _complete_texts(item: Any, reader: EventReader[Any], buffer: Any) -> tuple[bytes | str, ...]:
    """Return the texts that an item completes: the data of an event, or the lines of a JSON text."""
    if type(item) is bytes:
        if reader.is_over and (remaining := buffer.flush()):
            return (remaining, item)  # at the end of the body, lines go first
        return (item,)
    text = buffer.add_line(item.text)
    return () if text is None else (text,)


def _parsed(text: bytes | str, load: Callable[[str], Any]) -> Any:
    """Parse as the SDK's function does, faster."""
    if isinstance(text, str):
        return load(text)
    try:
        return from_json(text)
    except ValueError:
        pass
    return load(text.decode("utf-8", "replace"))


def patches(library: Library) -> list[Patch]:
    """Return the patches."""
    from google.genai import _api_client, _common, _extra_utils, models, types

    if set(types.HttpResponse.model_fields) != {"headers", "body"}:
        raise RuntimeError("its HttpResponse has other fields than headers and body")
    ours = Segments(_api_client, library)
    original, aoriginal = _api_client.HttpResponse.segments, _api_client.HttpResponse.async_segments
    responses = Responses(_common, types, library)

    def segments(self: Any) -> Iterator[Any]:
        chunks = ours.chunks(self, httpx_chunks, ours.requests_chunks)
        return original(self) if chunks is None else ours.read(self, chunks)

    def async_segments(self: Any) -> AsyncIterator[Any]:
        chunks = ours.chunks(self, async_httpx_chunks, ours.aiohttp_chunks)
        return aoriginal(self) if chunks is None else ours.aread(self, chunks)

    def _from_response(cls: Any, *, response: Any, kwargs: Any) -> Any:
        return responses.from_response(cls, response, kwargs)

    conversions, json = KeyConversions(models), JsonModule()
    return [
        Patch(_api_client, "json", json),
        Patch(models, "json", json),
        Patch(models, "_GenerateContentResponse_from_mldev", conversions.from_mldev),
        Patch(models, "_GenerateContentResponse_from_vertex", conversions.from_vertex),
        Patch(_extra_utils, "append_chunk_contents", appender(_extra_utils.append_chunk_contents, types.Content)),
        Patch(types.HttpResponse, "__init__", fast_init(types.HttpResponse)),
        Patch(_api_client.HttpResponse, "segments", segments),
        Patch(_api_client.HttpResponse, "async_segments", async_segments),
        Patch(_common.BaseModel, "_from_response", classmethod(_from_response)),
    ]
