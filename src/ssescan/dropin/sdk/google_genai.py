"""The inside of google-genai, and what is put in its place: models that are streamed by `generate_content_stream`.

`HttpResponse.segments` gives the JSON of each event of a body, or of each JSON text in a body that is none of events.
What is made of that is in `google_responses.py`; the Interactions have a reader of their own, see
`google_interactions.py`.
"""

from __future__ import annotations

import sys
from typing import Any

from pydantic_core import from_json

from ...errors import EventTooLarge, UnsupportedEncoding
from ...scanner import EventIterator, EventReader, Scanner
from ...sources import async_httpx_chunks, check_encoding, httpx_chunks
from .google_responses import Conversions, Json, Responses, quick_init
from .libraries import Patch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from .libraries import Tally

INSIDES = {
    "google.genai._api_client:HttpResponse.segments": ("02a757930dad",),
    "google.genai._api_client:HttpResponse.async_segments": ("9dde7808f4d7",),
    "google.genai._api_client:HttpResponse._iter_response_stream": ("a39482e6b1ac",),
    "google.genai._api_client:HttpResponse._aiter_response_stream": ("b0f3b6dabd17",),
    "google.genai._api_client:HttpResponse._load_json_from_response": ("258c2167fd53",),
    "google.genai._api_client:_SseLineDecoder": ("b8ad77fe92a2",),
    "google.genai._api_client:_iter_sse_lines": ("06df97a8613e",),
    "google.genai._api_client:_aiter_sse_lines": ("698d50795d81",),
    "google.genai._api_client:_aiter_aiohttp_lines": ("cf1bccdfb78c",),
    "google.genai._api_client:_RawJsonLineBuffer": ("c6d1b16fe9df",),
    "google.genai._api_client:BaseApiClient.request_streamed": ("1a161e010cc4",),
    "google.genai._api_client:BaseApiClient.async_request_streamed": ("a71b34a95ded",),
    "google.genai._common:BaseModel._from_response": ("66345986b4d2",),
    "google.genai._common:BaseModel._check_field_type_mismatches": ("2f5da6237f9d",),
    "google.genai._common:_remove_extra_fields": ("06c9571588cb",),
    "google.genai._common:get_value_by_path": ("d467eafc890b",),
    "google.genai._common:_is_struct_type": ("e4d11c219c11",),
    "google.genai._common:_as_base_model_type": ("0b9b0f6904e6",),
    "google.genai.models:Models._generate_content_stream": ("106a91032884",),
    "google.genai.models:AsyncModels._generate_content_stream": ("336f4fc3245b",),
    "google.genai.models:_GenerateContentResponse_from_mldev": ("7f5a7e294587",),
    "google.genai.models:_GenerateContentResponse_from_vertex": ("68e8f32d55ab",),
    "google.genai.models:_Candidate_from_mldev": ("9e0c3446138b",),
    "google.genai.types:Part.__init__": ("fd4bc106a01e",),
}
# How much the SDK reads at once from a response of requests, bytes.
READ_OF_REQUESTS = 512


def _reader(limit: int | None) -> EventReader[Any]:
    # A line that is not a field may be one of a JSON text; and the SDK reads a last event without its blank line.
    return EventReader(Scanner(max_event_size=limit, unknown=True, unterminated="dispatch"), False, True)


class _Segments:
    """What replaces the two methods of HttpResponse."""

    def __init__(self, api_client: Any, tally: Tally) -> None:
        self._api_client = api_client
        self._tally = tally
        self.plain = api_client.HttpResponse.segments
        self.aplain = api_client.HttpResponse.async_segments

    def read(self, response: Any) -> Iterator[Any]:
        chunks = self._sync_chunks(response)
        if chunks is None:
            yield from self.plain(response)
            return
        reader = _reader(self._tally.max_event_size)
        lines = self._api_client._RawJsonLineBuffer()
        load = response._load_json_from_response
        try:
            check_encoding(response.response_stream)
            for item in EventIterator(reader, iter(chunks)):
                for text in self._texts(item, reader, lines):
                    yield _loaded(text, load)
            if remaining := lines.flush():
                yield load(remaining)
        except (EventTooLarge, UnsupportedEncoding):
            response.response_stream.close()  # the SDK would have read it to its end
            raise
        finally:
            self._tally.add(reader.events)

    async def aread(self, response: Any) -> AsyncIterator[Any]:
        stream = response.response_stream
        chunks = self._async_chunks(response)
        if chunks is None:
            plain = self.aplain(response)
            try:
                async for segment in plain:
                    yield segment
            finally:
                await plain.aclose()
            return
        reader = _reader(self._tally.max_event_size)
        lines = self._api_client._RawJsonLineBuffer()
        load = response._load_json_from_response
        try:
            check_encoding(stream)
            async for chunk in chunks:
                reader.feed(chunk)
                while (item := reader.pop()) is not None:
                    for text in self._texts(item, reader, lines):
                        yield _loaded(text, load)
            reader.close()
            while (item := reader.pop()) is not None:
                for text in self._texts(item, reader, lines):
                    yield _loaded(text, load)
            if remaining := lines.flush():
                yield load(remaining)
        finally:
            self._tally.add(reader.events)
            if hasattr(stream, "aclose"):
                await stream.aclose()
            else:
                stream.release()

    def _sync_chunks(self, response: Any) -> Any:
        """Give the chunks of a body, None if the SDK had better look at it itself."""
        stream = response.response_stream
        if type(response) is not self._api_client.HttpResponse:
            return None
        if isinstance(stream, self._api_client._HTTPX_RESPONSE_TYPES):
            return httpx_chunks(stream)
        requests = sys.modules.get("requests")
        if requests is not None and isinstance(stream, requests.Response):
            return stream.iter_content(chunk_size=READ_OF_REQUESTS)
        return None

    def _async_chunks(self, response: Any) -> Any:
        stream = response.response_stream
        if type(response) is not self._api_client.HttpResponse:
            return None
        if isinstance(stream, self._api_client._HTTPX_RESPONSE_TYPES):
            return async_httpx_chunks(stream)
        aiohttp = sys.modules.get("aiohttp")
        if self._api_client.has_aiohttp and aiohttp is not None and isinstance(stream, aiohttp.ClientResponse):
            return stream.content.iter_any()
        return None

    @staticmethod
    def _texts(item: Any, reader: EventReader[Any], lines: Any) -> Any:
        """Give what is to be parsed: the payload of an event, or the lines of a JSON text, once they are complete."""
        if type(item) is bytes:
            if reader.is_over and (remaining := lines.flush()):
                return (remaining, item)  # at the end of the body, lines go first
            return (item,)
        text = lines.add_line(item.text)
        return () if text is None else (text,)


def _loaded(text: bytes | str, load: Callable[[str], Any]) -> Any:
    """Parse as the SDK does, quicker."""
    if isinstance(text, str):
        return load(text)
    try:
        return from_json(text)
    except ValueError:
        pass
    return load(text.decode("utf-8", "replace"))


def patches(tally: Tally) -> list[Patch]:
    """Say what is to be replaced, and by what."""
    from google.genai import _api_client, _common, models, types

    if set(types.HttpResponse.model_fields) != {"headers", "body"}:
        raise RuntimeError("its HttpResponse has other fields than headers and body")
    reading = _Segments(_api_client, tally)
    making = Responses(_common, types)

    def segments(self: Any) -> Iterator[Any]:
        return reading.read(self)

    def async_segments(self: Any) -> AsyncIterator[Any]:
        return reading.aread(self)

    def _from_response(cls: Any, *, response: Any, kwargs: Any) -> Any:
        return making.made(cls, response, kwargs)

    conversions = Conversions(models)
    quick_json = Json()
    return [
        Patch(_api_client, "json", quick_json),
        Patch(models, "json", quick_json),
        Patch(models, "_GenerateContentResponse_from_mldev", conversions.of_mldev),
        Patch(models, "_GenerateContentResponse_from_vertex", conversions.of_vertex),
        Patch(types.HttpResponse, "__init__", quick_init(types.HttpResponse)),
        Patch(_api_client.HttpResponse, "segments", segments),
        Patch(_api_client.HttpResponse, "async_segments", async_segments),
        Patch(_common.BaseModel, "_from_response", classmethod(_from_response)),
    ]
