"""connect and aconnect, which send one request and read the events of its response.

A client of httpx or httpx2 does the HTTP, and is never closed. Knows nothing of JSON or providers.
"""

from __future__ import annotations

from .._generic import E_co
from ..stalls import checked_stall
from ..streams import AsyncEventStream, EventStream
from .sending import AsyncRequest, Request, Sender, checked_scanner_options

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, overload

    from typing_extensions import Unpack

    from ..scanner import ServerSentEvent
    from ..scanner._shared import StreamOptions
    from .sending import AsyncHttpClient, ConnectOptions, HttpClient, Item, Url


class _Connected(AsyncEventStream[E_co]):
    """The AsyncEventStream of aconnect, which it names in the warning that a stream was not closed."""

    __slots__ = ()
    _called = "aconnect"


if TYPE_CHECKING:

    @overload
    def connect(
        client: HttpClient,
        method: str,
        url: Url,
        *,
        scanner: StreamOptions | None = None,
        **options: Unpack[ConnectOptions],
    ) -> EventStream[ServerSentEvent]: ...
    @overload
    def connect(
        client: HttpClient, method: str, url: Url, *, scanner: Mapping[str, Any], **options: Unpack[ConnectOptions]
    ) -> EventStream[Item]: ...
    def connect(client: Any, method: str, url: Any, **options: Any) -> Any:
        """Send a request, and read the events of the response."""

    @overload
    def aconnect(
        client: AsyncHttpClient,
        method: str,
        url: Url,
        *,
        scanner: StreamOptions | None = None,
        **options: Unpack[ConnectOptions],
    ) -> AsyncEventStream[ServerSentEvent]: ...
    @overload
    def aconnect(
        client: AsyncHttpClient, method: str, url: Url, *, scanner: Mapping[str, Any], **options: Unpack[ConnectOptions]
    ) -> AsyncEventStream[Item]: ...
    def aconnect(client: Any, method: str, url: Any, **options: Any) -> Any:
        """Send a request, and read the events of the response, asynchronously."""

else:

    def connect(client, method, url, *, stall=None, scanner=None, **request_options):
        """Send a request, and read the events of the response.

        `client`: a Client of httpx or httpx2, which stays open. `request_options`: the options of its build_request()
        and send(). The defaults are `Accept: text/event-stream`, `Cache-Control: no-store`, redirects followed, and no
        read timeout, as pings may be slow (with `stall`, its `idle`). `stall`: a Stall. `scanner`: a mapping of options
        of Scanner.

        Returns an EventStream, which sends the request when its `with` block is entered, or at the first read. Raises
        TypeError and ValueError for wrong use. The stream raises the errors of the client, unchanged, and those of
        iter_events.
        """
        sender = Sender("connect", client, method, url, checked_stall(stall), request_options)
        return EventStream(Request(sender), stall, False, checked_scanner_options(scanner))

    def aconnect(client, method, url, *, stall=None, scanner=None, **request_options):
        """Send a request, and read the events of the response, under asyncio or trio.

        `client`: an AsyncClient of httpx or httpx2. `stall`: a Stall; both of its limits are enforced, `idle` from the
        moment the request is sent. Everything else as for connect.

        Returns an AsyncEventStream.
        """
        sender = Sender("aconnect", client, method, url, checked_stall(stall), request_options)
        return _Connected(AsyncRequest(sender), stall, False, checked_scanner_options(scanner))

    connect.__module__ = aconnect.__module__ = "ssescan"
