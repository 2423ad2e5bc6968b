"""The waits of an EventSource between attempts, and the number of attempts."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from streams.cases import Boom

from .clients import ClientKind, every_async_client, every_client, every_sync_client, pause, run_in
from .server import Do

if TYPE_CHECKING:
    from .server import EventServer, Exchange

ONE, TWO = b"id: 1\ndata: 1\n\n", b"id: 2\ndata: 2\n\n"

W = "a connection that ends without an event"
E = "a connection with an event"
F = "a connection that fails"
B = "a connection with an event that then breaks"
END = "no content"


def answers(server: EventServer, names: list[str]) -> list[Exchange]:
    offer = {
        W: lambda: server.offers(b":\n\n"),
        E: lambda: server.offers(ONE),
        F: lambda: server.raw(Do.DROP),
        B: lambda: server.offers(ONE, Do.DROP),
        END: server.no_content,
    }
    return [offer[name]() for name in names]


# The options, the answers, the waits in ms, the attempts. random() returns 0.5: a wait is the middle of its range.
WAITS = [
    pytest.param({}, [E, E, E, END], [3000, 3000, 3000], [1, 1, 1], id="after events"),
    pytest.param({}, [W, W, W, END], [3000, 3000, 3000], [1, 1, 1], id="without events"),
    pytest.param({}, [B, B, END], [3000, 3000], [1, 1], id="broken after an event"),
    pytest.param({}, [F, F, F, F, END], [3000, 4500, 7500, 13500], [1, 2, 3, 4], id="failures in a row"),
    pytest.param({}, [E, F, F, F, END], [3000, 3000, 4500, 7500], [1, 2, 3, 4], id="an end, then failures"),
    pytest.param({}, [B, F, F, END], [3000, 4500, 7500], [1, 2, 3], id="a break, then failures"),
    pytest.param({}, [F, F, E, F, END], [3000, 4500, 3000, 3000], [1, 2, 1, 2], id="an event resets the count"),
    pytest.param(
        {}, [F, F, W, F, END], [3000, 4500, 3000, 3000], [1, 2, 1, 2], id="a stream without events resets the count"
    ),
    pytest.param({"retry": 100}, [F, F, END], [100, 150], [1, 2], id="retry"),
    pytest.param({"retry": 0}, [F, F, F, END], [0, 0, 0], [1, 2, 3], id="no retry"),
    pytest.param({"backoff": 10}, [F, F, F, END], [3000, 16500, 31500], [1, 2, 3], id="backoff"),
    pytest.param({"backoff": 1}, [F, F, F, END], [3000, 3000, 3000], [1, 2, 3], id="no backoff"),
    pytest.param({"max_retry": 5000}, [F, F, F, END], [3000, 4000, 4000], [1, 2, 3], id="max_retry"),
    pytest.param({"max_retry": 10}, [F, F, F, END], [3000, 3000, 3000], [1, 2, 3], id="max_retry below retry"),
    pytest.param({"random": lambda: 0.0}, [F, F, F, END], [3000, 3000, 3000], [1, 2, 3], id="the shortest"),
    pytest.param({"random": lambda: 0.9999999}, [F, F, F, END], [3000, 6000, 12000], [1, 2, 3], id="the longest"),
]


@every_client
@pytest.mark.parametrize(("options", "names", "waits", "attempts"), WAITS)
def test_waits_are_as_documented(
    package: Any,
    server: EventServer,
    kind: ClientKind,
    options: dict[str, Any],
    names: list[str],
    waits: list[int],
    attempts: list[int],
) -> None:
    endpoint = server.endpoint(*answers(server, names))
    result = kind.read(package, endpoint.url, **options)
    assert result.error is None
    assert result.waits == [wait / 1000 for wait in waits]
    assert [reconnect[:2] for reconnect in result.reconnects] == list(zip(attempts, waits, strict=True))
    assert len(endpoint.requests) == len(names)


@every_client
@pytest.mark.parametrize(
    ("retry", "options", "waits"),
    [
        ("90000", {"max_retry": 50_000}, [50.0, 50.0, 50.0]),
        ("999999999999999", {}, [60.0, 60.0, 60.0]),
        ("0", {}, [0.1, 0.1, 0.15]),
        ("99", {"min_retry": 0}, [0.099, 0.099, 0.148]),
        ("1", {"min_retry": 250}, [0.25, 0.25, 0.375]),
        ("200", {"min_retry": 500, "max_retry": 300}, [0.3, 0.3, 0.3]),
    ],
)
def test_servers_reconnection_time_has_bounds(
    package: Any, server: EventServer, kind: ClientKind, retry: str, options: dict[str, Any], waits: list[float]
) -> None:
    stream = server.offers(f"retry: {retry}\n\n".encode() + ONE)
    endpoint = server.endpoint(stream, *answers(server, [F, F, END]))
    assert kind.read(package, endpoint.url, retry=10, **options).waits == waits


@every_client
def test_callers_reconnection_time_has_no_bounds(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(*answers(server, [F, F, END]))
    assert kind.read(package, endpoint.url, retry=1, min_retry=500).waits == [0.001, 0.002]
    endpoint = server.endpoint(*answers(server, [F, F, END]))
    assert kind.read(package, endpoint.url, retry=5000, max_retry=10).waits == [5.0, 5.0]


@every_client
def test_backoff_applies_to_the_servers_time(package: Any, server: EventServer, kind: ClientKind) -> None:
    stream = server.offers(b"retry: 100\n\n" + ONE)
    endpoint = server.endpoint(stream, *answers(server, [F, F, E, END]))
    assert kind.read(package, endpoint.url).waits == [0.1, 0.1, 0.15, 0.1]


def test_waits_do_not_overflow(package: Any) -> None:
    from ssescan.client.reconnecting import Reconnecting

    reconnecting = Reconnecting(3000, 100, 1e300, 60_000, None, lambda: 0.5)
    assert {reconnecting.next_delay(False, None, OSError()) for _ in range(2000)} == {3000, 31_500}
    assert reconnecting.next_delay(False, 10**14, OSError()) == 60_000
    reconnecting = Reconnecting(3000, 0, 1e300, 60_000, None, lambda: 0.5)
    assert {reconnecting.next_delay(False, 0, OSError()) for _ in range(2000)} == {0}


def test_waits_are_random_by_default(package: Any) -> None:
    from ssescan.client.reconnecting import Reconnecting

    reconnecting = Reconnecting(3000, 100, 2.0, 60_000, None, None)
    waits = [reconnecting.next_delay(False, None, OSError()) for _ in range(50)]
    assert waits[0] == 3000
    assert len(set(waits)) > 10
    assert all(3000 <= wait <= 60_000 for wait in waits)


EXHAUSTED = [
    pytest.param(3, [F], 3, 3, "RemoteProtocolError", id="only failures"),
    pytest.param(1, [F], 1, 1, "RemoteProtocolError", id="one attempt"),
    pytest.param(0, [F], 1, 1, "RemoteProtocolError", id="0: a failure"),
    pytest.param(0, [E], 1, 0, None, id="0: an end"),
    pytest.param(0, [B], 1, 0, "RemoteProtocolError", id="0: a break"),
    pytest.param(3, [W], 3, 3, None, id="streams without an event"),
    pytest.param(3, [E, F], 4, 3, "RemoteProtocolError", id="an event, then failures"),
    pytest.param(3, [F, F, E, F, F, E, F, W, F], 9, 3, "RemoteProtocolError", id="an event resets the count"),
    pytest.param(3, [F, W, F], 3, 3, "RemoteProtocolError", id="a stream without events does not"),
    pytest.param(10, [F], 10, 10, "RemoteProtocolError", id="ten by default"),
]


@every_client
@pytest.mark.parametrize(("limit", "names", "requests", "attempts", "cause"), EXHAUSTED)
def test_attempts_without_an_event_are_limited(
    package: Any,
    server: EventServer,
    kind: ClientKind,
    limit: int,
    names: list[str],
    requests: int,
    attempts: int,
    cause: str | None,
) -> None:
    endpoint = server.endpoint(*answers(server, names))
    options: dict[str, Any] = {} if limit == 10 else {"max_reconnects": limit}
    result = kind.read(package, endpoint.url, **options)
    error: Any = result.error
    assert isinstance(error, package.ReconnectsExhausted)
    assert error.attempts == attempts
    assert (None if error.__cause__ is None else type(error.__cause__).__name__) == cause
    assert len(endpoint.requests) == requests
    assert len(result.waits) == requests - 1
    assert str(error)


@every_client
def test_no_limit_of_attempts(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(*answers(server, [F] * 30 + [E, END]))
    result = kind.read(package, endpoint.url, max_reconnects=None)
    assert result.error is None
    assert result.data == ["1"]
    assert len(endpoint.requests) == 32
    assert max(result.waits) <= 60


@every_client
def test_comment_does_not_count_as_event(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(server.offers(b": ping\n\n"))
    result = kind.read(package, endpoint.url, max_reconnects=2, scanner={"comments": True})
    assert isinstance(result.error, package.ReconnectsExhausted)
    assert [comment.text for comment in result.events] == ["ping", "ping"]


@every_client
@pytest.mark.parametrize("where", ["sleep", "on_reconnect", "random"])
def test_error_in_a_callback_ends_the_iteration(
    package: Any, server: EventServer, kind: ClientKind, where: str
) -> None:
    def boom(*arguments: object) -> Any:
        raise Boom

    endpoint = server.endpoint(*answers(server, [F]))
    options: dict[str, Any] = {where: boom}
    result = kind.read(package, endpoint.url, **options)
    assert isinstance(result.error, Boom)


@every_async_client
def test_callbacks_may_be_async(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(*answers(server, [F, E, END]))
    order: list[Any] = []

    async def sleep(seconds: float) -> None:
        await pause(kind.loop)
        order.append(seconds)

    async def on_reconnect(attempt: int, delay: int, error: Exception | None) -> None:
        await pause(kind.loop)
        order.append((attempt, delay, type(error).__name__))

    result = kind.read(package, endpoint.url, sleep=sleep, on_reconnect=on_reconnect)
    assert result.data == ["1"]
    assert order == [(1, 3000, "RemoteProtocolError"), 3.0, (1, 3000, "NoneType"), 3.0]


@every_sync_client
@pytest.mark.parametrize("where", ["sleep", "on_reconnect"])
def test_sync_source_refuses_async_callbacks(package: Any, server: EventServer, kind: ClientKind, where: str) -> None:
    async def work(*arguments: object) -> None: ...

    endpoint = server.endpoint(*answers(server, [F]))
    options: dict[str, Any] = {where: work}
    result = kind.read(package, endpoint.url, **options)
    assert isinstance(result.error, TypeError)
    assert where in str(result.error)
    assert len(endpoint.requests) == 1


@every_sync_client
def test_default_sleep_and_random(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(*answers(server, [E, F, E, END]))
    result = kind.read(package, endpoint.url, sleep=None, random=None, retry=1)
    assert result.data == ["1", "1"]


@every_async_client
def test_default_sleep_and_random_async(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(*answers(server, [E, F, E, END]))
    result = kind.read(package, endpoint.url, sleep=None, random=None, retry=1)
    assert result.data == ["1", "1"]


@every_client
def test_attributes_during_iteration(package: Any, server: EventServer, kind: ClientKind) -> None:
    stream = server.offers(b"retry: 200\nid: 5\ndata: 1\n\nid: 6\n\ndata: 2\n\nid: 7\n\n")
    endpoint = server.endpoint(stream, *answers(server, [END]))
    seen: list[Any] = []

    def look(source: Any) -> None:
        response = source.response
        seen.append((source.last_event_id, source.retry, None if response is None else response.status_code))

    async def main() -> None:
        async with kind.async_client() as client:
            source: Any = package.AsyncEventSource(
                client, endpoint.url, last_event_id="4", sleep=lambda seconds: look(source)
            )
            async with source:
                look(source)
                async for _ in source:
                    look(source)
                look(source)

    if kind.is_async:
        run_in(kind.loop, main)
    else:
        with kind.client() as client:
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
    pytest.param({"last_event_id": 5}, TypeError, "last_event_id must be a str", id="an ID that is not a str"),
    pytest.param({"last_event_id": "a\nb"}, ValueError, "one line without NUL", id="an ID of two lines"),
    pytest.param({"last_event_id": "a\0b"}, ValueError, "one line without NUL", id="an ID with NUL"),
    pytest.param({"last_event_id": "\ud800"}, ValueError, "surrogate", id="an ID of half a character"),
    pytest.param(
        {"last_event_id": "12345678", "scanner": {"max_event_size": 10}}, ValueError, "max_event_size", id="a large ID"
    ),
    pytest.param({"stall": 5}, TypeError, "stall must be a Stall", id="stall a number"),
    pytest.param({"scanner": {"comment": True}}, TypeError, "comment", id="an unknown option of Scanner"),
    pytest.param({"scanner": {"oversize": "no"}}, ValueError, "oversize", id="a wrong option of Scanner"),
    pytest.param({"scanner": True}, TypeError, "scanner must be a mapping", id="scanner not a mapping"),
    pytest.param({"on_reconect": print}, TypeError, "on_reconect", id="an unknown option"),
    pytest.param({"content": iter([b"a"])}, TypeError, "read once only: pass bytes", id="content an iterator"),
    pytest.param({"content": (b"a" for _ in "a")}, TypeError, "read once only", id="content a generator"),
    pytest.param({"data": iter([b"a"])}, TypeError, "read once only", id="data an iterator"),
]


@every_client
@pytest.mark.parametrize(("options", "error", "match"), WRONG)
def test_wrong_use_is_refused_at_the_call(
    package: Any, kind: ClientKind, options: dict[str, Any], error: type[Exception], match: str
) -> None:
    name = "AsyncEventSource" if kind.is_async else "EventSource"
    client = (kind.library.AsyncClient if kind.is_async else kind.library.Client)(verify=False)
    with pytest.raises(error, match=match):
        getattr(package, name)(client, "http://127.0.0.1:1/", **options)


def test_wait_formula(package: Any) -> None:
    from ssescan.client.reconnecting import Reconnecting

    generator = random.Random(7)
    reconnecting = Reconnecting(1000, 100, 2, 10**9, None, generator.random)
    again = random.Random(7)
    assert reconnecting.next_delay(True, None, OSError()) == 1000
    for failures in range(2, 15):
        expected = round(1000 + again.random() * (1000 * 2 ** (failures - 1) - 1000))
        assert reconnecting.next_delay(False, None, OSError()) == expected
