"""Redirects: which request follows a response, and which parts of the previous request another origin may see.

httpx and httpx2 remove only `Authorization`: a key in another header, the body and the last event ID would go to any
server that a redirect names. Here, another origin gets nothing that the caller passed for the first one. RFC 9110
section 15.4, Fetch "HTTP-redirect fetch". `_exchanges` decides without I/O; `send` and `send_async` are thin shells
around it. Recognizes the clients by their attributes.
"""

from __future__ import annotations

from .. import refusals
from ..sources import async_httpx_chunks, httpx_chunks, library_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any, TypeAlias

    Origin: TypeAlias = tuple[str, str, int | None]  # scheme, host, port
    LastEventId: TypeAlias = tuple[str, Origin]  # as a header may carry it, and the origin that issued it

HARMLESS = frozenset(("accept", "accept-encoding", "accept-language", "cache-control", "host", "user-agent"))
DEFAULT_PORTS = {"http": 80, "https": 443}
# The body of a redirect is read for so long, so that its connection can be used again, and for the history.
MAX_SECONDS = 1.0
MAX_PORT = 65535
MAX_REDIRECTS = 20  # for a client without max_redirects


def origin_of(url: Any) -> Origin:
    """Return the scheme, the host and the port of a URL of httpx or httpx2."""
    return url.scheme, url.host, url.port or DEFAULT_PORTS.get(url.scheme)


def has_port(url: Any) -> bool:
    """Return whether the port of a URL of httpx or httpx2 exists: no library checks it, and another one is reached."""
    return (url.port or 0) <= MAX_PORT


def is_same_origin(here: Origin, there: Origin) -> bool:
    """Return whether a redirect stays within the origin; by httpx's rule, http to https of the same host does."""
    return here == there or (
        here[1] == there[1] and (here[0], here[2], there[0], there[2]) == ("http", 80, "https", 443)
    )


def send(
    client: Any, request: Any, options: dict[str, Any], last_event_id: LastEventId | None = None, follows: bool = True
) -> tuple[Any, str]:
    """Send a request and follow redirects. Returns the response, and why it is a redirect that was not followed, or "".

    `options`: of the client's send(), such as `auth` (see bounded_auth), as long as the origin is the same. `follows`:
    whether redirects are followed at all.
    """
    exchanges = _exchanges(client, request, options, last_event_id, follows)
    following, options = next(exchanges)
    while True:
        response = client.send(following, stream=True, follow_redirects=False, **options)
        try:
            following, options = exchanges.send(response)
            read_body(response)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        except BaseException:
            response.close()
            raise


async def send_async(client: Any, *arguments: Any) -> tuple[Any, str]:
    """Send a request and follow redirects, as send does, with an asynchronous client."""
    exchanges = _exchanges(client, *arguments)
    following, options = next(exchanges)
    while True:
        response = await client.send(following, stream=True, follow_redirects=False, **options)
        try:
            following, options = exchanges.send(response)
            await read_body_async(response)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        except BaseException:
            await response.aclose()
            raise


def _exchanges(
    client: Any, request: Any, options: dict[str, Any], last_event_id: LastEventId | None, follows: bool
) -> Generator[tuple[Any, dict[str, Any]], Any, tuple[Any, str]]:
    """Yield each request with its options for send(); expect its response. Returns as send does."""
    history: list[Any] = []
    cookies = _own_cookies(client, request)
    has_left = False  # whether a redirect has left the origin of the first request
    while True:
        if len(history) > getattr(client, "max_redirects", MAX_REDIRECTS):
            error: Any = library_of(client, "TooManyRedirects").TooManyRedirects
            raise error("Exceeded maximum allowed redirects.", request=request)
        response = yield request, options
        response.history = history + list(response.history)
        following = response.next_request if follows else None
        if following is None:
            return response, ""
        here, there = origin_of(request.url), origin_of(following.url)
        has_left = has_left or not is_same_origin(here, there)
        if reason := _why_refused(here, there, following, has_left):
            target = f"{following.url.scheme}://{following.url.netloc.decode()}"
            return response, f"the redirect to {target} was not followed, as {reason}"
        if has_left:
            options = {"auth": None}
            _keep_harmless_headers(following)
        elif cookies:
            _add_cookies(following, cookies)
        if last_event_id is not None:
            add_last_event_id(following, last_event_id)
        history = [*response.history, response]
        request = following


def _why_refused(here: Origin, there: Origin, following: Any, has_left: bool) -> str:
    if here[0] == "https" and there[0] == "http":
        return "it leaves https"
    if not has_port(following.url):
        return f"it has a port over {MAX_PORT}"
    headers = following.headers
    if has_left and (headers.get("content-length", "0") != "0" or "transfer-encoding" in headers):
        return "it would take the body of the request to another origin"
    return ""


def add_last_event_id(request: Any, last_event_id: LastEventId) -> None:
    """Add the header Last-Event-ID, if the request goes to the origin that issued the ID."""
    value, issuer = last_event_id
    if is_same_origin(issuer, origin_of(request.url)):
        # As bytes: how Headers encodes a str depends on its other values.
        pairs = [pair for pair in request.headers.raw if pair[0].lower() != b"last-event-id"]
        request.headers = type(request.headers)([*pairs, (b"Last-Event-ID", value.encode("utf-8"))])


def _own_cookies(client: Any, request: Any) -> list[str]:
    """Return the cookies of a request that are not from the client's jar, as `name=value`."""
    jar = getattr(getattr(client, "cookies", None), "jar", ())
    from_jar = {f"{cookie.name}={cookie.value}" for cookie in jar}
    return [cookie for cookie in _cookies(request) if cookie not in from_jar]


def _cookies(request: Any) -> list[str]:
    return [cookie for line in request.headers.get_list("cookie") for cookie in line.split("; ")]


def _add_cookies(request: Any, cookies: list[str]) -> None:
    """Add cookies to those from the client's jar, which are the only ones in a redirect of httpx."""
    names = {cookie.partition("=")[0] for cookie in cookies}
    others = [cookie for cookie in _cookies(request) if cookie.partition("=")[0] not in names]
    request.headers["Cookie"] = "; ".join([*cookies, *others])


def _keep_harmless_headers(request: Any) -> None:
    for name in [name for name in request.headers if name.lower() not in HARMLESS]:
        del request.headers[name]
    if request.url.userinfo:  # the server chose it, and httpx would send it as auth
        request.url = request.url.copy_with(username="", password="")


def read_body(response: Any) -> None:
    """Read the body of an answer that another request follows, up to 64 KiB and for MAX_SECONDS, and close it.

    The response then has that content, as after its own read().
    """
    if response.is_closed:
        return
    try:
        response._content = refusals.read_body(httpx_chunks(response), response, MAX_SECONDS)  # noqa: SLF001 - httpx's
    finally:
        response.close()


async def read_body_async(response: Any) -> None:
    """Read the body of an answer, as read_body does, and close it."""
    if response.is_closed:
        return
    try:
        response._content = await refusals.read_body_async(async_httpx_chunks(response), MAX_SECONDS)  # noqa: SLF001
    finally:
        await response.aclose()
