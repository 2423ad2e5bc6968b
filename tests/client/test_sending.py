"""The request: the defaults of the standard, and the caller's settings, which win."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import httpx
import httpx2
import pytest

from .clients import ClientKind, connect_or_event_source, every_client
from .server import Do

if TYPE_CHECKING:
    from collections.abc import Callable

    from .server import EventServer, Request

ONE = b"id: 1\ndata: 1\n\n"


def request_sent(
    package: Any,
    server: EventServer,
    kind: ClientKind,
    how: str,
    settings: dict[str, Any] | None = None,
    **options: Any,
) -> Request:
    """Return the request that connect or an EventSource sends."""
    endpoint = server.endpoint(server.offers(ONE))
    if how == "EventSource":
        result = kind.read(package, endpoint.url, at_most=1, settings=settings, **options)
        assert result.error is None
    else:
        events = kind.connect(package, endpoint.url, settings=settings, **options)
        assert [event.data for event in events] == ["1"]
    return endpoint.requests[0]


@every_client
@connect_or_event_source
def test_standard_headers_are_sent(package: Any, server: EventServer, kind: ClientKind, how: str) -> None:
    request = request_sent(package, server, kind, how)
    assert request.method == "GET"
    assert request.headers["accept"] == b"text/event-stream"
    assert request.headers["cache-control"] == b"no-store"
    assert request.last_event_id is None
    assert request.body == b""


HEADERS = [
    pytest.param(lambda kind: {"ACCEPT": "a/b", "cache-control": "no-cache"}, id="dict"),
    pytest.param(lambda kind: {b"Accept": b"a/b", b"Cache-Control": b"no-cache"}, id="dict of bytes"),
    pytest.param(lambda kind: [("accept", "a/b"), ("CACHE-CONTROL", "no-cache")], id="pairs"),
    pytest.param(lambda kind: ((b"accept", b"a/b"), (b"Cache-Control", b"no-cache")), id="pairs of bytes"),
    pytest.param(lambda kind: iter([("accept", "a/b"), ("cache-control", "no-cache")]), id="an iterator of pairs"),
    pytest.param(lambda kind: kind.library.Headers({"Accept": "a/b", "Cache-Control": "no-cache"}), id="Headers"),
]


@every_client
@connect_or_event_source
@pytest.mark.parametrize("headers", HEADERS)
def test_callers_headers_win_in_any_form(
    package: Any, server: EventServer, kind: ClientKind, how: str, headers: Callable[[ClientKind], Any]
) -> None:
    request = request_sent(package, server, kind, how, headers=headers(kind))
    assert request.headers["accept"] == b"a/b"
    assert request.headers["cache-control"] == b"no-cache"


@every_client
@connect_or_event_source
def test_caller_may_set_a_header_to_the_clients_default(
    package: Any, server: EventServer, kind: ClientKind, how: str
) -> None:
    request = request_sent(package, server, kind, how, headers={"accept": "*/*", "X-Mine": "1"})
    assert request.headers["accept"] == b"*/*"
    assert request.headers["x-mine"] == b"1"
    assert request.headers["cache-control"] == b"no-store"


@every_client
@connect_or_event_source
def test_client_headers_are_kept(package: Any, server: EventServer, kind: ClientKind, how: str) -> None:
    settings = {"headers": {"Accept": "text/event-stream;q=0.5", "Cache-Control": "max-age=0", "X-Key": "k"}}
    request = request_sent(package, server, kind, how, settings)
    assert request.headers["accept"] == b"text/event-stream;q=0.5"
    assert request.headers["cache-control"] == b"max-age=0"
    assert request.headers["x-key"] == b"k"


@every_client
@connect_or_event_source
def test_request_options_are_passed_on(package: Any, server: EventServer, kind: ClientKind, how: str) -> None:
    request = request_sent(
        package, server, kind, how, method="POST", json={"a": 1}, params={"q": "x y"}, cookies={"c": "d"}
    )  # fmt: skip
    assert request.method == "POST"
    assert request.body.replace(b" ", b"") == b'{"a":1}'
    assert request.path.partition("?")[2] in ("q=x%20y", "q=x+y")
    assert request.headers["cookie"] == b"c=d"
    assert request.headers["content-type"] == b"application/json"


@every_client
@connect_or_event_source
def test_callers_auth_wins_over_the_clients(package: Any, server: EventServer, kind: ClientKind, how: str) -> None:
    expected = b"Basic " + base64.b64encode(b"me:secret")
    assert request_sent(package, server, kind, how, auth=("me", "secret")).headers["authorization"] == expected
    settings = {"auth": ("me", "secret")}
    assert request_sent(package, server, kind, how, settings).headers["authorization"] == expected
    assert "authorization" not in request_sent(package, server, kind, how, settings, auth=None).headers


@every_client
@connect_or_event_source
def test_auth_flow_may_send_two_requests(package: Any, server: EventServer, kind: ClientKind, how: str) -> None:
    class Tokens(kind.library.Auth):  # type: ignore[name-defined, misc]
        def auth_flow(self, request: Any) -> Any:
            response = yield request
            if response.status_code == 401:
                request.headers["Authorization"] = "Bearer new"
                yield request

    endpoint = server.endpoint(server.offers(status=401, content_type=None, framing="length"), server.offers(ONE))
    if how == "EventSource":
        assert kind.read(package, endpoint.url, at_most=1, auth=Tokens()).data == ["1"]
    else:
        kind.connect(package, endpoint.url, auth=Tokens())
    assert [request.headers.get("authorization") for request in endpoint.requests] == [None, b"Bearer new"]


def timeouts(
    package: Any, server: EventServer, kind: ClientKind, how: str, settings: dict[str, Any], **options: Any
) -> dict[str, Any]:
    """Return the timeouts of the request."""
    seen: list[dict[str, Any]] = []

    def hook(request: Any) -> None:
        seen.append(request.extensions["timeout"])

    async def async_hook(request: Any) -> None:
        hook(request)

    request_sent(
        package,
        server,
        kind,
        how,
        settings | {"event_hooks": {"request": [async_hook if kind.is_async else hook]}},
        **options,
    )
    return seen[0]


@every_client
@connect_or_event_source
def test_only_reads_have_no_timeout(package: Any, server: EventServer, kind: ClientKind, how: str) -> None:
    limits = {"connect": 11.0, "read": 12.0, "write": 13.0, "pool": 14.0}
    settings = {"timeout": kind.library.Timeout(**limits)}
    assert timeouts(package, server, kind, how, settings) == limits | {"read": None}


@every_client
@connect_or_event_source
def test_idle_limit_is_the_read_timeout_of_sync_clients(
    package: Any, server: EventServer, kind: ClientKind, how: str
) -> None:
    stall = package.Stall(idle=17, progress=19)
    # Asynchronous streams measure this time themselves.
    assert timeouts(package, server, kind, how, {}, stall=stall)["read"] == (None if kind.is_async else 17)
    assert timeouts(package, server, kind, how, {}, stall=package.Stall(progress=19))["read"] is None


@every_client
@connect_or_event_source
@pytest.mark.parametrize(
    ("timeout", "read"),
    [
        (lambda kind: 7.0, 7.0),
        (lambda kind: None, None),
        (lambda kind: (1.0, 2.0, 3.0, 4.0), 2.0),
        (lambda kind: kind.library.Timeout(9.0), 9.0),
        (lambda kind: kind.library.USE_CLIENT_DEFAULT, 30.0),
    ],
    ids=["number", "None", "tuple", "Timeout", "the client's"],
)
def test_callers_timeout_wins(
    package: Any,
    server: EventServer,
    kind: ClientKind,
    how: str,
    timeout: Callable[[ClientKind], Any],
    read: float | None,
) -> None:
    assert timeouts(package, server, kind, how, {"timeout": 30.0}, timeout=timeout(kind))["read"] == read


@every_client
@connect_or_event_source
def test_timeout_in_extensions_wins(package: Any, server: EventServer, kind: ClientKind, how: str) -> None:
    limits = {"connect": 5.0, "read": 6.0, "write": 7.0, "pool": 8.0}
    assert timeouts(package, server, kind, how, {}, extensions={"timeout": limits}) == limits


@every_client
def test_each_attempt_sends_the_body(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.offers(ONE), server.raw(Do.DROP), server.offers(ONE))
    result = kind.read(package, endpoint.url, at_most=2, method="POST", content=b"question" * 1000)
    assert result.data == ["1", "1"]
    assert [request.body for request in endpoint.requests] == [b"question" * 1000] * 3


@every_client
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
def test_initial_last_event_id_is_sent_until_replaced(
    package: Any, server: EventServer, kind: ClientKind, options: dict[str, Any], sent: bytes
) -> None:
    endpoint = server.endpoint(
        server.offers(b"data: 0\n\n"), server.offers(ONE), server.offers(b"id:\ndata: 2\n\n" + ONE)
    )
    result = kind.read(package, endpoint.url, at_most=4, **options)
    assert [event.id for event in result.events] == [sent.decode(), "1", "", "1"]
    assert endpoint.ids == [sent, sent, b"1"]


@every_client
def test_each_attempt_uses_the_clients_cookies(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(
        server.offers(ONE, headers=("Set-Cookie: session=5",)), server.offers(ONE)
    )  # fmt: skip
    kind.read(package, endpoint.url, at_most=2)
    assert [request.headers.get("cookie") for request in endpoint.requests] == [None, b"session=5"]


NAMES = {
    "connect": "aconnect",
    "aconnect": "connect",
    "EventSource": "AsyncEventSource",
    "AsyncEventSource": "EventSource",
}


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_sync_async_mismatch_names_the_right_function(package: Any, library: Any, name: str) -> None:
    is_async = name.lower().startswith("a")
    client = (library.Client if is_async else library.AsyncClient)(verify=False)
    arguments = ("http://127.0.0.1:1/",) if "Source" in name else ("GET", "http://127.0.0.1:1/")
    with pytest.raises(TypeError, match=rf"^{name}\(\) sends with .*: call {NAMES[name]}\(\)$"):
        getattr(package, name)(client, *arguments)


def test_subclass_of_any_name_stays_sync_or_async(package: Any) -> None:
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
def test_wrong_client_error_says_what_to_pass(package: Any, name: str, client: Any) -> None:
    arguments = ("http://127.0.0.1:1/",) if "Source" in name else ("GET", "http://127.0.0.1:1/")
    with pytest.raises(TypeError, match=r"of httpx or httpx2, not .*pass .*Client\(.*iter_events\(\)"):
        getattr(package, name)(client, *arguments)


@pytest.mark.parametrize("library", [httpx, httpx2], ids=lambda library: library.__name__)
@pytest.mark.parametrize("options", [{"nonsense": 1}, {"timing": True}, {"retry": 5}], ids=repr)
def test_unknown_option_of_connect_is_refused(package: Any, library: Any, options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=next(iter(options))):
        package.connect(library.Client(verify=False), "GET", "http://127.0.0.1:1/", **options)
    with pytest.raises(TypeError, match=next(iter(options))):
        package.aconnect(library.AsyncClient(verify=False), "GET", "http://127.0.0.1:1/", **options)


@pytest.mark.parametrize(
    ("arguments", "options", "error", "match"),
    [
        (("GET",), {"max_event_size": 5}, TypeError, r"in a mapping: scanner=\{'max_event_size': \.\.\.\}"),
        (("GET",), {"timing": True}, TypeError, r"has no timing: .*iter_events\(response, timing=True\)"),
        ((None,), {}, TypeError, "takes a method such as 'GET', not NoneType"),
        (("http://127.0.0.1:1/",), {"url": "GET"}, ValueError, "the method first, then the URL"),
    ],
)
def test_misplaced_argument_error_says_where_it_belongs(
    package: Any, arguments: tuple[Any, ...], options: dict[str, Any], error: type[Exception], match: str
) -> None:
    with httpx.Client(verify=False) as client, pytest.raises(error, match=match):
        package.connect(client, *arguments, **{"url": "http://127.0.0.1:1/"} | options)


@pytest.mark.parametrize("name", ["on_reconnect", "sleep", "random"])
def test_callbacks_must_be_callable(package: Any, name: str) -> None:
    with httpx.Client(verify=False) as client:
        with pytest.raises(TypeError, match=f"{name} must be a function or None, not int"):
            package.EventSource(client, "http://127.0.0.1:1/", **{name: 5})


def test_missing_client_error_names_the_class(package: Any) -> None:
    with pytest.raises(TypeError, match=r"^EventSource\.__init__\(\) missing"):
        package.EventSource("http://127.0.0.1:1/")
