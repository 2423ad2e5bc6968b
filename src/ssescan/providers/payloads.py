"""From the bytes of an event's data to JSON values, however unusual the JSON is.

The fast path is one call of a msgspec decoder, and stands in the format decoders. This is for the rest: JSON that
C decoders refuse and the standard library reads (lone surrogates, NaN, control characters), values of other types than
a format has, several values in one event. Knows no wire format.
"""

from __future__ import annotations

import json
import re
from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, Union, get_args, get_origin, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct

from ..scanner import Comment, UnknownLine
from ..scanner._shared import BYTE_ORDER_MARK
from .surrogates import LONE, only_in_texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MAX_SHOWN_PAYLOAD = 200  # bytes that an error shows

# Every escape of a JSON string, so that a backslash that is itself escaped is passed over. A surrogate pair is one.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_ELEMENT = re.compile(r"[\s,]*\{")
_FOUND_IN = json.JSONDecoder(strict=False)  # json.loads() would make one each time
_scan: Any = _FOUND_IN.scan_once  # type: ignore[attr-defined]  # raw_decode() without its exception
_decode = msgspec.json.Decoder().decode
_SPACE = b" \t\n\r"
_BETWEEN = re.compile(r"(?:[\s,]+|data:|event: ?[\w.-]*\s)*+")  # what may stand between two values that were spliced
_AFTER_SPACE = re.compile(r"[ \t\n\r]*")
_AT_ONCE = "line 1 column 1 (char 0)"
_BEGINS = frozenset(b'{["-0123456789tfnNI')  # every value that _decode or _scan can read


class NotJson(ValueError):
    """A payload is not JSON, or is nested too deeply to be read."""

    may_be_spliced = False  # it has more after a value, or begins with `data:`


def load(payload: bytes) -> Any:
    """Parse any payload: lone surrogates and invalid UTF-8 become U+FFFD. Raises NotJson if it is not JSON."""
    value = _loaded(payload)
    if type(value) is NotJson:
        raise value
    return value


def _loaded(payload: bytes, *, halves: bool = False) -> Any:
    """Return what load() returns, or the NotJson that it raises. `halves`: see values().

    A stream may be full of events that are not JSON: raising an exception, or trying one more parser, would each add a
    third to the cost of such an event. The error texts are those of json.loads().
    """
    begins = payload.lstrip(_SPACE)
    if not begins or begins[0] not in _BEGINS:
        if payload.startswith(BYTE_ORDER_MARK):
            return NotJson("Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)")
        at = len(payload) - len(begins)
        not_json = NotJson(f"Expecting value: {_place(payload[:at].decode(), at) if at else _AT_ONCE}")
        if begins[:1] == b"d":
            not_json.may_be_spliced = begins.startswith(b"data:")
        return not_json
    try:
        return _decode(payload)
    except RecursionError:
        return NotJson("nested too deeply")
    except ValueError:
        pass
    text = _text(payload, halves=halves)
    try:
        value, end = _scan(text, _after_space(text, 0))
    except StopIteration as stop:
        return NotJson(f"Expecting value: {_place(text, stop.value)}")
    except RecursionError:
        return NotJson("nested too deeply")
    except ValueError as error:
        return NotJson(str(error))
    end = _after_space(text, end)
    if halves and "\\u" in text:
        try:
            value = only_in_texts(value)
        except RecursionError:
            return _loaded(payload)
    if end == len(text):
        return value
    not_json = NotJson(f"Extra data: {_place(text, end)}")
    not_json.may_be_spliced = begins[:1] in (b"{", b"[")
    return not_json


def _after_space(text: str, at: int) -> int:
    found = _AFTER_SPACE.match(text, at)
    return at if found is None else found.end()


def _place(text: str, at: int) -> str:
    return f"line {text.count(chr(10), 0, at) + 1} column {at - text.rfind(chr(10), 0, at)} (char {at})"


def _text(payload: bytes, *, halves: bool = False) -> str:
    """Return a payload as text, with U+FFFD for bytes and escapes that are not text.

    `halves`: but for half of a surrogate pair at the edge of a string.
    """
    text = payload.decode("utf-8", "replace")
    if "\\u" not in text:
        return text

    def fixed(escape: re.Match[str]) -> str:
        if not escape[1]:
            return escape[0]
        start, end = escape.span()
        if halves and escape[1][2] in "89abAB":
            return escape[0] if text[end : end + 1] == '"' else "\\ufffd"
        at_start = text[start - 1 : start] == '"' and text[start - 2 : start - 1] != "\\"
        return escape[0] if halves and at_start else "\\ufffd"

    return _ESCAPE.sub(fixed, text)


def values(payload: bytes, *, halves: bool = False) -> Iterator[Any]:
    """Yield the values of a payload, NotJson in place of one that is not JSON.

    `halves`: leave half of a surrogate pair where a piece of text begins or ends with it.

    Most payloads have one value. A payload has several, one per line, if a gateway spliced an event into an unfinished
    one, or a server sends no blank lines between events. So if the payload is not JSON, each line is parsed by itself.
    """
    value = _loaded(payload, halves=halves)
    if type(value) is NotJson:
        if value.may_be_spliced and (found := _spliced(payload)) is not None:
            yield from found
            return
        lines = payload.split(b"\n")
        # Only check here, and parse again below, so that not all values are in memory at once.
        if len(lines) == 1 or not any(map(_is_event, lines)):
            yield from _elements(payload)
            yield value
            return
        for line in lines:
            yield from _try(line, halves=halves)
    else:
        yield value


def _elements(payload: bytes) -> Iterator[Any]:
    """Yield the whole objects of a list that was cut: Gemini's, without `alt=sse`."""
    if b"[" not in payload:
        return
    text = _text(payload).lstrip()
    at = 1
    while text[:1] == "[" and (begin := _ELEMENT.match(text, at)):
        try:
            value, at = _FOUND_IN.raw_decode(text, begin.end() - 1)
        except (ValueError, RecursionError):
            return
        yield value


DONE: Any = object()
"""The value that `values` yields for a line that is `[DONE]`."""
NOT_SPLICED: Any = object()


def _try(line: bytes, *, halves: bool = False) -> Iterable[Any]:
    """Return the values of a line, mostly one."""
    if not line.strip():
        return []
    if line.lstrip().startswith(b"[DONE]"):
        return [DONE]
    value = _loaded(line, halves=halves)
    if type(value) is NotJson and value.may_be_spliced and (spliced := _spliced(line)) is not None:
        return spliced
    return [value]


def _spliced(payload: bytes) -> Iterator[Any] | None:
    """Return the values of a payload that has one after the other, or `data:` once too often; None for any other.

    The last may be cut: then NotJson stands in its place.
    """
    text = _text(payload)
    # Parsed twice, so that all values are not held at once.
    return None if any(value is NOT_SPLICED for value in _one_by_one(text)) else _one_by_one(text)


def _one_by_one(text: str) -> Iterator[Any]:
    """Yield the values of a text, and NOT_SPLICED where it has something else."""
    at = begin = _between(text, 0)
    while at < len(text):
        if text.startswith("[DONE]", at):
            yield DONE
            return
        if text[at] == ":" and at == begin:
            return  # a comment, behind `data:` once too often
        if text[at] not in "{[":
            yield NOT_SPLICED
            return
        start = at
        try:
            value, at = _FOUND_IN.raw_decode(text, at)
        except (ValueError, RecursionError) as cut:
            # The whole values count, if another was begun.
            yield NOT_SPLICED if start == begin else NotJson(str(cut))
            return
        yield value
        at = _between(text, at)


def _between(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return at if found is None else found.end()


def _is_event(line: bytes) -> bool:
    """Return whether a line is an object, or `[DONE]`."""
    begin = line.lstrip()[:1]
    if begin == b"[":
        return line.lstrip().startswith(b"[DONE]")
    return begin == b"{" and line.rstrip(_SPACE).endswith(b"}") and isinstance(_loaded(line), dict)


def event_bytes(event: Any) -> bytes:
    """Return an event as the bytes that it may have come from; b"" for anything else."""
    if type(event) in (Comment, UnknownLine):
        return f"{': ' if type(event) is Comment else ''}{event.text}\n".encode("utf-8", "replace")
    name, data = getattr(event, "event", None), getattr(event, "data", None)
    if not isinstance(data, str) or not (name is None or isinstance(name, str)):
        return b""
    data = LONE.sub("\ufffd", data).replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\ndata: ")
    head = "" if name in (None, "", "message") else "event: " + " ".join(name.splitlines()) + "\n"
    return f"{head}data: {data}\n\n".encode("utf-8", "replace")


def shown(payload: bytes) -> str:
    """Return the beginning of a payload, for an error."""
    return payload[:MAX_SHOWN_PAYLOAD].decode("utf-8", "replace")


def convert(value: Any, cls: type[Struct]) -> tuple[Any, bool]:
    """Return a Struct for a JSON object whose fields may have any type, and whether all of them fitted.

    A number in a string, or with a fraction of zero, is read as the number that it means; any other value of a wrong
    type is left out, and the caller has to report it.
    """
    try:
        return msgspec.convert(value, cls, strict=False), True
    except (ValueError, RecursionError):
        return _built(value, cls), False


def fitting(value: Any, annotation: Any) -> Any:
    """Return a value converted to its annotation, as far as possible; None if it cannot be converted."""
    try:
        return msgspec.convert(value, annotation, strict=False)
    except (ValueError, RecursionError):
        pass
    for option in options_of(annotation):
        if isinstance(value, dict) and isinstance(option, type) and issubclass(option, Struct):
            return _built(value, option)
        if isinstance(value, list) and get_origin(option) is list:
            inner = get_args(option)[0]
            return [made for made in (fitting(item, inner) for item in value) if made is not None]
    return None


def _built(value: dict[str, Any], cls: type[Struct]) -> Any:
    made = {}
    for name, key, annotation, required in keyed_fields_of(cls):
        if key in value and ((fitted := fitting(value[key], annotation)) is not None or required):
            made[name] = fitted
    return cls(**made)


@cache
def keyed_fields_of(cls: type[Struct]) -> list[tuple[str, str, Any, bool]]:
    """Return, for each field, its name, its key in JSON, its annotation, and whether it has no default."""
    hints, fields = get_type_hints(cls), msgspec.structs.fields(cls)
    return [(field.name, field.encode_name, hints[field.name], field.default is NODEFAULT) for field in fields]


def options_of(annotation: Any) -> tuple[Any, ...]:
    """Return the members of a union; for any other annotation, the annotation itself."""
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


class StrayLines:
    """Lines between events that are not fields, collected until they form a JSON value.

    Gemini reports an error in mid-stream that way: without framing, over several lines. Each line is scanned once: the
    value is complete when every opening bracket has its closing one. `limit`: bytes.
    """

    __slots__ = ("_depth", "_limit", "_lines", "_size")

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._lines: list[str] = []
        self._depth = 0
        self._size = 0

    def wants(self, line: str) -> bool:
        """Return whether a line continues a value, or begins one."""
        return bool(self._lines) or line.lstrip()[:1] in ("{", "[")

    def add(self, line: str) -> str:
        """Add a line; return the gathered text if it is whole or over the limit, else ""."""
        self._lines.append(line)
        self._size += len(line) + 1
        for token in _BRACKETS.finditer(line):
            self._depth += _DEPTHS.get(token[0], 0)
        if self._depth <= 0 or (self._limit is not None and self._size > self._limit):
            return self.end()
        return ""

    def end(self) -> str:
        """Return the gathered text, whole or not, and start over."""
        text = "\n".join(self._lines)
        self._lines.clear()
        self._depth = self._size = 0
        return text


# A string of JSON ends with its line, and the brackets in it do not count.
# A string without an end extends to the end of the line. The pattern does not backtrack: that would be quadratic.
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[{}\[\]]', re.DOTALL)
_DEPTHS = {"{": 1, "[": 1, "}": -1, "]": -1}
