"""The answers of a replay, and their faults: from tapes and a request to chunks with times. Does no I/O.

A tape is translated once for each format that is asked for.
"""

from __future__ import annotations

import json
import math
import random
import re
from bisect import bisect_left
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any

from ..errors import UnexpectedStatus
from ..gateway import transcode
from ..gateway.event_blocks import EventBlocks
from ..outcome import Outcome
from ..providers import error_body, response_body, stream
from ..refusals import retry_after
from .tapes import Chunk, Tape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from ..providers import Message
    from ..providers.formats import WrittenApi

FAULTS_HEADER = "x-ssescan-replay"
"""The header of a request with options for its answer alone, such as `cut-at=100; speed=1`."""
# The paths of the providers' APIs, and the formats of their answers.
PATHS: tuple[tuple[re.Pattern[str], WrittenApi], ...] = (
    (re.compile(r"/chat/completions\Z"), "openai-chat"),
    (re.compile(r"(?:\A|/v1)/responses\Z"), "openai-responses"),
    (re.compile(r"(?:\A|/v1)/messages\Z"), "anthropic"),
    (re.compile(r"/models/[^/]+:(?:stream)?[gG]enerateContent\Z"), "gemini"),
)
# Headers of a recorded response that described its connection, its time and its coding.
OF_THE_CONNECTION = frozenset((
    "alt-svc", "connection", "content-length", "date", "keep-alive", "server", "set-cookie",
    "strict-transport-security", "trailer", "transfer-encoding", "upgrade",
))  # fmt: skip
WITHOUT_BODY = (204, 304)
STATUSES = (200, 599)
# RFC 9110 sections 5.1 and 5.5: the names of headers, and what their values cannot have.
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+")
MAX_CUT = 16  # answers with other options that are kept
MAX_RANDOM_CHUNK = 200  # bytes
RANDOM = re.compile(r"random:(-?\d{1,18})\Z")


@dataclass(frozen=True)
class ReplayOptions:
    """The options of a replay, checked. ValueError or TypeError for values that they cannot have."""

    speed: float = 0
    chunk: int | str | None = None
    cut_at: int | None = None
    stall_at: int | None = None
    reset_at: int | None = None
    status: int | None = None

    def __post_init__(self) -> None:
        if isinstance(self.speed, bool) or not isinstance(self.speed, (int, float)):
            raise TypeError(f"speed must be a number, not {type(self.speed).__name__}")
        if not 0 <= self.speed < math.inf:
            raise ValueError(f"speed must be 0 (no pauses), 1 (as recorded) or a factor, got {self.speed}")
        if isinstance(self.chunk, str):
            if self.chunk != "event" and not RANDOM.match(self.chunk):
                raise ValueError(f"chunk must be a number of bytes, 'event' or 'random:SEED', got {self.chunk!r}")
        else:
            _check_number("chunk", self.chunk, 1, None)
        for name in ("cut_at", "stall_at", "reset_at"):
            _check_number(name, getattr(self, name), 0, None)
        _check_number("status", self.status, *STATUSES)

    def changed_by(self, text: str) -> ReplayOptions:
        """Return the options with those of a header: `name=value; name=value`. ValueError for others."""
        changes: dict[str, Any] = {}
        for item in filter(None, map(str.strip, re.split("[;,]", text))):
            name, _, value = item.partition("=")
            name = name.strip().lower().replace("-", "_")
            if name not in self.__dataclass_fields__:
                names = ", ".join(known.replace("_", "-") for known in self.__dataclass_fields__)
                raise ValueError(f"expected the options {names} in {FAULTS_HEADER}, got {name!r}")
            changes[name] = _value_of(name, value.strip())
        return replace(self, **changes)

    @property
    def fault(self) -> tuple[str, int] | None:
        """The first fault, "cut", "stall" or "reset", and the number of bytes before it."""
        faults = (("reset", self.reset_at), ("cut", self.cut_at), ("stall", self.stall_at))
        return min(((name, at) for name, at in faults if at is not None), key=lambda fault: fault[1], default=None)


@dataclass
class Answer:
    """An answer: its chunks with the times at which they are due, and its end: "end", "cut", "stall" or "reset".

    `began_ns`: when the headers are due; None: at once.
    """

    status: int
    headers: dict[str, str]
    chunks: Sequence[Chunk]
    end: str = "end"
    began_ns: int | None = None

    def with_options(self, options: ReplayOptions) -> Answer:
        """Return the answer in the chunks of the options, up to their fault."""
        chunks = [chunk for chunk in rechunked(self.chunks, options.chunk) if chunk.data]
        end, fault = self.end, options.fault
        if fault is not None and fault[1] <= sum(len(chunk.data) for chunk in chunks):
            end, at = fault
            ends = [place for place in accumulate(len(chunk.data) for chunk in chunks) if place < at]
            chunks = recut(chunks, [*ends, at] if at else [])
        return replace(self, chunks=chunks, end=end)


@dataclass
class PlayedTape:
    """A tape with the answers that were made from it."""

    tape: Tape
    _made: dict[Any, Answer] = field(default_factory=dict)
    _cut: dict[Any, Answer] = field(default_factory=dict)  # the same with options
    _read: tuple[str | None, Message, Exception | None] | None = None

    def __post_init__(self) -> None:
        least, most = STATUSES
        if self.tape.status is not None and not least <= self.tape.status <= most:
            raise ValueError(
                f"expected a status from {least} to {most} to replay in {self.tape.name or 'a tape'}, got "
                f"{self.tape.status}: no server answered, or the file is damaged; leave it out"
            )

    def answer(self, path: str, body: bytes, options: ReplayOptions) -> Answer:
        """Return the answer to a request. `path`: decoded, without the query."""
        api = api_of(path)
        if options.status is not None and options.status >= 400:
            return _refusal(UnexpectedStatus(options.status, b"", None), api, options.status)
        asked = _json_object(body) or {}
        is_streamed = (
            path.endswith(":streamGenerateContent") if api == "gemini" else bool(asked.get("stream", not asked))
        )
        stream_options = asked.get("stream_options")
        usage = (
            api == "openai-chat" and isinstance(stream_options, dict) and stream_options.get("include_usage") is True
        )
        key = (api, is_streamed, usage)
        if key not in self._made:
            self._made[key] = self._answer(api, is_streamed, usage)
        if (key, options) not in self._cut:
            if len(self._cut) >= MAX_CUT:
                self._cut.clear()
            self._cut[key, options] = self._made[key].with_options(options)
        made = self._cut[key, options]
        status = made.status if options.status is None else options.status
        return replace(made, status=status, chunks=() if status in WITHOUT_BODY else made.chunks)

    def _answer(self, api: WrittenApi | None, is_streamed: bool, include_usage: bool) -> Answer:
        tape = self.tape
        as_recorded = Answer(
            200 if tape.status is None else tape.status,
            {"content-type": "text/event-stream"}
            | {name: _sendable(value) for name, value in tape.headers.items() if _is_sent(name)},
            tape.chunks,
            "cut" if tape.outcome is Outcome.FAILED else "end",
            tape.began_ns,
        )
        if api is None:
            return as_recorded
        if as_recorded.status >= 400:
            asked = "" if tape.request is None else tape.request.url.partition("?")[0]
            if api_of(asked) == api:
                return as_recorded
            body = b"".join(chunk.data for chunk in tape.chunks)
            error = UnexpectedStatus(as_recorded.status, body, tape)
            error.retry_after = retry_after(tape.headers)
            return _refusal(error, api)
        found, message, failure = self._message()
        is_json = tape.headers.get("content-type", "").partition(";")[0].strip() == "application/json"
        if found is None or (found == api and is_streamed is not is_json):
            return as_recorded  # not of an LLM, or in this format already
        if not is_streamed:
            if failure is not None:
                return _refusal(failure, api)
            body = response_body(message, api)
            # It is there when the last piece of it was.
            last = tape.chunks[-1].time_ns if tape.chunks else None
            return Answer(200, {"content-type": "application/json"}, [Chunk(last, body)], began_ns=last)
        return self._translated(api, include_usage)

    def _translated(self, api: WrittenApi, include_usage: bool) -> Answer:
        ends = [*accumulate(len(chunk.data) for chunk in self.tape.chunks)]
        times = [chunk.time_ns for chunk in self.tape.chunks]
        made = transcode(self.tape, api, include_usage=include_usage)
        chunks = []
        for piece in made:
            at = min(bisect_left(ends, made.bytes_read), len(ends) - 1)
            chunks.append(Chunk(times[at] if times else None, piece))
        headers = {name.lower(): value for name, value in made.headers.items()}
        return Answer(200, headers, chunks, began_ns=self.tape.began_ns)

    def _message(self) -> tuple[str | None, Message, Exception | None]:
        """Return the format of the tape, None if it is not of an LLM; its message; the error that it ends with."""
        if self._read is None:
            reading = stream(self.tape)
            error: Exception | None = None
            try:
                for _ in reading:
                    pass
            except Exception as caught:  # noqa: BLE001 - a replay shows any failure of its tape
                error = caught
            self._read = reading.api, reading.message, error
        return self._read


def api_of(path: str) -> WrittenApi | None:
    """Return the format of the API that has a path, or a URL without query; None for any other path."""
    path = re.sub(r"\Ahttps?://[^/]*", "", path)
    return next((api for pattern, api in PATHS if pattern.search(path)), None)


def rechunked(chunks: Sequence[Chunk], how: int | str | None) -> Sequence[Chunk]:
    """Return the chunks cut at other places, see ReplayOptions; each is due with its last byte."""
    if how is None:
        return chunks
    data = b"".join(chunk.data for chunk in chunks)
    if isinstance(how, int):
        return recut(chunks, [*range(how, len(data), how), len(data)])
    if how == "event":
        return recut(chunks, accumulate(len(piece) for piece, _ in EventBlocks().split(data)))
    numbers = random.Random(int(how.partition(":")[2]))  # noqa: S311 - no secret
    ends, at = [], 0
    while at < len(data):
        at = min(at + numbers.randint(1, MAX_RANDOM_CHUNK), len(data))
        ends.append(at)
    return recut(chunks, ends)


def recut(chunks: Sequence[Chunk], ends: Iterable[int]) -> list[Chunk]:
    """Return the same bytes up to the last of the ends, cut there."""
    data = b"".join(chunk.data for chunk in chunks)
    before = [*accumulate(len(chunk.data) for chunk in chunks)]
    return [
        Chunk(chunks[bisect_left(before, end)].time_ns, data[start:end])
        for start, end in pairwise([0, *ends])
        if end > start
    ]


def _is_sent(name: str) -> bool:
    """Return whether a replay sends a recorded header. Browsers also record names that HTTP does not have."""
    return name not in OF_THE_CONNECTION and TOKEN.fullmatch(name) is not None


def _sendable(value: str) -> str:
    """Return the value of a header on one line: browsers join several with line feeds."""
    return CONTROL.sub(" ", value).strip()


def _refusal(error: Exception, api: WrittenApi | None, status: int | None = None) -> Answer:
    of_error, headers, body = error_body(error, api or "openai-chat")
    return Answer(status or of_error, headers, [Chunk(None, body)])


def check_body(path: str, body: bytes) -> None:
    """Check the body of a request, which may be empty. ValueError if it is not what an API with this path accepts."""
    if api_of(path) is not None and body and _json_object(body) is None:
        raise ValueError(
            f"expected a JSON object as the body of a request for {path}, got {len(body)} bytes that are not one; "
            "send the request as the API wants it, or an empty body for a stream"
        )


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _check_number(name: str, value: Any, least: int, most: int | None) -> None:
    if value is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    if value < least or (most is not None and value > most):
        bounds = f"at least {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name} must be {bounds}, got {value}")


def _value_of(name: str, text: str) -> int | float | str | None:
    """Return the value of an option from its text."""
    if name == "chunk" and (text == "event" or RANDOM.match(text)):
        return text
    try:
        return float(text) if name == "speed" else int(text)
    except ValueError:
        expected = "a number of bytes, 'event' or 'random:SEED'" if name == "chunk" else "a number"
        raise ValueError(f"expected {expected} for {name.replace('_', '-')}, got {text!r}") from None
