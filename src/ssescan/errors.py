"""The exceptions of ssescan.

Wrong use of the package raises a TypeError or ValueError, and errors of a transport pass unchanged. Knows nothing of
the layers that raise these exceptions.

The `args` of each are its arguments, so that it can be pickled; its text is made when it is needed.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing takes longer than importing ssescan
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, Self

__all__ = [
    "EventTooLarge",
    "ProviderError",
    "ReconnectsExhausted",
    "SsescanError",
    "StreamCut",
    "StreamStalled",
    "UnexpectedContentType",
    "UnexpectedStatus",
    "UnknownFormat",
    "UnsupportedEncoding",
]


class SsescanError(Exception):
    """The base class of the exceptions of ssescan."""

    def __reduce__(self) -> tuple[Any, ...]:
        from ._nested import flattened, is_deep

        held = [self.args, vars(self)]
        return (_remade, (type(self), flattened(held))) if is_deep(held) else super().__reduce__()  # type: ignore[return-value]

    def __repr__(self) -> str:
        from ._nested import shown

        return f"{type(self).__name__}({', '.join(map(shown, self.args))})"


def _remade(kind: type[SsescanError], flat: list[Any]) -> SsescanError:
    """Return an exception with deeply nested values, from its flattened arguments and attributes."""
    from ._nested import rebuilt

    arguments, state = rebuilt(flat)
    error = kind(*arguments)
    vars(error).update(state)
    return error


class EventTooLarge(SsescanError):
    """A block, or a single comment, passed `max_event_size`.

    `limit`: the limit, bytes. `size`: the bytes that had arrived by then, without line ends. `events`: the complete
    events before it in the same chunk; empty when `iter_events` raises, as it has yielded them already.
    """

    def __init__(self, limit: int, size: int, events: Sequence[Any] = ()) -> None:
        self.limit = limit
        self.size = size
        self.events: list[Any] = list(events)
        super().__init__(limit, size, self.events)

    def __str__(self) -> str:
        return (
            f"an event of at least {self.size} bytes came, at most {self.limit} were expected; if events may be that "
            "large, raise max_event_size (None: no limit), or pass oversize='skip' to drop them and go on"
        )


class _OfResponse(SsescanError):
    """An error about a response, which is the last argument.

    `note`: why its body cannot be shown; "" if it can be.
    """

    note: str = ""

    def __init__(self, *arguments: Any) -> None:
        self.response: Any = arguments[-1]
        super().__init__(*arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        # Without the response, which holds a socket and cannot be pickled.
        state = {name: value for name, value in vars(self).items() if name != "response"}
        return type(self), (*self.args[:-1], None), state

    def __copy__(self) -> Self:
        copied = type(self)(*self.args)
        copied.__dict__.update(vars(self))
        return copied

    def __repr__(self) -> str:
        # Without the repr of the response: that of some clients shows the URL, which may contain a key.
        first = ", ".join(repr(value[:200] if isinstance(value, bytes) else value) for value in self.args[:-1])
        return f"{type(self).__name__}({first}, <{type(self.response).__name__}>)"


def _beginning(body: bytes, note: str) -> str:
    if note:
        return f"; {note}"
    text = " ".join(body[:400].decode("utf-8", "replace").split())
    return f"; the body begins: {text[:200]}" if text else "; the body is empty"


class UnexpectedStatus(_OfResponse):
    """The server answered with a status of 400 or above, or, for an EventSource, any other than 200 and 204.

    `status`: the HTTP status. `body`: bytes, at most the first 64 KiB. `response`: the object of the HTTP library.
    `reason`: why a redirect was not followed; "" for any other response. `retry_after`: how long the server asks to
    wait (Retry-After, RFC 9110 section 10.2.3), in seconds from the moment of the exception; None if it does not say.
    """

    reason = ""
    retry_after: float | None = None

    def __init__(self, status: int, body: bytes, response: Any) -> None:
        self.status = status
        self.body = body
        super().__init__(status, body, response)

    def __str__(self) -> str:
        reason = f"; {self.reason}" if self.reason else ""
        return f"an event stream was expected, HTTP status {self.status} came{reason}{_beginning(self.body, self.note)}"


class UnexpectedContentType(_OfResponse):
    """The response is not `text/event-stream` (WHATWG HTML section 9.2.3), nor JSON or unlabelled, for `stream`.

    `content_type`: the header as it came, "" if there is none. `body`: bytes, at most the first 64 KiB. `response`: the
    object of the HTTP library.
    """

    def __init__(self, content_type: str, body: bytes, response: Any) -> None:
        self.content_type = content_type
        self.body = body
        super().__init__(content_type, body, response)

    def __str__(self) -> str:
        return (
            f"content type 'text/event-stream' was expected, {self.content_type!r} came"
            f"{_beginning(self.body, self.note)}; to read the body as an event stream all the same, pass its chunks in "
            "place of the response (with httpx: response.iter_bytes(), or asynchronously response.aiter_bytes())"
        )


class UnsupportedEncoding(_OfResponse):
    """The body has a Content-Encoding (RFC 9110 section 8.4) that ssescan does not decode.

    `encoding`: the Content-Encoding, such as "br", or "gzip, gzip". `response`: the object of the HTTP library.
    `advice`: why it is not decoded, and what to do.
    """

    advice = ""

    def __init__(self, encoding: str, response: Any) -> None:
        self.encoding = encoding
        super().__init__(encoding, response)

    def __str__(self) -> str:
        advice = f" ({self.advice})" if self.advice else ""
        return (
            f"a body that can be decoded was expected, one with Content-Encoding {self.encoding!r} came{advice}; "
            "or ask for a body that is not encoded, with the header Accept-Encoding: identity"
        )


class StreamStalled(SsescanError):
    """The stream stayed open, but no bytes or no event came.

    `reason`: "idle" (no bytes) or "progress" (bytes, but no event). `seconds`: the limit. `events`: the number of
    events before that.
    """

    def __init__(self, reason: Literal["idle", "progress"], seconds: float, events: int) -> None:
        self.reason = reason
        self.seconds = seconds
        self.events = events
        super().__init__(reason, seconds, events)

    def __str__(self) -> str:
        missing = "bytes" if self.reason == "idle" else "event"
        return (
            f"no {missing} for {self.seconds:g} s, after {self.events} events; Stall({self.reason}=...) sets the limit"
        )


class ReconnectsExhausted(SsescanError):
    """`attempts` attempts in a row brought no event, as many as `max_reconnects` allows.

    Its `__cause__` is the error of the last attempt, None if that stream ended normally.
    """

    def __init__(self, attempts: int) -> None:
        self.attempts = attempts
        super().__init__(attempts)

    def __str__(self) -> str:
        if not self.attempts:
            return "the stream ended, and max_reconnects=0 says not to connect again"
        text = f"{self.attempts} attempt{'s' * (self.attempts != 1)} in a row brought no event"
        if self.__cause__ is not None:
            from ._secrets import error_without_secrets

            text += f", the last failed with {type(self.__cause__).__name__}: {error_without_secrets(self.__cause__)}"
        return f"{text}; max_reconnects sets how many are made"


class UnknownFormat(SsescanError):
    """No event is of a format that ssescan knows; `event` is the first one. `formats`: the names of those it knows."""

    formats: tuple[str, ...] = ()

    def __init__(self, event: Any) -> None:
        self.event = event
        super().__init__(event)

    def __str__(self) -> str:
        formats = f" ({', '.join(self.formats)})" if self.formats else ""
        return (
            f"the events are of no known format{formats}: name the format with api=... if it is one of them, or read "
            f"the events themselves with iter_events(); the first is {self.event!r:.300}"
        )


class StreamCut(SsescanError):
    """The answer is not complete; `message` is the part that came.

    The stream ended before the answer did, or a part of it was over `max_event_size` and skipped (oversize="skip").
    `status`: None, `retryable`: True, as for ProviderError. `beginning`: the first 200 characters of the lines that
    belong to no event, such as a page of HTML; "" if there were none.
    """

    status: int | None = None
    retryable: bool | None = True
    beginning = ""

    def __init__(self, message: Any) -> None:
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        if not getattr(self.message, "choices", True):
            text = (
                "the stream ended before any answer came: is it a stream of an LLM API, "
                "and was none of it over max_event_size and skipped?"
            )
        else:
            text = (
                "the answer is not whole: the stream ended before it did, or something in it was over max_event_size "
                "and skipped; what came is in `message`"
            )
        return f"{text}; lines of no event came: {' '.join(self.beginning.split())}" if self.beginning else text


class ProviderError(SsescanError):
    """The provider reported an error within the stream.

    `api`: the format, "" if it is not known. `kind`, `code`, `detail`: as the provider names them, or None. `raw`: the
    error as it came. `message`: the message before it. `status`: the HTTP status that the error stands for, from 400 to
    599, None if it does not say: the stream itself had 200. `retryable`: whether the same request may succeed later,
    None if that is not known.
    """

    def __init__(self, api: str, kind: str | None, code: Any, detail: str | None, raw: Any, message: Any) -> None:
        self.api = api
        self.kind = kind
        self.code = code
        self.detail = detail
        self.raw = raw
        self.message = message
        super().__init__(api, kind, code, detail, raw, message)

    @property
    def status(self) -> int | None:
        from ._error_status import status_of

        return status_of(self.kind, self.code, self.raw)

    @property
    def retryable(self) -> bool | None:
        from ._error_status import is_retryable

        return is_retryable(self.status, self.kind, self.code)

    def __str__(self) -> str:
        if self.kind == "decode":  # a kind of ssescan's, as is the next
            return (
                f"{self.api or 'the stream'}: the data of an event is not JSON ({self.raw}); it begins: {self.detail}"
            )
        if self.kind == "protocol":
            return f"{self.api or 'the stream'}: {self.detail}"
        from ._nested import shown

        parts = dict.fromkeys(str(part) for part in (self.kind, self.code, self.detail) if part not in (None, ""))
        prefix = f"{self.api}: " if self.api else ""
        return f"{prefix}the provider reported an error: {', '.join(parts) or shown(self.raw)}"


for _name in __all__:
    globals()[_name].__module__ = "ssescan"
