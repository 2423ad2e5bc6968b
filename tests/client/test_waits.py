"""How long an EventSource waits, how often it tries, and what it says of both."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from .clients import Way, every_way, every_way_async, every_way_sync, pause, run_in
from .server import Do

if TYPE_CHECKING:
    from .server import EventServer, Exchange

ONE, TWO = b"id: 1\ndata: 1\n\n", b"id: 2\ndata: 2\n\n"

W = "a connection that works, and ends without an event"
E = "a connection that brings an event"
F = "a connection that fails"
B = "a connection that brings an event, and breaks"
END = "no content"


def answers(server: EventServer, what: list[str]) -> list[Exchange]:
    make = {
        W: lambda: server.offers(b":\n\n"),
        E: lambda: server.offers(ONE),
        F: lambda: server.raw(Do.DROP),
        B: lambda: server.offers(ONE, Do.DROP),
        END: lambda: server.offers(status=204, content_type=None, framing="length"),
    }
    return [make[one]() for one in what]


# random() gives 0.5, so a wait is in the middle of what the formula allows; ms.
WAITS = [
    pytest.param({}, [E, E, E, END], [3000, 3000, 3000], [1, 1, 1], id="after connections that worked"),
    pytest.param({}, [W, W, W, END], [3000, 3000, 3000], [1, 1, 1], id="events or not"),
    pytest.param({}, [B, B, END], [3000, 3000], [1, 1], id="or broken"),
    pytest.param({}, [F, F, F, F, END], [3000, 4500, 7500, 13500], [1, 2, 3, 4], id="failures in a row"),
    pytest.param({}, [E, F, F, F, END], [3000, 3000, 4500, 7500], [1, 2, 3, 4], id="an end, and then failures"),
    pytest.param({}, [B, F, F, END], [3000, 4500, 7500], [1, 2, 3], id="a break, and then failures"),
    pytest.param({}, [F, F, E, F, END], [3000, 4500, 3000, 3000], [1, 2, 1, 2], id="a row that is broken"),
    pytest.param({}, [F, F, W, F, END], [3000, 4500, 3000, 3000], [1, 2, 1, 2], id="also by one that brings no event"),
    pytest.param({"retry": 100}, [F, F, END], [100, 150], [1, 2], id="retry"),
    pytest.param({"retry": 0}, [F, F, F, END], [0, 0, 0], [1, 2, 3], id="no retry"),
    pytest.param({"backoff": 10}, [F, F, F, END], [3000, 16500, 31500], [1, 2, 3], id="backoff"),
    pytest.param({"backoff": 1}, [F, F, F, END], [3000, 3000, 3000], [1, 2, 3], id="no backoff"),
    pytest.param({"max_retry": 5000}, [F, F, F, END], [3000, 4000, 4000], [1, 2, 3], id="max_retry"),
    pytest.param({"max_retry": 10}, [F, F, F, END], [3000, 3000, 3000], [1, 2, 3], id="max_retry below retry"),
    pytest.param({"random": lambda: 0.0}, [F, F, F, END], [3000, 3000, 3000], [1, 2, 3], id="the shortest"),
    pytest.param({"random": lambda: 0.9999999}, [F, F, F, END], [3000, 6000, 12000], [1, 2, 3], id="the longest"),
]


@every_way
@pytest.mark.parametrize(("options", "what", "waits", "attempts"), WAITS)
def test_waits_are_as_documented(
    package: Any,
    server: EventServer,
    way: Way,
    options: dict[str, Any],
    what: list[str],
    waits: list[int],
    attempts: list[int],
) -> None:
    endpoint = server.endpoint(*answers(server, what))
    told = way.read(package, endpoint.url, **options)
    assert told.error is None
    assert told.waits == [wait / 1000 for wait in waits]
    assert [reconnect[:2] for reconnect in told.reconnects] == list(zip(attempts, waits, strict=True))
    assert len(endpoint.requests) == len(what)


@every_way
@pytest.mark.parametrize(
    ("servers", "options", "waits"),
    [
        ("90000", {"max_retry": 50_000}, [50.0, 50.0, 50.0]),
        ("999999999999999", {}, [60.0, 60.0, 60.0]),
        ("0", {}, [0.1, 0.1, 0.15]),
        ("99", {"min_retry": 0}, [0.099, 0.099, 0.148]),
        ("1", {"min_retry": 250}, [0.25, 0.25, 0.375]),
        ("200", {"min_retry": 500, "max_retry": 300}, [0.3, 0.3, 0.3]),
    ],
)
def test_the_servers_time_has_bounds(
    package: Any, server: EventServer, way: Way, servers: str, options: dict[str, Any], waits: list[float]
) -> None:
    stream = server.offers(f"retry: {servers}\n\n".encode() + ONE)
    endpoint = server.endpoint(stream, *answers(server, [F, F, END]))
    assert way.read(package, endpoint.url, retry=10, **options).waits == waits


@every_way
def test_the_callers_time_has_no_bounds(package: Any, server: EventServer, way: Way) -> None:
    endpoint = server.endpoint(*answers(server, [F, F, END]))
    assert way.read(package, endpoint.url, retry=1, min_retry=500).waits == [0.001, 0.002]
    endpoint = server.endpoint(*answers(server, [F, F, END]))
    assert way.read(package, endpoint.url, retry=5000, max_retry=10).waits == [5.0, 5.0]


@every_way
def test_the_servers_reconnection_time_grows_as_ones_own_does(package: Any, server: EventServer, way: Way) -> None:
    stream = server.offers(b"retry: 100\n\n" + ONE)
    endpoint = server.endpoint(stream, *answers(server, [F, F, E, END]))
    assert way.read(package, endpoint.url).waits == [0.1, 0.1, 0.15, 0.1]


def test_waits_do_not_overflow_however_often_it_failed(package: Any) -> None:
    from ssescan.client.reconnecting import Reconnecting

    row = Reconnecting(3000, 100, 1e300, 60_000, None, lambda: 0.5)
    assert {row.next_delay(False, None, OSError()) for _ in range(2000)} == {3000, 31_500}
    assert row.next_delay(False, 10**14, OSError()) == 60_000
    row = Reconnecting(3000, 0, 1e300, 60_000, None, lambda: 0.5)
    assert {row.next_delay(False, 0, OSError()) for _ in range(2000)} == {0}


def test_unless_told_otherwise_waits_differ(package: Any) -> None:
    from ssescan.client.reconnecting import Reconnecting

    row = Reconnecting(3000, 100, 2.0, 60_000, None, None)
    waits = [row.next_delay(False, None, OSError()) for _ in range(50)]
    assert waits[0] == 3000
    assert len(set(waits)) > 10
    assert all(3000 <= wait <= 60_000 for wait in waits)


EXHAUSTED = [
    pytest.param(3, [F], 3, 3, "RemoteProtocolError", id="nothing but failures"),
    pytest.param(1, [F], 1, 1, "RemoteProtocolError", id="one attempt"),
    pytest.param(0, [F], 1, 1, "RemoteProtocolError", id="0: a failure"),
    pytest.param(0, [E], 1, 0, None, id="0: an end"),
    pytest.param(0, [B], 1, 0, "RemoteProtocolError", id="0: a break"),
    pytest.param(3, [W], 3, 3, None, id="streams without an event"),
    pytest.param(3, [E, F], 4, 3, "RemoteProtocolError", id="an event, and then failures"),
    pytest.param(3, [F, F, E, F, F, E, F, W, F], 9, 3, "RemoteProtocolError", id="an event begins a new count"),
    pytest.param(3, [F, W, F], 3, 3, "RemoteProtocolError", id="a stream without an event does not"),
    pytest.param(10, [F], 10, 10, "RemoteProtocolError", id="ten, which is the default"),
]


@every_way
@pytest.mark.parametrize(("limit", "what", "requests", "attempts", "cause"), EXHAUSTED)
def test_attempts_in_a_row_without_an_event_are_limited(
    package: Any,
    server: EventServer,
    way: Way,
    limit: int,
    what: list[str],
    requests: int,
    attempts: int,
    cause: str | None,
) -> None:
    endpoint = server.endpoint(*answers(server, what))
    options: dict[str, Any] = {} if limit == 10 else {"max_reconnects": limit}
    told = way.read(package, endpoint.url, **options)
    error: Any = told.error
    assert isinstance(error, package.ReconnectsExhausted)
    assert error.attempts == attempts
    assert (None if error.__cause__ is None else type(error.__cause__).__name__) == cause
    assert len(endpoint.requests) == requests
    assert len(told.waits) == requests - 1
    assert str(error)


@every_way
def test_without_a_limit_it_tries_for_ever(package: Any, server: EventServer, way: Way) -> None:
    endpoint = server.endpoint(*answers(server, [F] * 30 + [E, END]))
    told = way.read(package, endpoint.url, max_reconnects=None)
    assert told.error is None
    assert told.data == ["1"]
    assert len(endpoint.requests) == 32
    assert max(told.waits) <= 60


@every_way
def test_a_comment_is_no_event(package: Any, server: EventServer, way: Way) -> None:
    endpoint = server.endpoint(server.offers(b": ping\n\n"))
    told = way.read(package, endpoint.url, max_reconnects=2, scanner={"comments": True})
    assert isinstance(told.error, package.ReconnectsExhausted)
    assert [comment.text for comment in told.events] == ["ping", "ping"]


class Boom(Exception):
    """Raised by the program, in the middle of things."""


@every_way
@pytest.mark.parametrize("where", ["sleep", "on_reconnect", "random"])
def test_what_a_callable_raises_ends_the_iteration(package: Any, server: EventServer, way: Way, where: str) -> None:
    def boom(*arguments: object) -> Any:
        raise Boom

    endpoint = server.endpoint(*answers(server, [F]))
    options: dict[str, Any] = {where: boom}
    told = way.read(package, endpoint.url, **options)
    assert isinstance(told.error, Boom)


@every_way_async
def test_callables_may_be_async(package: Any, server: EventServer, way: Way) -> None:
    endpoint = server.endpoint(*answers(server, [F, E, END]))
    order: list[Any] = []

    async def sleep(seconds: float) -> None:
        await pause(way.loop)
        order.append(seconds)

    async def on_reconnect(attempt: int, delay: int, error: Exception | None) -> None:
        await pause(way.loop)
        order.append((attempt, delay, type(error).__name__))

    told = way.read(package, endpoint.url, sleep=sleep, on_reconnect=on_reconnect)
    assert told.data == ["1"]
    assert order == [(1, 3000, "RemoteProtocolError"), 3.0, (1, 3000, "NoneType"), 3.0]


@every_way_sync
@pytest.mark.parametrize("where", ["sleep", "on_reconnect"])
def test_an_async_callable_is_refused_where_nobody_would_await_it(
    package: Any, server: EventServer, way: Way, where: str
) -> None:
    async def work(*arguments: object) -> None: ...

    endpoint = server.endpoint(*answers(server, [F]))
    options: dict[str, Any] = {where: work}
    told = way.read(package, endpoint.url, **options)
    assert isinstance(told.error, TypeError)
    assert where in str(told.error)
    assert len(endpoint.requests) == 1


@every_way_sync
def test_time_passes_where_nothing_else_is_said(package: Any, server: EventServer, way: Way) -> None:
    endpoint = server.endpoint(*answers(server, [E, F, E, END]))
    told = way.read(package, endpoint.url, sleep=None, random=None, retry=1)
    assert told.data == ["1", "1"]


@every_way_async
def test_time_passes_where_nothing_else_is_said_asynchronously(package: Any, server: EventServer, way: Way) -> None:
    endpoint = server.endpoint(*answers(server, [E, F, E, END]))
    told = way.read(package, endpoint.url, sleep=None, random=None, retry=1)
    assert told.data == ["1", "1"]


@every_way
def test_attributes_tell_what_is_known_by_now(package: Any, server: EventServer, way: Way) -> None:
    stream = server.offers(b"retry: 200\nid: 5\ndata: 1\n\nid: 6\n\ndata: 2\n\nid: 7\n\n")
    endpoint = server.endpoint(stream, *answers(server, [END]))
    seen: list[Any] = []

    def look(source: Any) -> None:
        response = source.response
        seen.append((source.last_event_id, source.retry, None if response is None else response.status_code))

    async def main() -> None:
        async with way.async_client() as client:
            source: Any = package.AsyncEventSource(
                client, endpoint.url, last_event_id="4", sleep=lambda seconds: look(source)
            )
            async with source:
                look(source)
                async for _ in source:
                    look(source)
                look(source)

    if way.is_async:
        run_in(way.loop, main)
    else:
        with way.client() as client:
            source: Any = package.EventSource(
                client, endpoint.url, last_event_id="4", sleep=lambda seconds: look(source)
            )
            with source:
                look(source)
                for _ in source:
                    look(source)
                look(source)
    assert seen == [
        ("4", 3000, None), ("5", 200, 200), ("6", 200, 200), ("7", 200, None), ("7", 200, None)
    ]  # fmt: skip
    assert endpoint.ids == [b"4", b"7"]


WRONG = [
    pytest.param({"retry": "3"}, TypeError, "retry must be an int", id="retry a str"),
    pytest.param({"retry": True}, TypeError, "retry must be an int", id="retry a bool"),
    pytest.param({"retry": -1}, ValueError, "retry must not be negative", id="retry below 0"),
    pytest.param({"max_retry": 1.5}, TypeError, "max_retry must be an int", id="max_retry a float"),
    pytest.param({"max_retry": -5}, ValueError, "max_retry must not be negative", id="max_retry below 0"),
    pytest.param({"max_reconnects": -1}, ValueError, "max_reconnects must not be negative", id="max_reconnects"),
    pytest.param({"max_reconnects": "all"}, TypeError, "max_reconnects must be an int", id="max_reconnects a str"),
    pytest.param({"backoff": 0.5}, ValueError, "backoff must be a finite number", id="backoff below 1"),
    pytest.param({"backoff": float("nan")}, ValueError, "backoff must be a finite number", id="backoff NaN"),
    pytest.param({"backoff": float("inf")}, ValueError, "backoff must be a finite number", id="backoff infinite"),
    pytest.param({"backoff": "2"}, TypeError, "backoff must be a number", id="backoff a str"),
    pytest.param({"last_event_id": 5}, TypeError, "last_event_id must be a str", id="an ID that is no str"),
    pytest.param({"last_event_id": "a\nb"}, ValueError, "one line without NUL", id="an ID of two lines"),
    pytest.param({"last_event_id": "a\0b"}, ValueError, "one line without NUL", id="an ID with NUL"),
    pytest.param({"last_event_id": "\ud800"}, ValueError, "surrogate", id="an ID of half a character"),
    pytest.param(
        {"last_event_id": "12345678", "scanner": {"max_event_size": 10}}, ValueError, "max_event_size", id="a large ID"
    ),
    pytest.param({"stall": 5}, TypeError, "stall must be a Stall", id="stall a number"),
    pytest.param({"scanner": {"comment": True}}, TypeError, "comment", id="an option no Scanner has"),
    pytest.param({"scanner": {"oversize": "no"}}, ValueError, "oversize", id="a wrong option of Scanner"),
    pytest.param({"scanner": True}, TypeError, "scanner must be a mapping", id="scanner no mapping"),
    pytest.param({"on_reconect": print}, TypeError, "on_reconect", id="an option nobody has"),
    pytest.param({"content": iter([b"a"])}, TypeError, "read once only: pass bytes", id="content an iterator"),
    pytest.param({"content": (b"a" for _ in "a")}, TypeError, "read once only", id="content a generator"),
    pytest.param({"data": iter([b"a"])}, TypeError, "read once only", id="data an iterator"),
]


@every_way
@pytest.mark.parametrize(("options", "kind", "match"), WRONG)
def test_wrong_use_is_refused_at_the_call(
    package: Any, way: Way, options: dict[str, Any], kind: type[Exception], match: str
) -> None:
    name = "AsyncEventSource" if way.is_async else "EventSource"
    client = (way.library.AsyncClient if way.is_async else way.library.Client)(verify=False)
    with pytest.raises(kind, match=match):
        getattr(package, name)(client, "http://127.0.0.1:1/", **options)


def test_random_is_asked_for_numbers_below_one(package: Any) -> None:
    from ssescan.client.reconnecting import Reconnecting

    generator = random.Random(7)
    row = Reconnecting(1000, 100, 2, 10**9, None, generator.random)
    again = random.Random(7)
    assert row.next_delay(True, None, OSError()) == 1000
    for failures in range(2, 15):
        expected = round(1000 + again.random() * (1000 * 2 ** (failures - 1) - 1000))
        assert row.next_delay(False, None, OSError()) == expected
