"""Authentication in several requests: a limit for the answers in between.

Between two requests of an auth flow (a digest, a token that is renewed), httpx and httpx2 read the whole answer, which
may decompress to gigabytes. A wrapper around the flow reads each such body first, up to a limit. Recognizes the
clients by their attributes.
"""

from __future__ import annotations

from ..byte_source import ByteSource
from ..refusals import EVENT_STREAM
from ..sources import library_of
from .redirects import read_body, read_body_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from typing import Any


def bounded_auth(client: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of the client's send() with an `auth` that limits the bodies that are read for it.

    `options`: contain `auth` unless the client's own is used. A basic auth, which sends one request, is not changed.
    """
    library = library_of(client, "Auth")
    if library is None:
        return options
    auth = options.get("auth", library.USE_CLIENT_DEFAULT)
    if auth is library.USE_CLIENT_DEFAULT:
        auth = getattr(client, "auth", None)
    if not isinstance(auth, library.Auth) or isinstance(auth, library.BasicAuth):
        return options
    return options | {"auth": _bounded(library.Auth, auth)}


def _bounded(base: type[Any], auth: Any) -> Any:
    class BoundedAuth(base):  # type: ignore[misc]  # the client's class, known only now
        """An auth with the flow of another one, which reads no body without a limit."""

        def sync_auth_flow(self, request: Any) -> Generator[Any, Any, None]:
            flow = auth.sync_auth_flow(request)
            try:
                following = next(flow)
                while True:
                    response = yield following
                    if _is_read_by(auth, response):
                        read_body(response)
                    try:
                        following = flow.send(response)
                    except StopIteration:
                        return
                    read_body(response)
            finally:
                flow.close()

        async def async_auth_flow(self, request: Any) -> AsyncGenerator[Any, Any]:
            flow = auth.async_auth_flow(request)
            try:
                following = await anext(flow)
                while True:
                    response = yield following
                    if _is_read_by(auth, response):
                        await read_body_async(response)
                    try:
                        following = await flow.asend(response)
                    except StopAsyncIteration:
                        return
                    await read_body_async(response)
            finally:
                await flow.aclose()

    return BoundedAuth()


def _is_read_by(auth: Any, response: Any) -> bool:
    """Return whether the flow needs the body. The flow reads an event stream by itself, to its end."""
    is_event_stream = ByteSource(response.iter_bytes, response).media_type in EVENT_STREAM
    return bool(getattr(auth, "requires_response_body", False)) and not is_event_stream
