"""Every exception that ssescan raises of its own.

Knows nothing of the layers that raise them. Wrong use of the package is a plain TypeError or ValueError, and what a
transport raises passes unchanged: neither is here.

Each keeps what it was made from in `args`, so that it can be pickled and sent between processes, and makes its text
when it is asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing costs more to import than all that is ours
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
    """The root of ssescan's own exceptions."""

    __module__ = "ssescan"

    def __reduce__(self) -> tuple[Any, ...]:
        from ._nested import flattened, is_deep

        held = [self.args, vars(self)]
        return (_remade, (type(self), flattened(held))) if is_deep(held) else super().__reduce__()  # type: ignore[return-value]

    def __repr__(self) -> str:
        from ._nested import shown

        return f"{type(self).__name__}({', '.join(map(shown, self.args))})"


def _remade(kind: type[SsescanError], flat: list[Any]) -> SsescanError:
    """Return an exception that held values nested deeply, from what it was made of."""
    from ._nested import rebuilt

    arguments, state = rebuilt(flat)
    error = kind(*arguments)
    vars(error).update(state)
    return error


class EventTooLarge(SsescanError):
    """A block, or a single comment, passed `max_event_size`.

    `limit`: the limit, bytes. `size`: what had come when it was noticed, bytes, line ends not counted. `events`: what
    was complete before it in the same chunk; `iter_events` has yielded these already when it raises, so there it is
    empty.
    """

    __module__ = "ssescan"

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


class _Refused(SsescanError):
    """What the two refusals share: the response, and the beginning of its body."""

    def __init__(self, got: Any, body: bytes, response: Any) -> None:
        self.body = body
        self.response = response
        super().__init__(got, body, response)

    def __reduce__(self) -> tuple[Any, ...]:
        # A response holds a socket: it stays behind when the error goes to another process.
        state = {name: value for name, value in vars(self).items() if name != "response"}
        return type(self), (self.args[0], self.body, None), state

    def __copy__(self) -> Self:
        copied = type(self)(self.args[0], self.body, self.response)
        copied.__dict__.update(vars(self))
        return copied

    def __repr__(self) -> str:
        # Some clients' responses show their URL, which may have a key in it.
        return f"{type(self).__name__}({self.args[0]!r}, {self.body[:200]!r}, <{type(self.response).__name__}>)"

    def _body_begins(self) -> str:
        text = " ".join(self.body[:400].decode("utf-8", "replace").split())
        return f"; the body begins: {text[:200]}" if text else "; the body is empty"


class UnexpectedStatus(_Refused):
    """The server answered with a status of 400 or above (or, for an EventSource, anything but 200).

    `reason`: why a redirect was not followed; "" for any other response.

    `status`: the HTTP status. `body`: bytes, at most the first 64 KiB. `response`: as the HTTP library gave it.
    """

    __module__ = "ssescan"
    reason = ""

    def __init__(self, status: int, body: bytes, response: Any) -> None:
        self.status = status
        super().__init__(status, body, response)

    def __str__(self) -> str:
        reason = f"; {self.reason}" if self.reason else ""
        return f"an event stream was expected, HTTP status {self.status} came{reason}{self._body_begins()}"


class UnexpectedContentType(_Refused):
    """The response is not `text/event-stream` (WHATWG HTML section 9.2.3).

    `content_type`: the header as it came, "" where there was none. `body`: bytes, at most the first 64 KiB.
    `response`: as the HTTP library gave it.
    """

    __module__ = "ssescan"

    def __init__(self, content_type: str, body: bytes, response: Any) -> None:
        self.content_type = content_type
        super().__init__(content_type, body, response)

    def __str__(self) -> str:
        return (
            f"content type 'text/event-stream' was expected, {self.content_type!r} came{self._body_begins()}; to read "
            "the body as an event stream all the same, pass its chunks in place of the response (of httpx: "
            "response.iter_bytes(), asynchronously response.aiter_bytes())"
        )


class UnsupportedEncoding(SsescanError):
    """The body is encoded (RFC 9110 section 8.4) in a way that is not decoded here.

    `encoding`: the Content-Encoding, such as "br", or "gzip, gzip". `response`: as the HTTP library gave it. `advice`:
    why it is not decoded, and what to do.
    """

    __module__ = "ssescan"
    advice = ""

    def __init__(self, encoding: str, response: Any) -> None:
        self.encoding = encoding
        self.response = response
        super().__init__(encoding, response)

    def __reduce__(self) -> tuple[Any, ...]:
        # As for the refusals: the response stays behind.
        state = {name: value for name, value in vars(self).items() if name != "response"}
        return type(self), (self.encoding, None), state

    def __repr__(self) -> str:
        # As for the refusals: what a response shows of itself may have a key in it.
        return f"{type(self).__name__}({self.encoding!r}, <{type(self.response).__name__}>)"

    def __str__(self) -> str:
        advice = f" ({self.advice})" if self.advice else ""
        return (
            f"a body that can be decoded was expected, one with Content-Encoding {self.encoding!r} came{advice}; "
            "or ask for a body that is not encoded, with the header Accept-Encoding: identity"
        )


class StreamStalled(SsescanError):
    """The stream stayed open, but nothing of use came.

    `reason`: "idle" (no bytes) or "progress" (bytes, but no event). `seconds`: the limit that passed. `events`: how
    many events had come before.
    """

    __module__ = "ssescan"

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

    What the last of them raised is the `__cause__`, None where its stream just ended.
    """

    __module__ = "ssescan"

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
    """The first event is of none of the formats that ssescan knows; `event` is that event."""

    __module__ = "ssescan"

    def __init__(self, event: Any) -> None:
        self.event = event
        super().__init__(event)

    def __str__(self) -> str:
        return f"the first event is of no known format, name the format with api=...: {self.event!r:.300}"


class StreamCut(SsescanError):
    """The answer is not whole; `message` is what came of it.

    The stream ended before the answer did, or something in it was over `max_event_size` and left out (oversize="skip").
    """

    __module__ = "ssescan"

    def __init__(self, message: Any) -> None:
        self.message = message
        super().__init__(message)

    def __str__(self) -> str:
        if not getattr(self.message, "choices", True):
            return (
                "the stream ended before any answer came: is it a stream of an LLM API, "
                "and was none of it over max_event_size and skipped?"
            )
        return (
            "the answer is not whole: the stream ended before it did, or something in it was over max_event_size and "
            "skipped; what came is in `message`"
        )


class ProviderError(SsescanError):
    """The provider reported an error within the stream.

    `api`: the format, "" where it could not be told. `kind`, `code`, `detail`: as the provider names them, None where
    it does not. `raw`: the error as it came. `message`: what had come before it.
    """

    __module__ = "ssescan"

    def __init__(self, api: str, kind: str | None, code: Any, detail: str | None, raw: Any, message: Any) -> None:
        self.api = api
        self.kind = kind
        self.code = code
        self.detail = detail
        self.raw = raw
        self.message = message
        super().__init__(api, kind, code, detail, raw, message)

    def __str__(self) -> str:
        if self.kind == "decode":  # not the provider's word, but ours
            return f"{self.api or 'the stream'}: the data of an event is no JSON ({self.raw}); it begins: {self.detail}"
        if self.kind == "protocol":
            return f"{self.api or 'the stream'}: {self.detail}"
        from ._nested import shown

        parts = dict.fromkeys(str(part) for part in (self.kind, self.code, self.detail) if part not in (None, ""))
        what = ", ".join(parts)
        whose = f"{self.api}: " if self.api else ""
        return f"{whose}the provider reported an error: {what or shown(self.raw)}"
