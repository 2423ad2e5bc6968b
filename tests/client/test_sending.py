"""What is sent: the standard's defaults, and the caller's own wishes, which win."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

from .clients import Way, every_way, run_in
from .server import Do

if TYPE_CHECKING:
    from collections.abc import Callable

    from .server import EventServer, Request

ONE = b"id: 1\ndata: 1\n\n"


def asks(
    package: Any, server: EventServer, way: Way, how: str, settings: dict[str, Any] | None = None, **options: Any
) -> Request:
    """Let it be asked for a stream, by connect or by an EventSource, and give the request that came."""
    endpoint = server.endpoint(server.offers(ONE))
    url = endpoint.url
    if how == "EventSource":
        told = way.read(package, url, at_most=1, settings=settings, **options)
        assert told.error is None
        return endpoint.requests[0]
    method = options.pop("method", "GET")
    if way.is_async:

        async def main() -> None:
            async with way.async_client(**settings or {}) as client:
                async with package.aconnect(client, method, url, **options) as stream:
                    assert [event.data async for event in stream] == ["1"]

        run_in(way.loop, main)
    else:
        with way.client(**settings or {}) as client, package.connect(client, method, url, **options) as stream:
            assert [event.data for event in stream] == ["1"]
    return endpoint.requests[0]


either = pytest.mark.parametrize("how", ["connect", "EventSource"])


@every_way
@either
def test_the_standards_headers_are_sent(package: Any, server: EventServer, way: Way, how: str) -> None:
    request = asks(package, server, way, how)
    assert request.method == "GET"
    assert request.headers["accept"] == b"text/event-stream"
    assert request.headers["cache-control"] == b"no-store"
    assert request.last_event_id is None
    assert request.body == b""


def of_httpx(pairs: Any) -> Callable[[Way], Any]:
    return lambda way: way.library.Headers(pairs)


MY_HEADERS = [
    pytest.param(lambda way: {"ACCEPT": "a/b", "cache-control": "no-cache"}, id="dict"),
    pytest.param(lambda way: {b"Accept": b"a/b", b"Cache-Control": b"no-cache"}, id="dict of bytes"),
    pytest.param(lambda way: [("accept", "a/b"), ("CACHE-CONTROL", "no-cache")], id="pairs"),
    pytest.param(lambda way: ((b"accept", b"a/b"), (b"Cache-Control", b"no-cache")), id="pairs of bytes"),
    pytest.param(lambda way: iter([("accept", "a/b"), ("cache-control", "no-cache")]), id="an iterator of pairs"),
    pytest.param(of_httpx({"Accept": "a/b", "Cache-Control": "no-cache"}), id="Headers"),
]


@every_way
@either
@pytest.mark.parametrize("headers", MY_HEADERS)
def test_the_callers_headers_win_however_they_are_written(
    package: Any, server: EventServer, way: Way, how: str, headers: Callable[[Way], Any]
) -> None:
    request = asks(package, server, way, how, headers=headers(way))
    assert request.headers["accept"] == b"a/b"
    assert request.headers["cache-control"] == b"no-cache"


@every_way
@either
def test_a_header_of_the_caller_may_be_the_clients_default(
    package: Any, server: EventServer, way: Way, how: str
) -> None:
    request = asks(package, server, way, how, headers={"accept": "*/*", "X-Mine": "1"})
    assert request.headers["accept"] == b"*/*"
    assert request.headers["x-mine"] == b"1"
    assert request.headers["cache-control"] == b"no-store"


@every_way
@either
def test_headers_set_on_the_client_are_kept(package: Any, server: EventServer, way: Way, how: str) -> None:
    settings = {"headers": {"Accept": "text/event-stream;q=0.5", "Cache-Control": "max-age=0", "X-Key": "k"}}
    request = asks(package, server, way, how, settings)
    assert request.headers["accept"] == b"text/event-stream;q=0.5"
    assert request.headers["cache-control"] == b"max-age=0"
    assert request.headers["x-key"] == b"k"


@every_way
@either
def test_what_build_request_takes_is_passed_on(package: Any, server: EventServer, way: Way, how: str) -> None:
    request = asks(
        package, server, way, how, method="POST", json={"a": 1}, params={"q": "x y"}, cookies={"c": "d"}
    )  # fmt: skip
    assert request.method == "POST"
    assert request.body.replace(b" ", b"") == b'{"a":1}'
    assert request.path.partition("?")[2] in ("q=x%20y", "q=x+y")
    assert request.headers["cookie"] == b"c=d"
    assert request.headers["content-type"] == b"application/json"


@every_way
@either
def test_auth_of_the_caller_wins_over_the_clients(package: Any, server: EventServer, way: Way, how: str) -> None:
    expected = b"Basic " + base64.b64encode(b"me:secret")
    assert asks(package, server, way, how, auth=("me", "secret")).headers["authorization"] == expected
    settings = {"auth": ("me", "secret")}
    assert asks(package, server, way, how, settings).headers["authorization"] == expected
    assert "authorization" not in asks(package, server, way, how, settings, auth=None).headers


@every_way
@either
def test_an_auth_flow_of_the_client_may_ask_twice(package: Any, server: EventServer, way: Way, how: str) -> None:
    class Tokens(way.library.Auth):  # type: ignore[name-defined, misc]
        def auth_flow(self, request: Any) -> Any:
            response = yield request
            if response.status_code == 401:
                request.headers["Authorization"] = "Bearer new"
                yield request

    endpoint = server.endpoint(server.offers(status=401, content_type=None, framing="length"), server.offers(ONE))
    if how == "EventSource":
        assert way.read(package, endpoint.url, at_most=1, auth=Tokens()).data == ["1"]
    else:
        endpoint.answers[0].url  # noqa: B018
        read_connected(package, way, endpoint.url, auth=Tokens())
    assert [request.headers.get("authorization") for request in endpoint.requests] == [None, b"Bearer new"]


def read_connected(package: Any, way: Way, url: str, **options: Any) -> list[str]:
    """Read what connect gives, to its end."""
    seen: list[str] = []
    if way.is_async:

        async def main() -> None:
            async with way.async_client() as client, package.aconnect(client, "GET", url, **options) as stream:
                seen.extend([event.data async for event in stream])

        run_in(way.loop, main)
    else:
        with way.client() as client, package.connect(client, "GET", url, **options) as stream:
            seen.extend(event.data for event in stream)
    return seen


def timeouts(
    package: Any, server: EventServer, way: Way, how: str, settings: dict[str, Any], **options: Any
) -> dict[str, Any]:
    """Give the timeouts that a request was sent with."""
    seen: list[dict[str, Any]] = []

    def note(request: Any) -> None:
        seen.append(request.extensions["timeout"])

    async def anote(request: Any) -> None:
        note(request)

    asks(
        package, server, way, how, settings | {"event_hooks": {"request": [anote if way.is_async else note]}}, **options
    )
    return seen[0]


@every_way
@either
def test_reads_have_no_timeout_and_all_else_has_the_clients(
    package: Any, server: EventServer, way: Way, how: str
) -> None:
    limits = {"connect": 11.0, "read": 12.0, "write": 13.0, "pool": 14.0}
    settings = {"timeout": way.library.Timeout(**limits)}
    assert timeouts(package, server, way, how, settings) == limits | {"read": None}


@every_way
@either
def test_idle_is_the_read_timeout_of_what_blocks(package: Any, server: EventServer, way: Way, how: str) -> None:
    stall = package.Stall(idle=17, progress=19)
    # Asynchronous streams keep that time themselves.
    assert timeouts(package, server, way, how, {}, stall=stall)["read"] == (None if way.is_async else 17)
    assert timeouts(package, server, way, how, {}, stall=package.Stall(progress=19))["read"] is None


@every_way
@either
@pytest.mark.parametrize(
    ("timeout", "read"),
    [
        (lambda way: 7.0, 7.0),
        (lambda way: None, None),
        (lambda way: (1.0, 2.0, 3.0, 4.0), 2.0),
        (lambda way: way.library.Timeout(9.0), 9.0),
        (lambda way: way.library.USE_CLIENT_DEFAULT, 30.0),
    ],
    ids=["number", "None", "tuple", "Timeout", "the client's"],
)
def test_the_callers_timeout_wins(
    package: Any, server: EventServer, way: Way, how: str, timeout: Callable[[Way], Any], read: float | None
) -> None:
    assert timeouts(package, server, way, how, {"timeout": 30.0}, timeout=timeout(way))["read"] == read


@every_way
@either
def test_timeouts_among_the_extensions_win_too(package: Any, server: EventServer, way: Way, how: str) -> None:
    mine = {"connect": 5.0, "read": 6.0, "write": 7.0, "pool": 8.0}
    assert timeouts(package, server, way, how, {}, extensions={"timeout": mine}) == mine


@every_way
def test_a_body_is_sent_again_at_each_attempt(package: Any, server: EventServer, way: Way) -> None:
    endpoint = server.endpoint(server.offers(ONE), server.raw(Do.DROP), server.offers(ONE))
    told = way.read(package, endpoint.url, at_most=2, method="POST", content=b"question" * 1000)
    assert told.data == ["1", "1"]
    assert [request.body for request in endpoint.requests] == [b"question" * 1000] * 3


@every_way
@pytest.mark.parametrize(
    ("options", "sent"),
    [
        ({"last_event_id": "7"}, b"7"),
        ({"headers": {"last-event-id": "8"}}, b"8"),
        ({"headers": [(b"Last-Event-ID", b"\xe2\x82\xac")]}, b"\xe2\x82\xac"),
        ({"headers": {"Last-Event-Id": "8"}, "last_event_id": "9"}, b"9"),
        ({"last_event_id": "\u20ac"}, b"\xe2\x82\xac"),
    ],
)
def test_the_first_last_event_id_is_sent_until_the_stream_gives_another(
    package: Any, server: EventServer, way: Way, options: dict[str, Any], sent: bytes
) -> None:
    endpoint = server.endpoint(
        server.offers(b"data: 0\n\n"), server.offers(ONE), server.offers(b"id:\ndata: 2\n\n" + ONE)
    )
    told = way.read(package, endpoint.url, at_most=4, **options)
    assert [event.id for event in told.events] == [sent.decode(), "1", "", "1"]
    assert endpoint.ids == [sent, sent, b"1"]


@every_way
def test_the_clients_state_counts_at_each_attempt(package: Any, server: EventServer, way: Way) -> None:
    endpoint = server.endpoint(
        server.offers(ONE, headers=("Set-Cookie: session=5",)), server.offers(ONE)
    )  # fmt: skip
    way.read(package, endpoint.url, at_most=2)
    assert [request.headers.get("cookie") for request in endpoint.requests] == [None, b"session=5"]


NAMES = {
    "connect": "aconnect",
    "aconnect": "connect",
    "EventSource": "AsyncEventSource",
    "AsyncEventSource": "EventSource",
}


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_a_client_of_the_other_colour_is_told_what_to_call(package: Any, library: Any, name: str) -> None:
    wants_async = name.lower().startswith("a")
    client = (library.Client if wants_async else library.AsyncClient)(verify=False)
    arguments = ("http://127.0.0.1:1/",) if "Source" in name else ("GET", "http://127.0.0.1:1/")
    with pytest.raises(TypeError, match=rf"^{name}\(\) sends by .*: call {NAMES[name]}\(\)$"):
        getattr(package, name)(client, *arguments)


def test_a_subclass_is_of_its_parents_colour_whatever_its_name(package: Any) -> None:
    alarms = type("Alarms", (package.EventSource,), {})
    asynchronous = type("Sync", (package.AsyncEventSource,), {})
    with httpx.Client(verify=False) as client:
        alarms(client, "http://127.0.0.1:1/").close()
        with pytest.raises(TypeError, match=r"call EventSource\(\)$"):
            asynchronous(client, "http://127.0.0.1:1/")


@pytest.mark.parametrize(
    "client",
    [httpx, httpx.Client, "http://127.0.0.1:1/", None, object()],
    ids=["module", "class", "URL", "None", "object"],
)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_client_is_told_what_to_pass(package: Any, name: str, client: Any) -> None:
    arguments = ("http://127.0.0.1:1/",) if "Source" in name else ("GET", "http://127.0.0.1:1/")
    with pytest.raises(TypeError, match=r"of httpx or httpx2, not .*pass .*Client\(.*iter_events\(\)"):
        getattr(package, name)(client, *arguments)


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
@pytest.mark.parametrize("options", [{"nonsense": 1}, {"timing": True}, {"retry": 5}], ids=repr)
def test_an_option_that_connect_does_not_have_is_refused_at_the_call(
    package: Any, library: Any, options: dict[str, Any]
) -> None:
    with pytest.raises(TypeError, match=next(iter(options))):
        package.connect(library.Client(verify=False), "GET", "http://127.0.0.1:1/", **options)
    with pytest.raises(TypeError, match=next(iter(options))):
        package.aconnect(library.AsyncClient(verify=False), "GET", "http://127.0.0.1:1/", **options)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "says"),
    [
        (("GET",), {"max_event_size": 5}, TypeError, r"in a mapping: scanner=\{'max_event_size': \.\.\.\}"),
        (("GET",), {"timing": True}, TypeError, r"has no timing: .*iter_events\(response, timing=True\)"),
        ((None,), {}, TypeError, "takes a method such as 'GET', not NoneType"),
        (("http://127.0.0.1:1/",), {"url": "GET"}, ValueError, "the method first, then the URL"),
    ],
)
def test_what_is_in_the_wrong_place_is_told_where_it_belongs(
    package: Any, arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception], says: str
) -> None:
    with httpx.Client(verify=False) as client, pytest.raises(error, match=says):
        package.connect(client, *arguments, **{"url": "http://127.0.0.1:1/"} | options)


@pytest.mark.parametrize("name", ["on_reconnect", "sleep", "random"])
def test_what_is_to_be_called_has_to_be_callable(package: Any, name: str) -> None:
    with httpx.Client(verify=False) as client:
        with pytest.raises(TypeError, match=f"{name} must be a function or None, not int"):
            package.EventSource(client, "http://127.0.0.1:1/", **{name: 5})


def test_a_missing_client_is_told_by_the_name_that_was_called(package: Any) -> None:
    with pytest.raises(TypeError, match=r"^EventSource\.__init__\(\) missing"):
        package.EventSource("http://127.0.0.1:1/")
