"""The format of tapes: lines of JSON, of which only the last is lost when a file is cut. See docs/tapes.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

import msgspec

from ..outcome import Outcome
from .tapes import RecordedRequest, Tape

if TYPE_CHECKING:
    from typing_extensions import Buffer

T = TypeVar("T")

VERSION = 1
MAGIC = b'{"ssescan_tape":'
BOM = b"\xef\xbb\xbf"  # of editors
ADVICE = "delete that line to read the others"
Nanoseconds: TypeAlias = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class RecordedResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """The response of a tape, without its cookies. `encoding`: its Content-Encoding, which the reads are without."""

    status: int
    headers: dict[str, str]
    encoding: str = ""
    ns: Nanoseconds | None = None


class Head(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first line. `began`: when the request was sent, or the recording began, as RFC 3339 in UTC."""

    ssescan_tape: int
    began: str = ""
    request: RecordedRequest | None = None
    response: RecordedResponse | None = None


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """Any other line: a read, with its `data` in base64, or the end, with an `outcome` and perhaps an `error`."""

    ns: Nanoseconds
    data: bytes | None = None
    outcome: str = ""
    error: str = ""


_head, _line = msgspec.json.Decoder(Head), msgspec.json.Decoder(Line)


def read_line(ns: int, data: Buffer) -> bytes:
    """Return the line of a read."""
    return msgspec.json.encode(Line(ns, bytes(data))) + b"\n"


def end_line(ns: int, outcome: Outcome, error: str) -> bytes:
    """Return the last line."""
    return msgspec.json.encode(Line(ns, None, outcome, error)) + b"\n"


def head_line(head: Head) -> bytes:
    """Return the first line."""
    return msgspec.json.encode(head) + b"\n"


def is_tape(data: bytes) -> bool:
    """Return whether the bytes of a file are a tape, or the beginning of one."""
    begin = data[: len(BOM) + len(MAGIC)].removeprefix(BOM)
    return bool(begin) and (begin.startswith(MAGIC) or MAGIC.startswith(begin))


def read_tape(data: bytes, name: str) -> Tape:
    """Return the tape in the bytes of a file; up to the last whole line, if it was cut. ValueError if it is damaged.

    `name`: of the file, for messages.
    """
    *lines, rest = data.removeprefix(BOM).split(b"\n")
    if rest and _is_whole(rest):
        lines, rest = [*lines, rest], b""
    if not lines:
        return Tape([], note=f"cut within its first line ({len(rest)} bytes)")
    head = _decoded(_head, lines[0], name, 1)
    if head.ssescan_tape != VERSION:
        advice = ": a newer ssescan wrote it, upgrade this one" if head.ssescan_tape > VERSION else ""
        raise ValueError(f"expected a tape of version {VERSION} in {name}, got version {head.ssescan_tape}{advice}")
    # Editors leave empty lines at the end.
    found = [(number, _decoded(_line, line, name, number)) for number, line in enumerate(lines[1:], 2) if line.strip()]
    end = found.pop()[1] if found and found[-1][1].outcome and found[-1][1].data is None else None
    for number, line in found:
        if line.data is None or line.outcome:
            got = "no data" if line.data is None else "data and an outcome"
            got = "an outcome before the last line" if line.data is None and line.outcome else got
            raise ValueError(f"expected a read in line {number} of {name}, got {got}; {ADVICE}")
    note = ""
    if end is None:
        dropped = f"; {len(rest)} bytes of an unfinished line were dropped" if rest else ""
        reads = f"{len(found)} read{'s' * (len(found) != 1)}"
        note = f"cut after {reads}: it has no outcome{dropped}"
    response = head.response
    return Tape(
        [(line.ns, line.data or b"") for _, line in found],
        request=head.request,
        status=None if response is None else response.status,
        headers=None if response is None else response.headers,
        encoding="" if response is None else response.encoding,
        began_ns=None if response is None else response.ns,
        outcome=None if end is None else _outcome(end.outcome, name),
        error="" if end is None else end.error,
        note=note,
    )


def _is_whole(line: bytes) -> bool:
    try:
        msgspec.json.decode(line)
    except msgspec.DecodeError:
        return False
    except RecursionError:  # the next one says so
        return True
    return True


def _decoded(decoder: msgspec.json.Decoder[T], line: bytes, name: str, number: int) -> T:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        advice = f"; {ADVICE}" if number > 1 else ""
        raise ValueError(
            f"expected a line of a tape in line {number} of {name}, got one that is damaged: {error}{advice}"
        ) from error


def _outcome(text: str, name: str) -> Outcome:
    try:
        return Outcome(text)
    except ValueError:
        expected = ", ".join(Outcome)
        raise ValueError(f"expected one of the outcomes {expected} at the end of {name}, got {text!r}") from None
