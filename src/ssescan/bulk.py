"""One row for each recorded stream, for tables of many: plain dicts, which Arrow, Ray Data and Spark accept.

Needs msgspec, and pyarrow for `schema` alone. Reads no files and starts no engine: docs/bulk.md has complete programs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

from ._secrets import error_without_secrets
from .errors import SsescanError
from .providers import MessageStream, Usage, parts, stream
from .testing.tape_format import is_tape, read_tape
from .testing.tapes import Tape

if TYPE_CHECKING:
    from .providers.formats import Api

__all__ = ["Row", "Times", "Tokens", "row", "schema"]

CONTENT = (
    parts.TextDelta, parts.RefusalDelta, parts.ReasoningDelta, parts.RedactedReasoning, parts.ToolCallStart,
    parts.ServerToolResult, parts.Media,
)  # fmt: skip
MAX_INT64 = 2**63 - 1


class Tokens(TypedDict):
    """The numbers of tokens, as in `ssescan.providers.Usage`. None: the provider did not send this number."""

    input: int | None
    output: int | None
    reasoning: int | None
    cache_read: int | None
    cache_write: int | None
    total: int | None


class Times(TypedDict):
    """Nanoseconds since the request was sent, or since the recording began; None if nothing came.

    `first_read_ns`: of the first read. `first_part_ns`: of the read that brought the first text, reasoning, call or
    media. `end_ns`: of the last read.
    """

    first_read_ns: int | None
    first_part_ns: int | None
    end_ns: int | None


class Row(TypedDict):
    """One recorded stream.

    `name`: as passed. `api`: the format, None if the stream ended before it was known. `model`: as the provider names
    it. `text`: of the answer. `message`: all of it, as Message.to_json writes it. `usage`: None if none came. `finish`:
    the finish reason, in words that are the same for all providers. `complete`: every answer ended, and without an
    error. `error`: why it is not complete; None if it is. `times`: None for a body without times.
    """

    name: str
    api: str | None
    model: str | None
    text: str
    message: str
    usage: Tokens | None
    finish: str | None
    complete: bool
    error: str | None
    times: Times | None


def row(
    name: str,
    body: bytes,
    *,
    api: Api | None = None,
    accept_done: bool = False,
    think_tags: bool | Literal["open"] = False,
) -> Row:
    """Return the row of one recorded stream: the bytes of a tape of `ssescan record`, or of the body of a response.

    `name`: of the stream, for the table. `api`, `accept_done`, `think_tags`: as for `stream`. The same bytes give the
    same row, in any process.

    A stream that was cut, that failed, that has no known format, or whose tape is damaged, is a row too, with `error`
    and with what was read before. TypeError for a body that is not bytes, or an option that is not valid.
    """
    if not isinstance(body, (bytes, bytearray, memoryview)):
        raise TypeError(f"body must be bytes, the content of a file, not {type(body).__name__}")
    tape, damage = _tape(name, bytes(body))
    reading = stream(tape, api, accept_done=accept_done, think_tags=think_tags)
    first_part, failure = _read(reading, tape)
    message = reading.message
    said = damage or "; ".join(filter(None, (failure, tape.note)))
    return {
        "name": name,
        "api": message.api,
        "model": message.model,
        "text": message.text,
        "message": message.to_json().decode(),
        "usage": _tokens(message.usage),
        "finish": message.finish_reason,
        "complete": message.complete,
        "error": None if message.complete else said,
        "times": _times(tape, first_part),
    }


def schema() -> Any:
    """Return the schema of the rows, a pyarrow.Schema. ImportError without the package pyarrow."""
    try:
        pa: Any = import_module("pyarrow")
    except ModuleNotFoundError as error:
        text = "ssescan.bulk.schema() needs the package pyarrow, which is not installed: pip install pyarrow"
        raise ImportError(text, name="pyarrow") from error
    columns: dict[str, Any] = {name: pa.string() for name in Row.__annotations__}
    columns["complete"] = pa.bool_()
    columns["usage"] = pa.struct([(name, pa.int64()) for name in Tokens.__annotations__])
    columns["times"] = pa.struct([(name, pa.int64()) for name in Times.__annotations__])
    return pa.schema(list(columns.items()))


def _tape(name: str, data: bytes) -> tuple[Tape, str]:
    """Return the tape in the bytes of a file, and what is wrong with them, "" if nothing is."""
    if not is_tape(data):
        return Tape([data] if data else []), ""
    try:
        return read_tape(data, name), ""
    except ValueError as error:
        return Tape([]), str(error)


def _read(reading: MessageStream, tape: Tape) -> tuple[int | None, str]:
    """Read a stream to its end; return the time of its first part with content, and the error that ended it, or ""."""
    first_part = None
    try:
        for part in reading:
            if isinstance(part, CONTENT):
                first_part = tape.chunks[reading.reads - 1].time_ns
                break
        for _ in reading:
            pass
    except (SsescanError, OSError) as error:  # OSError: the recorded stream failed
        return first_part, f"{type(error).__name__}: {error_without_secrets(error)}"
    return first_part, ""


def _tokens(usage: Usage | None) -> Tokens | None:
    if usage is None:
        return None
    numbers = {name: getattr(usage, name) for name in Tokens.__annotations__}
    # No provider counts that far; `message` has the number as it came.
    kept = {name: None if abs(number or 0) > MAX_INT64 else number for name, number in numbers.items()}
    return cast("Tokens", kept)


def _times(tape: Tape, first_part: int | None) -> Times | None:
    times = [chunk.time_ns for chunk in tape.chunks]
    if not times or None in times:
        return None
    return {"first_read_ns": times[0], "first_part_ns": first_part, "end_ns": times[-1]}
