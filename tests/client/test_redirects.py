"""Redirects: what goes along within an origin, and how little of it to another one."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import ssescan

from .clients import Way, every_way, run_in
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
def elsewhere_server() -> Iterator[EventServer]:
    with EventServer() as server:
        yield server


@pytest.fixture
def elsewhere(elsewhere_server: EventServer) -> EventServer:
    """A server on another port, which is another origin."""
    return elsewhere_server


def redirect(server: EventServer, url: str, status: int = 307, *headers: str) -> Any:
    return server.offers(status=status, content_type=None, framing="length", headers=(f"Location: {url}", *headers))


def reads(way: Way, how: str, url: str, settings: dict[str, Any] | None = None, **options: Any) -> Any:
    """Read one event by connect or by an EventSource; return what was raised, or None."""
    if how == "EventSource":
        return way.read(ssescan, url, at_most=1, settings=settings, **options).error
    method = options.pop("method", "GET")
    raised: list[Exception] = []

    async def main() -> None:
        async with way.async_client(**settings or {}) as client:
            try:
                async with ssescan.aconnect(client, method, url, **options) as stream:
                    await anext(stream)
            except Exception as error:
                raised.append(error)

    if way.is_async:
        run_in(way.loop, main)
        return raised[0] if raised else None
    with way.client(**settings or {}) as client:
        try:
            with ssescan.connect(client, method, url, **options) as stream:
                next(stream)
        except Exception as error:
            raised.append(error)
    return raised[0] if raised else None


either = pytest.mark.parametrize("how", ["connect", "EventSource"])


def names_of(request: Request) -> set[str]:
    return set(request.headers)


def assert_harmless(request: Request) -> None:
    assert names_of(request) <= {name.lower() for name in HARMLESS} | {"connection"}
    assert request.body == b""
    assert b"SECRET" not in b"".join(request.headers.values())


@every_way
@either
@pytest.mark.parametrize("status", REDIRECTS)
def test_secrets_stay_at_their_origin(
    server: EventServer, elsewhere: EventServer, way: Way, how: str, status: int
) -> None:
    there = elsewhere.gives(ONE)
    here = server.endpoint(redirect(server, there.url, status))
    settings = {"auth": ("user", "SECRET"), "cookies": {"jar": "SECRET"}, "headers": {"X-Client": "SECRET"}}
    headers = {name: value for name, value in SECRETS.items() if name != "Authorization"}
    error = reads(way, how, here.url, settings, headers=headers | {"Accept-Language": "pt"})
    assert error is None
    sent = here.requests[0]
    assert {"x-api-key", "authorization", "cookie", "x-client"} <= names_of(sent)
    assert_harmless(there.requests[0])
    assert there.requests[0].headers["accept"] == b"text/event-stream"
    assert there.requests[0].headers["accept-language"] == b"pt"
    assert there.requests[0].headers["cache-control"] == b"no-store"


@every_way
@either
@pytest.mark.parametrize("status", REDIRECTS)
def test_a_body_stays_at_its_origin(
    server: EventServer, elsewhere: EventServer, way: Way, how: str, status: int
) -> None:
    there = elsewhere.gives(ONE)
    here = server.endpoint(redirect(server, there.url, status))
    error = reads(way, how, here.url, method="POST", json={"prompt": "SECRET"}, headers=SECRETS)
    if status in (307, 308):
        assert isinstance(error, ssescan.UnexpectedStatus)
        assert error.status == status
        assert "body of the request to another origin" in str(error)
        assert there.requests == []
    else:
        assert error is None
        assert there.requests[0].method == "GET"
        assert_harmless(there.requests[0])


@every_way
@either
def test_a_post_without_a_body_is_redirected(server: EventServer, elsewhere: EventServer, way: Way, how: str) -> None:
    there = elsewhere.gives(ONE)
    here = server.endpoint(redirect(server, there.url, 308))
    assert reads(way, how, here.url, method="POST") is None
    assert there.requests[0].method == "POST"


@every_way
@either
def test_everything_goes_along_within_an_origin(server: EventServer, way: Way, how: str) -> None:
    there = server.gives(ONE)
    here = server.endpoint(redirect(server, there.url.removeprefix(server.url)))
    settings = {"cookies": {"jar": "mine"}}
    headers = {"Authorization": "Bearer k", "x-api-key": "k"}
    error = reads(way, how, here.url, settings, method="POST", json={"a": 1}, headers=headers)
    assert error is None
    request = there.requests[0]
    assert request.method == "POST"
    assert request.body.replace(b" ", b"") == b'{"a":1}'
    assert (request.headers["authorization"], request.headers["x-api-key"]) == (b"Bearer k", b"k")
    assert request.headers["cookie"] == b"jar=mine"


@every_way
@either
def test_cookies_of_the_caller_go_along_within_an_origin(server: EventServer, way: Way, how: str) -> None:
    there = server.gives(ONE)
    here = server.endpoint(redirect(server, there.url, 307, "Set-Cookie: worker=7; Path=/"))
    assert reads(way, how, here.url, {"cookies": {"jar": "mine"}}, headers={"Cookie": "a=1; b=2"}) is None
    assert here.requests[0].headers["cookie"] == b"a=1; b=2"
    # httpx sends the caller's header or its jar; here the jar has what the server set on the way.
    assert set(there.requests[0].headers["cookie"].split(b"; ")) == {b"a=1", b"b=2", b"jar=mine", b"worker=7"}


@every_way
@either
def test_a_cookie_that_the_server_deletes_is_gone(server: EventServer, way: Way, how: str) -> None:
    there = server.gives(ONE)
    here = server.endpoint(redirect(server, there.url, 307, "Set-Cookie: jar=; Max-Age=0; Path=/"))
    settings: dict[str, Any] = {"cookies": way.library.Cookies()}
    settings["cookies"].set("jar", "mine", domain="127.0.0.1", path="/")
    assert reads(way, how, here.url, settings) is None
    assert here.requests[0].headers["cookie"] == b"jar=mine"
    assert "cookie" not in there.requests[0].headers


@every_way
def test_two_workers_that_issue_the_same_id(server: EventServer, elsewhere: EventServer, way: Way) -> None:
    # The last connection that set the ID is its issuer, also if the ID is what it was.
    one, two = elsewhere.gives(b"id: 5\ndata: 1\n\n"), server.gives(b"id: 5\ndata: 2\n\n")
    balancer = elsewhere.endpoint(
        redirect(elsewhere, one.url), redirect(elsewhere, two.url), redirect(elsewhere, two.url)
    )
    told = way.read(ssescan, balancer.url, at_most=3)
    assert told.data == ["1", "2", "2"]
    assert (one.ids, two.ids) == ([None], [None, b"5"])


@every_way
@either
def test_secrets_do_not_come_back(server: EventServer, elsewhere: EventServer, way: Way, how: str) -> None:
    # From here to there and back: a server must not make the program use its keys by redirects.
    home = server.gives(ONE)
    back = server.endpoint(redirect(server, home.url))
    there = elsewhere.endpoint(redirect(elsewhere, back.url))
    here = server.endpoint(redirect(server, there.url))
    settings = {"auth": ("user", "SECRET"), "cookies": {"jar": "SECRET"}}
    assert reads(way, how, here.url, settings, headers={"x-api-key": "SECRET"}) is None
    for endpoint in (there, back, home):
        assert_harmless(endpoint.requests[0])


@every_way
@either
def test_a_password_in_the_location_is_not_sent(
    server: EventServer, elsewhere: EventServer, way: Way, how: str
) -> None:
    there = elsewhere.gives(ONE)
    here = server.endpoint(redirect(server, there.url.replace("http://", "http://user:pw@")))
    assert reads(way, how, here.url) is None
    assert_harmless(there.requests[0])


@every_way
def test_the_id_goes_to_the_origin_that_issued_it(server: EventServer, elsewhere: EventServer, way: Way) -> None:
    # A balancer that redirects to one of its workers, and then to another one.
    worker = elsewhere.endpoint(elsewhere.offers(ONE), elsewhere.offers(TWO))
    balancer = server.endpoint(
        redirect(server, worker.url), redirect(server, worker.url), server.offers(b"data: 3\n\n")
    )
    told = way.read(ssescan, balancer.url, at_most=3, last_event_id="0")
    assert told.error is None
    assert told.data == ["1", "2", "3"]
    # "0" was given for the balancer; "1" and "2" are the worker's.
    assert balancer.ids == [b"0", None, None]
    assert worker.ids == [None, b"1"]


@every_way
@pytest.mark.parametrize("last_event_id", ["\u00e9", "\u6f22\u5b57", "\U0001f600"])
def test_an_id_of_any_letters_is_sent(
    server: EventServer, elsewhere: EventServer, way: Way, last_event_id: str
) -> None:
    worker = elsewhere.gives(f"id: {last_event_id}\ndata: 1\n\n".encode())
    balancer = server.endpoint(redirect(server, worker.url))
    assert way.read(ssescan, balancer.url, at_most=3).data == ["1", "1", "1"]
    assert worker.ids == [None, last_event_id.encode(), last_event_id.encode()]
    assert way.read(ssescan, worker.url, at_most=1, last_event_id=last_event_id).data == ["1"]
    assert worker.ids[-1] == last_event_id.encode()


@every_way
def test_a_worker_keeps_the_id_within_its_origin(server: EventServer, elsewhere: EventServer, way: Way) -> None:
    room = elsewhere.endpoint(elsewhere.offers(ONE), elsewhere.offers(TWO))
    door = elsewhere.endpoint(redirect(elsewhere, room.url))
    balancer = server.endpoint(redirect(server, door.url))
    assert way.read(ssescan, balancer.url, at_most=2).data == ["1", "2"]
    assert door.ids == room.ids == [None, b"1"]


@every_way
@either
def test_a_header_of_the_caller_is_not_taken_along(
    server: EventServer, elsewhere: EventServer, way: Way, how: str
) -> None:
    there = elsewhere.gives(ONE)
    here = server.endpoint(redirect(server, there.url))
    assert reads(way, how, here.url, headers={"Last-Event-ID": "7"}) is None
    assert (here.ids, there.ids) == ([b"7"], [None])


@every_way
@either
def test_history_hooks_and_the_limit_are_the_clients(
    server: EventServer, elsewhere: EventServer, way: Way, how: str
) -> None:
    there = elsewhere.gives(ONE)
    middle = server.endpoint(redirect(server, there.url, 302))
    here = server.endpoint(redirect(server, middle.url, 301))
    seen: list[str] = []
    responses: list[Any] = []

    def note(message: Any) -> None:
        seen.append(f"{type(message).__name__} {getattr(message, 'status_code', '')}".strip())
        if hasattr(message, "status_code"):
            responses.append(message)

    async def anote(message: Any) -> None:
        note(message)

    hook = anote if way.is_async else note
    settings = {"event_hooks": {"request": [hook], "response": [hook]}}
    assert reads(way, how, here.url, settings) is None
    assert seen == ["Request", "Response 301", "Request", "Response 302", "Request", "Response 200"]
    assert [response.status_code for response in responses[-1].history] == [301, 302]
    assert [response.is_closed for response in responses[-1].history] == [True, True]
    error = reads(way, how, here.url, {"max_redirects": 1})
    assert type(error).__name__ == "TooManyRedirects"


@every_way
@either
def test_a_body_of_a_redirect_is_not_waited_for(
    server: EventServer, elsewhere: EventServer, way: Way, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ssescan.client.redirects.MAX_SECONDS", 0.05)
    there = elsewhere.gives(ONE)
    headers = (f"Location: {there.url}",)
    endless = server.offers(b"<p>moved</p>", Do.HOLD, status=302, headers=headers)
    assert reads(way, how, server.endpoint(endless).url) is None
    lying = server.offers(Do.HOLD, status=302, headers=(*headers, "Content-Length: 5"), framing="close")
    assert reads(way, how, server.endpoint(lying).url) is None


@every_way
@either
def test_the_history_has_the_bodies(server: EventServer, elsewhere: EventServer, way: Way, how: str) -> None:
    there = elsewhere.gives(ONE)
    headers = (f"Location: {there.url}",)
    here = server.endpoint(server.offers(b"moved ", b"there", status=302, headers=headers))
    responses: list[Any] = []

    async def anote(response: Any) -> None:
        responses.append(response)

    hook = anote if way.is_async else responses.append
    assert reads(way, how, here.url, {"event_hooks": {"response": [hook]}}) is None
    assert [response.text for response in responses[-1].history] == ["moved there"]


def answers(*responses: httpx.Response) -> Any:
    """Return a transport that gives these responses, and keeps the requests."""
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return responses[len(requests) - 1]

    transport = httpx.MockTransport(handle)
    transport.requests = requests  # type: ignore[attr-defined]
    return transport


def stream_response() -> httpx.Response:
    return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=ONE)


def test_http_to_https_of_a_host_takes_all_along() -> None:
    # On the default ports alone, where no server of a test can listen.
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
def test_other_origins(url: str, location: str) -> None:
    transport = answers(httpx.Response(302, headers={"location": location}), stream_response())
    with httpx.Client(transport=transport) as client, ssescan.connect(client, "GET", url, headers=SECRETS) as stream:
        assert next(stream).data == "1"
    assert set(transport.requests[1].headers) <= {name.lower() for name in HARMLESS}


def test_an_id_of_https_is_not_sent_by_http() -> None:
    # The source's URL is http, and redirects to https each time.
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
def test_https_is_not_left(location: str) -> None:
    transport = answers(httpx.Response(302, headers={"location": location}, content=b"moved"))
    with httpx.Client(transport=transport) as client:
        with pytest.raises(ssescan.UnexpectedStatus, match="it leaves https") as caught:
            ssescan.connect(client, "GET", "https://a/").open()
    assert (caught.value.status, caught.value.body) == (302, b"moved")
    assert len(transport.requests) == 1


@pytest.mark.parametrize("follows", [True, False])
def test_the_client_says_whether_to_follow_if_asked(follows: bool) -> None:
    transport = answers(httpx.Response(302, headers={"location": "/y"}, content=b"moved"), stream_response())
    with httpx.Client(transport=transport, follow_redirects=follows) as client:
        stream = ssescan.connect(client, "GET", "http://a/", follow_redirects=httpx.USE_CLIENT_DEFAULT)
        if follows:
            assert next(stream).data == "1"
        else:
            with pytest.raises(ssescan.UnexpectedContentType):
                next(stream)


@every_way
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
def test_ids_that_a_header_cannot_carry(server: EventServer, way: Way, last_event_id: str, sent: bytes | None) -> None:
    stream = f"id: {last_event_id}\ndata: 1\n\n".encode()
    endpoint: Endpoint = server.gives(stream)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RuntimeWarning)
        told = way.read(ssescan, endpoint.url, at_most=3)
    assert told.error is None
    assert told.data == ["1", "1", "1"]
    assert endpoint.ids == [None, sent, sent]
    warned = [str(warning.message) for warning in caught if warning.category is RuntimeWarning]
    assert len(warned) == (sent is None)
    assert not any(last_event_id in text for text in warned)
