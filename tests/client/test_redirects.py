"""Redirects: headers, bodies, cookies and IDs within an origin, and to another one."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import ssescan

from .clients import ClientKind, connect_or_event_source, every_client
from .server import Do, EventServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .server import Endpoint, Request

ONE = b"id: 1\ndata: 1\n\n"
TWO = b"id: 2\ndata: 2\n\n"
SECRETS = {
    "Authorization": "Bearer SECRET",
    "x-api-key": "SECRET",
    "x-goog-api-key": "SECRET",
    "api-key": "SECRET",
    "Cookie": "session=SECRET",
    "X-Whatever": "SECRET",
    "Referer": "http://localhost/?key=SECRET",
}
HARMLESS = {"Accept", "Accept-Encoding", "Accept-Language", "Cache-Control", "Host", "User-Agent"}
REDIRECTS = [301, 302, 303, 307, 308]


@pytest.fixture(scope="module")
def other_server() -> Iterator[EventServer]:
    with EventServer() as server:
        yield server


@pytest.fixture
def other_origin(other_server: EventServer) -> EventServer:
    """Return a server on another port: another origin."""
    return other_server


def error_of(kind: ClientKind, how: str, url: str, settings: dict[str, Any] | None = None, **options: Any) -> Any:
    """Read one event with connect or an EventSource, and return the error, or None."""
    if how == "EventSource":
        return kind.read(ssescan, url, at_most=1, settings=settings, **options).error
    try:
        events = kind.connect(ssescan, url, at_most=1, settings=settings, **options)
    except Exception as error:
        return error
    assert len(events) == 1
    return None


def assert_harmless(request: Request) -> None:
    assert set(request.headers) <= {name.lower() for name in HARMLESS} | {"connection"}
    assert request.body == b""
    assert b"SECRET" not in b"".join(request.headers.values())


@every_client
@connect_or_event_source
@pytest.mark.parametrize("status", REDIRECTS)
def test_secrets_are_not_sent_to_another_origin(
    server: EventServer, other_origin: EventServer, kind: ClientKind, how: str, status: int
) -> None:
    there = other_origin.repeats(ONE)
    here = server.endpoint(server.redirects(there.url, status))
    settings = {"auth": ("user", "SECRET"), "cookies": {"jar": "SECRET"}, "headers": {"X-Client": "SECRET"}}
    headers = {name: value for name, value in SECRETS.items() if name != "Authorization"}
    error = error_of(kind, how, here.url, settings, headers=headers | {"Accept-Language": "pt"})
    assert error is None
    sent = here.requests[0]
    assert {"x-api-key", "authorization", "cookie", "x-client"} <= set(sent.headers)
    assert_harmless(there.requests[0])
    assert there.requests[0].headers["accept"] == b"text/event-stream"
    assert there.requests[0].headers["accept-language"] == b"pt"
    assert there.requests[0].headers["cache-control"] == b"no-store"


@every_client
@connect_or_event_source
@pytest.mark.parametrize("status", REDIRECTS)
def test_body_is_not_sent_to_another_origin(
    server: EventServer, other_origin: EventServer, kind: ClientKind, how: str, status: int
) -> None:
    there = other_origin.repeats(ONE)
    here = server.endpoint(server.redirects(there.url, status))
    error = error_of(kind, how, here.url, method="POST", json={"prompt": "SECRET"}, headers=SECRETS)
    if status in (307, 308):
        assert isinstance(error, ssescan.UnexpectedStatus)
        assert error.status == status
        assert "body of the request to another origin" in str(error)
        assert there.requests == []
    else:
        assert error is None
        assert there.requests[0].method == "GET"
        assert_harmless(there.requests[0])


@every_client
@connect_or_event_source
def test_post_without_body_is_redirected(
    server: EventServer, other_origin: EventServer, kind: ClientKind, how: str
) -> None:
    there = other_origin.repeats(ONE)
    here = server.endpoint(server.redirects(there.url, 308))
    assert error_of(kind, how, here.url, method="POST") is None
    assert there.requests[0].method == "POST"


@every_client
@connect_or_event_source
def test_same_origin_redirect_keeps_headers_and_body(server: EventServer, kind: ClientKind, how: str) -> None:
    there = server.repeats(ONE)
    here = server.endpoint(server.redirects(there.url.removeprefix(server.url)))
    settings = {"cookies": {"jar": "mine"}}
    headers = {"Authorization": "Bearer k", "x-api-key": "k"}
    error = error_of(kind, how, here.url, settings, method="POST", json={"a": 1}, headers=headers)
    assert error is None
    request = there.requests[0]
    assert request.method == "POST"
    assert request.body.replace(b" ", b"") == b'{"a":1}'
    assert (request.headers["authorization"], request.headers["x-api-key"]) == (b"Bearer k", b"k")
    assert request.headers["cookie"] == b"jar=mine"


@every_client
@connect_or_event_source
def test_same_origin_redirect_keeps_cookies(server: EventServer, kind: ClientKind, how: str) -> None:
    there = server.repeats(ONE)
    here = server.endpoint(server.redirects(there.url, 307, "Set-Cookie: worker=7; Path=/"))
    assert error_of(kind, how, here.url, {"cookies": {"jar": "mine"}}, headers={"Cookie": "a=1; b=2"}) is None
    assert here.requests[0].headers["cookie"] == b"a=1; b=2"
    # httpx sends either the caller's header or its jar. Here both go, and the cookie that the redirect set.
    assert set(there.requests[0].headers["cookie"].split(b"; ")) == {b"a=1", b"b=2", b"jar=mine", b"worker=7"}


@every_client
@connect_or_event_source
def test_cookie_deleted_by_the_server_is_not_sent(server: EventServer, kind: ClientKind, how: str) -> None:
    there = server.repeats(ONE)
    here = server.endpoint(server.redirects(there.url, 307, "Set-Cookie: jar=; Max-Age=0; Path=/"))
    settings: dict[str, Any] = {"cookies": kind.library.Cookies()}
    settings["cookies"].set("jar", "mine", domain="127.0.0.1", path="/")
    assert error_of(kind, how, here.url, settings) is None
    assert here.requests[0].headers["cookie"] == b"jar=mine"
    assert "cookie" not in there.requests[0].headers


@every_client
def test_two_workers_issue_the_same_id(server: EventServer, other_origin: EventServer, kind: ClientKind) -> None:
    # The issuer is the last server that set the ID, even to the same value.
    one, two = other_origin.repeats(b"id: 5\ndata: 1\n\n"), server.repeats(b"id: 5\ndata: 2\n\n")
    balancer = other_origin.endpoint(
        other_origin.redirects(one.url), other_origin.redirects(two.url), other_origin.redirects(two.url)
    )
    result = kind.read(ssescan, balancer.url, at_most=3)
    assert result.data == ["1", "2", "2"]
    assert (one.ids, two.ids) == ([None], [None, b"5"])


@every_client
@connect_or_event_source
def test_secrets_are_not_sent_after_redirect_back(
    server: EventServer, other_origin: EventServer, kind: ClientKind, how: str
) -> None:
    # Another origin must not be able to make the caller use its keys.
    home = server.repeats(ONE)
    back = server.endpoint(server.redirects(home.url))
    there = other_origin.endpoint(other_origin.redirects(back.url))
    here = server.endpoint(server.redirects(there.url))
    settings = {"auth": ("user", "SECRET"), "cookies": {"jar": "SECRET"}}
    assert error_of(kind, how, here.url, settings, headers={"x-api-key": "SECRET"}) is None
    for endpoint in (there, back, home):
        assert_harmless(endpoint.requests[0])


@every_client
@connect_or_event_source
def test_password_in_location_is_not_sent(
    server: EventServer, other_origin: EventServer, kind: ClientKind, how: str
) -> None:
    there = other_origin.repeats(ONE)
    here = server.endpoint(server.redirects(there.url.replace("http://", "http://user:pw@")))
    assert error_of(kind, how, here.url) is None
    assert_harmless(there.requests[0])


@every_client
def test_last_event_id_is_sent_to_its_issuer_only(
    server: EventServer, other_origin: EventServer, kind: ClientKind
) -> None:
    # A balancer that redirects to a worker twice, and then answers itself.
    worker = other_origin.endpoint(other_origin.offers(ONE), other_origin.offers(TWO))
    balancer = server.endpoint(
        server.redirects(worker.url), server.redirects(worker.url), server.offers(b"data: 3\n\n")
    )
    result = kind.read(ssescan, balancer.url, at_most=3, last_event_id="0")
    assert result.error is None
    assert result.data == ["1", "2", "3"]
    # The caller gave "0" for the balancer; the worker issued "1" and "2".
    assert balancer.ids == [b"0", None, None]
    assert worker.ids == [None, b"1"]


@every_client
@pytest.mark.parametrize("last_event_id", ["\u00e9", "\u6f22\u5b57", "\U0001f600"])
def test_non_ascii_last_event_id_is_sent(
    server: EventServer, other_origin: EventServer, kind: ClientKind, last_event_id: str
) -> None:
    worker = other_origin.repeats(f"id: {last_event_id}\ndata: 1\n\n".encode())
    balancer = server.endpoint(server.redirects(worker.url))
    assert kind.read(ssescan, balancer.url, at_most=3).data == ["1", "1", "1"]
    assert worker.ids == [None, last_event_id.encode(), last_event_id.encode()]
    assert kind.read(ssescan, worker.url, at_most=1, last_event_id=last_event_id).data == ["1"]
    assert worker.ids[-1] == last_event_id.encode()


@every_client
def test_redirects_within_a_workers_origin_keep_the_id(
    server: EventServer, other_origin: EventServer, kind: ClientKind
) -> None:
    room = other_origin.endpoint(other_origin.offers(ONE), other_origin.offers(TWO))
    door = other_origin.endpoint(other_origin.redirects(room.url))
    balancer = server.endpoint(server.redirects(door.url))
    assert kind.read(ssescan, balancer.url, at_most=2).data == ["1", "2"]
    assert door.ids == room.ids == [None, b"1"]


@every_client
@connect_or_event_source
def test_last_event_id_header_is_not_redirected(
    server: EventServer, other_origin: EventServer, kind: ClientKind, how: str
) -> None:
    there = other_origin.repeats(ONE)
    here = server.endpoint(server.redirects(there.url))
    assert error_of(kind, how, here.url, headers={"Last-Event-ID": "7"}) is None
    assert (here.ids, there.ids) == ([b"7"], [None])


@every_client
@connect_or_event_source
def test_history_hooks_and_limit_are_the_clients(
    server: EventServer, other_origin: EventServer, kind: ClientKind, how: str
) -> None:
    there = other_origin.repeats(ONE)
    middle = server.endpoint(server.redirects(there.url, 302))
    here = server.endpoint(server.redirects(middle.url, 301))
    seen: list[str] = []
    responses: list[Any] = []

    def hook(message: Any) -> None:
        seen.append(f"{type(message).__name__} {getattr(message, 'status_code', '')}".strip())
        if hasattr(message, "status_code"):
            responses.append(message)

    async def async_hook(message: Any) -> None:
        hook(message)

    hooks = [async_hook if kind.is_async else hook]
    settings = {"event_hooks": {"request": hooks, "response": hooks}}
    assert error_of(kind, how, here.url, settings) is None
    assert seen == ["Request", "Response 301", "Request", "Response 302", "Request", "Response 200"]
    assert [response.status_code for response in responses[-1].history] == [301, 302]
    assert [response.is_closed for response in responses[-1].history] == [True, True]
    error = error_of(kind, how, here.url, {"max_redirects": 1})
    assert type(error).__name__ == "TooManyRedirects"


@every_client
@connect_or_event_source
def test_endless_redirect_body_does_not_block(
    server: EventServer, other_origin: EventServer, kind: ClientKind, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssescan.client.redirects.MAX_SECONDS", 0.05)
    there = other_origin.repeats(ONE)
    headers = (f"Location: {there.url}",)
    endless = server.offers(b"<p>moved</p>", Do.HOLD, status=302, headers=headers)
    assert error_of(kind, how, server.endpoint(endless).url) is None
    missing = server.offers(Do.HOLD, status=302, headers=(*headers, "Content-Length: 5"), framing="close")
    assert error_of(kind, how, server.endpoint(missing).url) is None


@every_client
@connect_or_event_source
def test_history_has_the_bodies(server: EventServer, other_origin: EventServer, kind: ClientKind, how: str) -> None:
    there = other_origin.repeats(ONE)
    headers = (f"Location: {there.url}",)
    here = server.endpoint(server.offers(b"moved ", b"there", status=302, headers=headers))
    responses: list[Any] = []

    async def async_hook(response: Any) -> None:
        responses.append(response)

    hook = async_hook if kind.is_async else responses.append
    assert error_of(kind, how, here.url, {"event_hooks": {"response": [hook]}}) is None
    assert [response.text for response in responses[-1].history] == ["moved there"]


def answers(*responses: httpx.Response) -> Any:
    """Return a transport that answers with these responses, and keeps the requests."""
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return responses[len(requests) - 1]

    transport = httpx.MockTransport(handle)
    transport.requests = requests  # type: ignore[attr-defined]
    return transport


def stream_response() -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=ONE)


def test_http_to_https_upgrade_keeps_headers() -> None:
    # Only the default ports count, where no server of a test can listen.
    transport = answers(httpx.Response(301, headers={"location": "https://a/x"}), stream_response())
    with httpx.Client(transport=transport) as client:
        with ssescan.connect(client, "GET", "http://a/x", headers=SECRETS) as stream:
            assert next(stream).data == "1"
    assert transport.requests[1].headers["x-api-key"] == "SECRET"
    assert transport.requests[1].headers["authorization"] == "Bearer SECRET"


@pytest.mark.parametrize(
    ("url", "location"),
    [
        ("http://a/", "https://b/"),
        ("http://a:8080/", "https://a/"),
        ("http://a/", "https://a:8443/"),
        ("http://a/", "http://a:81/"),
        ("https://a/", "https://b.a/"),
        ("https://a/", "https://A.evil/"),
        ("http://a/", "//b/"),
        ("http://a/", "http://a@b/"),
    ],
)
def test_harmless_headers_only_to_other_origins(url: str, location: str) -> None:
    transport = answers(httpx.Response(302, headers={"location": location}), stream_response())
    with httpx.Client(transport=transport) as client, ssescan.connect(client, "GET", url, headers=SECRETS) as stream:
        assert next(stream).data == "1"
    assert set(transport.requests[1].headers) <= {name.lower() for name in HARMLESS}


def test_id_issued_by_https_is_not_sent_by_http() -> None:
    # The http URL redirects to https each time.
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if request.url.scheme == "http":
            return httpx.Response(301, headers={"location": "https://a/x"})
        return stream_response()

    with httpx.Client(transport=httpx.MockTransport(handle)) as client:
        source = ssescan.EventSource(client, "http://a/x", sleep=lambda seconds: None)
        assert [next(source).data, next(source).data] == ["1", "1"]
        source.close()
    ids = [(request.url.scheme, request.headers.get("last-event-id")) for request in requests]
    assert ids == [("http", None), ("https", None), ("http", None), ("https", "1")]


@pytest.mark.parametrize("location", ["http://a/", "http://b/", "http://a:443/"])
def test_redirect_from_https_to_http_is_refused(location: str) -> None:
    transport = answers(httpx.Response(302, headers={"location": location}, content=b"moved"))
    with httpx.Client(transport=transport) as client:
        with pytest.raises(ssescan.UnexpectedStatus, match="it leaves https") as caught:
            ssescan.connect(client, "GET", "https://a/").open()
    assert (caught.value.status, caught.value.body) == (302, b"moved")
    assert len(transport.requests) == 1


@pytest.mark.parametrize("follows", [True, False])
def test_follow_redirects_can_be_the_clients_default(follows: bool) -> None:
    transport = answers(httpx.Response(302, headers={"location": "/y"}, content=b"moved"), stream_response())
    with httpx.Client(transport=transport, follow_redirects=follows) as client:
        stream = ssescan.connect(client, "GET", "http://a/", follow_redirects=httpx.USE_CLIENT_DEFAULT)
        if follows:
            assert next(stream).data == "1"
        else:
            with pytest.raises(ssescan.UnexpectedContentType):
                next(stream)


@every_client
@pytest.mark.parametrize(
    ("last_event_id", "sent"),
    [
        ("a\x0bb", None),
        ("a\x0cb", None),
        ("\x01", None),
        ("a\x7fb", None),
        ("x" * 4097, None),
        ("\u00e9" * 2049, None),
        ("x" * 4096, b"x" * 4096),
        ("a\tb", b"a\tb"),
        ("\ufffd", b"\xef\xbf\xbd"),
        (" a ", b"a"),
    ],
    ids=lambda value: repr(value)[:12],
)
def test_ids_unfit_for_a_header_are_not_sent(
    server: EventServer, kind: ClientKind, last_event_id: str, sent: bytes | None
) -> None:
    stream = f"id: {last_event_id}\ndata: 1\n\n".encode()
    endpoint: Endpoint = server.repeats(stream)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        result = kind.read(ssescan, endpoint.url, at_most=3)
    assert result.error is None
    assert result.data == ["1", "1", "1"]
    assert endpoint.ids == [None, sent, sent]
    warned = [str(warning.message) for warning in caught if warning.category is RuntimeWarning]
    assert len(warned) == (sent is None)
    assert not any(last_event_id in text for text in warned)
