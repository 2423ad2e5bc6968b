"""R43 and R44 of docs/rules.md: statuses after which an EventSource tries again, and IDs that no header can carry."""

from __future__ import annotations

import email.utils
import time
import warnings
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ssescan.refusals import retry_after

from .clients import ClientKind, every_client

if TYPE_CHECKING:
    from .server import EventServer

ONE = b"id: 1\ndata: 1\n\n"


def busy(server: EventServer, status: int, *headers: str) -> Any:
    return server.offers(b"busy", status=status, content_type="text/plain", framing="length", headers=headers)


# The options, the headers of the two refusals, the waits in seconds.
WAITS: dict[str, tuple[dict[str, Any], list[str], list[float]]] = {
    "without Retry-After": ({}, [], [3.0, 4.5]),
    "seconds": ({}, ["Retry-After: 20"], [20.0, 20.0]),
    "fewer seconds than the reconnection time": ({}, ["Retry-After: 1"], [3.0, 4.5]),
    "no wait": ({"retry": 0}, ["Retry-After: 0"], [0.0, 0.0]),
    "as long as max_retry": ({"max_retry": 20_000}, ["Retry-After: 20"], [20.0, 20.0]),
    "a date that has passed": ({}, ["Retry-After: Wed, 21 Oct 2015 07:28:00 GMT"], [3.0, 4.5]),
    "the greatest of several": ({}, ["Retry-After: 20", "Retry-After: soon, 5"], [20.0, 20.0]),
    "no date": ({}, ["Retry-After: soon"], [3.0, 4.5]),
    "negative": ({}, ["Retry-After: -5"], [3.0, 4.5]),
}


@every_client
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("options", "headers", "waits"), WAITS.values(), ids=WAITS)
def test_statuses_count_as_failed_connections(
    package: Any,
    server: EventServer,
    kind: ClientKind,
    options: dict[str, Any],
    headers: list[str],
    waits: list[float],
    status: int,
) -> None:
    answers = [busy(server, status, *headers), busy(server, status, *headers), server.offers(ONE), server.no_content()]
    endpoint = server.endpoint(*answers)
    result = kind.read(package, endpoint.url, retry_statuses=(429, 503), **options)
    assert (result.error, result.data) == (None, ["1"])
    assert result.waits[:2] == waits
    assert [error for *_, error in result.reconnects[:2]] == ["UnexpectedStatus"] * 2
    assert endpoint.ids[-1] == b"1"


@every_client
def test_date_of_retry_after(package: Any, server: EventServer, kind: ClientKind) -> None:
    date = email.utils.formatdate(time.time() + 50, usegmt=True)
    endpoint = server.endpoint(server.offers(ONE), busy(server, 503, f"Retry-After: {date}"), server.no_content())
    result = kind.read(package, endpoint.url, retry_statuses=[503])
    assert result.error is None
    assert 3 < result.waits[-1] <= 51


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="no time zones of a process on this platform")
@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_every_date_of_retry_after_is_in_utc(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Etc/GMT+7")
    time.tzset()
    try:
        date = time.strftime(form, time.gmtime(time.time() + 50))
        assert 45 < (retry_after({"retry-after": f"3, {date}, 4"}) or 0) <= 51
    finally:
        monkeypatch.undo()
        time.tzset()


@every_client
@pytest.mark.parametrize("seconds", ["61", "99999999999999999999"])
def test_wait_over_max_retry_is_refused(package: Any, server: EventServer, kind: ClientKind, seconds: str) -> None:
    endpoint = server.endpoint(busy(server, 429, f"Retry-After: {seconds}"), server.no_content())
    error: Any = kind.read(package, endpoint.url, retry_statuses={429}).error
    assert isinstance(error, package.UnexpectedStatus)
    assert (error.status, error.body) == (429, b"busy")
    assert error.retry_after >= 61


@every_client
@pytest.mark.parametrize(("statuses", "status"), [((), 429), ((503,), 429), ((429,), 500)])
def test_other_statuses_are_raised(
    package: Any, server: EventServer, kind: ClientKind, statuses: Any, status: int
) -> None:
    endpoint = server.endpoint(busy(server, status, "Retry-After: 7"), server.no_content())
    error: Any = kind.read(package, endpoint.url, retry_statuses=statuses).error
    assert (type(error).__name__, error.status, error.retry_after) == ("UnexpectedStatus", status, 7.0)
    assert len(endpoint.requests) == 1


@every_client
def test_statuses_count_for_max_reconnects(package: Any, server: EventServer, kind: ClientKind) -> None:
    endpoint = server.endpoint(busy(server, 503))
    error = kind.read(package, endpoint.url, retry_statuses=(503,), max_reconnects=3).error
    assert isinstance(error, package.ReconnectsExhausted)
    assert isinstance(error.__cause__, package.UnexpectedStatus)
    assert len(endpoint.requests) == 3


@pytest.mark.parametrize("statuses", [429, "429", [True], ["429"], None])
def test_statuses_of_a_wrong_type(package: Any, statuses: Any) -> None:
    with httpx.Client() as client, pytest.raises(TypeError, match="retry_statuses"):
        package.EventSource(client, "http://localhost", retry_statuses=statuses)


@pytest.mark.parametrize("status", [200, 204, 301, 600])
def test_statuses_that_are_no_failure(package: Any, status: int) -> None:
    with httpx.Client() as client, pytest.raises(ValueError, match="retry_statuses"):
        package.EventSource(client, "http://localhost", retry_statuses=[status])


@every_client
@pytest.mark.parametrize(
    ("id", "sent"),
    [
        (b"a\x0cb", None),
        (b"a\x7f", None),
        (b"\x1f", None),
        (b"\xff", "\ufffd".encode()),
        (b"\xed\xa0\xbd", "\ufffd\ufffd\ufffd".encode()),
        (b"\xc2\x85", b"\xc2\x85"),
    ],
)
def test_id_that_is_no_header(
    package: Any, server: EventServer, kind: ClientKind, id: bytes, sent: bytes | None
) -> None:
    stream = server.offers(b"id: " + id + b"\ndata: 1\n\n")
    endpoint = server.endpoint(stream, stream, server.no_content())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = kind.read(package, endpoint.url)
    assert (result.error, result.data) == (None, ["1", "1"])
    assert endpoint.ids == [None, sent, sent]
    assert len([one for one in caught if one.category is RuntimeWarning]) == (sent is None)
