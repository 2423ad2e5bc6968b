"""The request for an event stream, its defaults, and the clients of httpx and httpx2 that send it.

Recognizes the clients by their attributes, and imports neither library. Knows nothing of events, and closes no client.
"""

from __future__ import annotations

from ..byte_source import ByteSource, header_of
from ..errors import StreamStalled
from ..scanner._shared import scanner_options
from ..sources import async_httpx_chunks, httpx_chunks
from .authentication import bounded_auth
from .redirects import MAX_PORT, add_last_event_id, has_port, send, send_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable
    from typing import Any, Protocol, TypeAlias, TypedDict

    from ..scanner import Comment, ServerSentEvent, UnknownLine
    from ..stalls import Stall
    from .redirects import LastEventId

    Item: TypeAlias = ServerSentEvent | Comment | UnknownLine

    class _AnyClient(Protocol):
        @property
        def headers(self) -> Any: ...
        @property
        def timeout(self) -> Any: ...
        def build_request(self, *arguments: Any, **options: Any) -> Any: ...
        def send(self, *arguments: Any, **options: Any) -> Any: ...

    class HttpClient(_AnyClient, Protocol):
        """A Client of httpx or httpx2."""

        def close(self) -> None: ...

    class AsyncHttpClient(_AnyClient, Protocol):
        """An AsyncClient of httpx or httpx2."""

        def aclose(self) -> Awaitable[None]: ...

    class _HttpxUrl(Protocol):
        @property
        def host(self) -> str: ...

    Url: TypeAlias = str | _HttpxUrl

    class ConnectOptions(TypedDict, total=False):
        """A time limit, and the options of the client's build_request() and send(): see the library."""

        stall: Stall | None
        content: Any
        data: Any
        files: Any
        json: Any
        params: Any
        headers: Any
        cookies: Any
        auth: Any
        follow_redirects: Any
        timeout: Any
        extensions: Any


# Header, value, and httpx's own default: no caller set `Accept: */*`. no-store: WHATWG HTML section 9.2.2.
DEFAULTS = (("Accept", "text/event-stream", "*/*"), ("Cache-Control", "no-store", None))
SCANNER_OPTIONS = frozenset(scanner_options.__kwdefaults__ or ())
LAST_EVENT_ID = "last-event-id"
COUNTERPARTS = {"connect": "aconnect", "EventSource": "AsyncEventSource"}
COUNTERPARTS |= {name: counterpart for counterpart, name in COUNTERPARTS.items()}


class Sender:
    """A request with its defaults and its client, which can be sent again and again.

    `name`: the public function, for error messages. TypeError for anything but a client, sync or async as `name` is.
    """

    __slots__ = ("_auth", "_client", "_follows", "_headers", "_method", "_options", "_read_timeout", "_url")

    def __init__(
        self, name: str, client: Any, method: str, url: Any, stall: Stall | None, options: dict[str, Any]
    ) -> None:
        _check_client(client, name)
        _check_method(method, url, name)
        _check_options(options, name)
        self._client = client
        self._method = method
        self._url = url
        self._options = options
        follows = options.pop("follow_redirects", True)
        self._follows: bool = follows if isinstance(follows, bool) else client.follow_redirects
        self._auth = {"auth": options.pop("auth")} if "auth" in options else {}
        self._headers = _header_pairs(options.pop("headers", None))
        # By default, httpx ends a stream after 5 s of silence, and pings are slower. Only the transport can enforce
        # `idle` in a sync stream; an async stream has its own timer.
        self._read_timeout = None if stall is None or hasattr(client, "aclose") else stall.idle

    def pop_last_event_id(self) -> Any:
        """Remove the last event ID from the caller's headers and return it; "" if there is none."""
        values = [value for key, value in self._headers if _text(key).lower() == LAST_EVENT_ID]
        self._headers = [pair for pair in self._headers if _text(pair[0]).lower() != LAST_EVENT_ID]
        last: Any = values[-1] if values else ""
        return last.decode("utf-8", "replace") if isinstance(last, bytes) else last

    def build(self, last_event_id: LastEventId | None = None) -> Any:
        """Build the request, as the client is configured now. Raises the errors of its build_request()."""
        client = self._client
        headers: list[tuple[Any, Any]] = list(self._headers)
        names = {_text(name).lower() for name, _ in headers}
        for name, value, httpx_default in DEFAULTS:
            if name.lower() not in names and client.headers.get(name) in (None, httpx_default):
                headers.append((name, value))
        options = self._options
        if "timeout" not in options:
            timeout = client.timeout
            limits = {"connect": timeout.connect, "write": timeout.write, "pool": timeout.pool}
            options = options | {"timeout": type(timeout)(read=self._read_timeout, **limits)}
        request = client.build_request(self._method, self._url, headers=headers, **options)
        if not has_port(request.url):
            raise ValueError(f"a URL with a port of up to {MAX_PORT} was expected, got port {request.url.port}")
        if last_event_id is not None:
            add_last_event_id(request, last_event_id)
        return request

    def send(self, request: Any, last_event_id: LastEventId | None) -> Any:
        """Send a request and follow redirects: see redirects.send, and send_async for an asynchronous client."""
        send_by: Any = send_async if hasattr(self._client, "aclose") else send
        return send_by(self._client, request, bounded_auth(self._client, self._auth), last_event_id, self._follows)


class Request(ByteSource):
    """The source of a response: open() sends the request."""

    __slots__ = ("_last_event_id", "_request", "_sender", "refused_redirect")

    def __init__(self, sender: Sender, last_event_id: LastEventId | None = None) -> None:
        super().__init__(lambda: iter(()))
        self._sender = sender
        self._last_event_id = last_event_id
        self._request: Any = sender.build(last_event_id)
        self.refused_redirect: str = ""

    def open(self) -> Any:
        if self.response is None:
            self._answered(*self._sender.send(self._request, self._last_event_id))
        self.chunks: Any = httpx_chunks(self.response)
        return self.chunks

    def _answered(self, response: Any, refused_redirect: str) -> None:
        self.refused_redirect = refused_redirect
        self.response = response
        self.status: Any = response.status_code
        self.content_type: str | None = header_of(response.headers, "Content-Type")


class AsyncRequest(Request):
    """The source of a response: awaiting `anext()` sends the request, and then open() returns the chunks."""

    __slots__ = ()

    @property
    def asks(self) -> bool:
        return self.response is None

    async def __anext__(self) -> None:
        self._answered(*await self._sender.send(self._request, self._last_event_id))

    def open(self) -> Any:
        response: Any = self.response
        self.chunks: Any = async_httpx_chunks(response)
        return self.chunks


def check_sent_again(name: str, options: dict[str, Any]) -> None:
    """Raise TypeError for a body that can only be sent once."""
    for option in ("content", "data"):
        body = options.get(option)
        if hasattr(body, "__next__") or hasattr(body, "__anext__") or hasattr(body, "read"):
            raise TypeError(
                f"{name}() sends the request again at each reconnect, and {option}= is a {type(body).__name__}, which "
                "is read once only: pass bytes"
            )


def checked_scanner_options(scanner: Any) -> dict[str, Any]:
    """Return the options of a Scanner from a mapping, or from None. TypeError for anything else."""
    if scanner is None:
        return {}
    if not hasattr(scanner, "keys"):
        raise TypeError(
            f"scanner must be a mapping of a Scanner's options, such as {{'max_event_size': 1_000_000}}, or None, "
            f"not {type(scanner).__name__}"
        )
    return dict(scanner)


def is_transport_error(error: Exception, worked: bool) -> bool:
    """Return whether the connection failed in a way that may be temporary, so that another attempt may work.

    An unsupported protocol, endless redirects and one to an invalid URL are not temporary. `worked`: a connection
    worked before. If none did, a request or a certificate that the client refused will be refused again. A compressed
    body that was cut raises a DecodingError.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    is_bad_redirect = "RemoteProtocolError" in names and str(error).startswith("Invalid URL")
    if "UnsupportedProtocol" in names or is_bad_redirect:
        return False
    if "LocalProtocolError" in names or _is_certificate_error(error):
        return worked
    return isinstance(error, StreamStalled | ConnectionError) or bool(names & {"TransportError", "DecodingError"})


def _is_certificate_error(error: BaseException | None) -> bool:
    seen: set[int] = set()  # causes may form a cycle
    while error is not None and id(error) not in seen:
        if type(error).__name__ in ("SSLCertVerificationError", "CertificateError"):
            return True
        seen.add(id(error))
        # httpcore leaves the original error as the context; of other errors, the context may be the program's own.
        is_from_client = type(error).__module__.startswith("http")
        error = error.__cause__ or (error.__context__ if is_from_client else None)
    return False


def _check_client(client: Any, name: str) -> None:
    is_async = name.lower().startswith("a")
    kind, expected = ("asynchronous", "AsyncClient") if is_async else ("synchronous", "Client")
    article, reader = ("an", "aiter_events") if is_async else ("a", "iter_events")
    attributes = ("build_request", "send", "headers", "timeout")
    if isinstance(client, type) or not all(hasattr(client, attribute) for attribute in attributes):
        got = f"{type(client).__name__}: pass httpx.{expected}(...) or httpx2.{expected}(...)"
        if isinstance(client, type):
            got = f"the class {client.__name__}: pass {client.__name__}(...)"
        raise TypeError(
            f"{name}() sends with {article} {expected} of httpx or httpx2, not {got}; to read the response of another "
            f"library, pass it to {reader}()"
        )
    if hasattr(client, "aclose") is not is_async:
        raise TypeError(
            f"{name}() sends with {article} {kind} client, this {type(client).__name__} is not: "
            f"call {COUNTERPARTS[name]}()"
        )


def _check_method(method: Any, url: Any, name: str) -> None:
    if not isinstance(method, str):
        raise TypeError(f"{name}() takes a method such as 'GET', not {type(method).__name__}")
    if isinstance(url, str) and url.isalpha() and url.isupper() and "/" in method:
        from .._secrets import url_without_secrets

        raise ValueError(f"{name}() takes the method first, then the URL: got {url_without_secrets(method)!r}, {url!r}")


def _check_options(options: dict[str, Any], name: str) -> None:
    """Refuse options that belong elsewhere: build_request() would only say that it does not know them."""
    for option in options:
        if option in SCANNER_OPTIONS:
            raise TypeError(f"{name}() takes the scanner's options in a mapping: scanner={{{option!r}: ...}}")
        if option == "timing":
            raise TypeError(f"{name}() has no timing: read client.stream(...) with iter_events(response, timing=True)")


def _header_pairs(headers: Any) -> list[tuple[Any, Any]]:
    """Return the names and values of headers, in any of the forms that httpx accepts."""
    if headers is None:
        return []
    if hasattr(headers, "raw"):
        return list(headers.raw)  # httpx's own: with repeated headers
    return list(headers.items() if hasattr(headers, "items") else headers)


def _text(name: Any) -> str:
    return name.decode("latin-1") if isinstance(name, bytes) else str(name)
