"""Recordings of other programs as tapes: HAR files, and the cassettes of VCR.py in YAML or JSON.

HAR 1.2: http://www.softwareishard.com/blog/har-12-spec/. They keep whole bodies: a tape of theirs has one chunk, and no
times. Knows no tape format of ours.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any, TypeVar

import msgspec

from ..content_encoding import BodyDecoder, codings_of, why_unsupported
from ..encoding_check import TextCheck
from .redaction import Redaction
from .tapes import RecordedRequest, Tape

T = TypeVar("T")
Headers = dict[str, list[str] | str]
# The first line of a cassette in YAML, after comments and the beginning of the document; no event stream has it. There
# is one way to match each line: with two, the time doubles with each comment.
YAML_CASSETTE = re.compile(rb"(?:\xef\xbb\xbf)?(?:[#%][^\n]*\n|(?![#%])[^\n:]*\n)*(?:interactions|version):")
LOOKED_AT = 4096  # bytes
JSON_ARCHIVE = re.compile(rb'\s*\{\s*(?:"version"\s*:\s*\d+\s*,\s*)?"(?:log"\s*:\s*\{|interactions"\s*:\s*\[)')
MAX_EXPANSION = 10  # values for each byte of YAML; without aliases, there is at most one


class _Pair(msgspec.Struct):
    name: str
    value: str


# Programs write null in many places; the standard allows it nowhere.
class _HarPost(msgspec.Struct, rename="camel"):
    text: str | None = None
    mime_type: str | None = None


class _HarRequest(msgspec.Struct, rename="camel"):
    method: str
    url: str
    headers: list[_Pair] | None = None
    post_data: _HarPost | None = None


class _HarContent(msgspec.Struct, rename="camel"):
    text: str | None = None
    encoding: str | None = None
    mime_type: str | None = None


class _HarResponse(msgspec.Struct):
    status: int
    content: _HarContent | None = None
    headers: list[_Pair] | None = None


class _HarEntry(msgspec.Struct):
    request: _HarRequest
    response: _HarResponse


class _VcrRequest(msgspec.Struct):
    method: str
    uri: str
    headers: Headers | None = None
    body: Any = None


class _VcrResponse(msgspec.Struct):
    headers: Headers | None = None
    body: Any = None
    status: Any = None
    status_code: int = 0  # older cassettes of httpx
    content: Any = None


class _VcrInteraction(msgspec.Struct):
    request: _VcrRequest
    response: _VcrResponse


def har_tapes(data: bytes, name: str) -> list[Tape] | None:
    """Return the entries of a HAR file; None if the data are not one. ValueError for one that is damaged."""
    value = _json_object(data, name)
    log = None if value is None else value.get("log")
    if not isinstance(log, dict) or "entries" not in log:
        return None
    return [_har_tape(entry, name) for entry in _converted(log["entries"], list[_HarEntry], "a HAR file", name)]


def vcr_tapes(data: bytes, name: str) -> list[Tape] | None:
    """Return the interactions of a cassette; None if the data are not one. Errors as for Tape.open."""
    value = _yaml(data, name) if YAML_CASSETTE.match(data[:LOOKED_AT]) else _json_object(data, name)
    if not isinstance(value, dict) or "interactions" not in value:
        return None
    found = _converted(value["interactions"], list[_VcrInteraction], "a cassette of VCR.py", name)
    return [_vcr_tape(interaction, name) for interaction in found]


def _har_tape(entry: _HarEntry, name: str) -> Tape:
    request, response = entry.request, entry.response
    content, post = response.content or _HarContent(), request.post_data or _HarPost()
    headers = {pair.name.lower(): pair.value for pair in response.headers or ()}
    if content.mime_type:
        headers.setdefault("content-type", content.mime_type)
    body = (content.text or "").encode("utf-8", "surrogatepass")
    if content.encoding == "base64":
        body = _of_base64(body, name)
    note = "" if content.text is not None else "the file has no body for it: save it with the contents"
    sent = [(pair.name, pair.value) for pair in request.headers or ()]
    posted = post.text, post.mime_type or ""
    return _tape(request.method, request.url, sent, posted, response.status, headers, body, note)


def _vcr_tape(interaction: _VcrInteraction, name: str) -> Tape:
    request, response = interaction.request, interaction.response
    status = response.status.get("code") if isinstance(response.status, dict) else response.status
    status = response.status_code if response.status is None else status
    headers = {key.lower(): _joined(values) for key, values in (response.headers or {}).items()}
    body = _vcr_body(response.content if response.body is None else response.body, name)
    if not isinstance(status, int) or isinstance(status, bool):
        raise ValueError(f"expected a number as each status in {name}, got {type(status).__name__}")  # noqa: TRY004
    sent = [(key, _joined(values)) for key, values in (request.headers or {}).items()]
    kind = next((value for key, value in sent if key.lower() == "content-type"), "")
    content = request.body.get("string") if isinstance(request.body, dict) else request.body
    decoded = _decoded(body, headers, name)
    return _tape(request.method, request.uri, sent, (content, kind), status, headers, decoded, "")


def _vcr_body(body: Any, name: str) -> bytes:
    """Return the body of a response: a text, bytes, or an object with one of them, as VCR.py or VCR for Ruby has it."""
    if isinstance(body, dict) and "base64_string" in body:
        return _of_base64(str(body["base64_string"]).encode(), name)
    if isinstance(body, dict) and (not body or "string" in body):
        body = body.get("string")
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode("utf-8", "surrogatepass")
    if not isinstance(body, bytes):
        raise ValueError(f"expected bytes or a text as each body in {name}, got {type(body).__name__}")  # noqa: TRY004
    return body


def _of_base64(text: bytes, name: str) -> bytes:
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(f"expected base64 in the content of {name}, got text that is damaged: {error}") from error


def _tape(
    method: str, url: str, sent: list[tuple[str, str]], content: tuple[Any, str], status: int, headers: dict[str, str],
    body: bytes, note: str,
) -> Tape:  # fmt: skip
    redaction = Redaction()
    request = RecordedRequest(
        method=method, url=redaction.url(url), headers=redaction.headers(sent), body=redaction.body(*content)
    )
    received = redaction.response_headers(headers.items())
    shown = [redaction.mask(body)] if body else []
    return Tape(shown, request=request, status=status, headers=received, note=note)


class _Response:
    """Headers, as the attribute that `content_encoding.py` reads."""

    def __init__(self, headers: dict[str, str]) -> None:
        self.headers = headers


def _decoded(body: bytes, headers: dict[str, str], name: str) -> bytes:
    """Return a body without its Content-Encoding; a cassette may have the header, and a body that was decoded."""
    codings = codings_of(_Response(headers))
    if not codings or TextCheck().is_text(body):
        return body
    if advice := why_unsupported(codings):
        raise ValueError(f"expected a body in {name} that can be decoded, got {', '.join(codings)}: {advice}")
    decoder = BodyDecoder(codings, lambda text: ValueError(f"in {name}, {text}"))
    decoded = b"".join(decoder.decode(body))
    decoder.flush()
    return decoded


def _json_object(data: bytes, name: str) -> dict[str, Any] | None:
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data[:LOOKED_AT].lstrip()[:1] != b"{":
        return None
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError) as error:
        if JSON_ARCHIVE.match(data[:LOOKED_AT]):
            raise ValueError(f"expected JSON in {name}, got JSON that is damaged: {error}; record it again") from error
        return None  # lines of JSON, for example
    return value if isinstance(value, dict) else None


def _yaml(data: bytes, name: str) -> Any:
    try:
        import yaml
    except ImportError as error:
        text = f"{name} is a cassette in YAML, which needs the package pyyaml: pip install pyyaml"
        raise ImportError(text, name="yaml") from error
    try:
        value = yaml.load(data, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe
        size = _size(value, {})
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"expected a cassette of VCR.py in {name}, got YAML that is damaged: {error}") from error
    if size > MAX_EXPANSION * len(data):
        raise ValueError(f"expected a cassette of VCR.py in {name}, got aliases within aliases: write them out")
    return value


def _size(value: Any, known: dict[int, float]) -> float:
    """Return the number of values, with each alias written out; infinity for a value that contains itself."""
    if not isinstance(value, (dict, list)):
        return 1
    if id(value) not in known:
        known[id(value)] = math.inf
        items = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_size(item, known) for item in items)
    return known[id(value)]


def _converted(value: Any, kind: type[T], what: str, name: str) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"expected {what} in {name}, got another structure: {error}") from error


def _joined(values: list[str] | str) -> str:
    return values if isinstance(values, str) else ", ".join(values)
