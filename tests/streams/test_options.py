"""The options of a stream: scanner options pass through; unknown options and wrong values are refused."""

from __future__ import annotations

import asyncio
import pickle
from contextlib import nullcontext
from typing import Any

import pytest

from .cases import ONE, TWO, async_chunks, numbered

sync_and_async = pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])


def read(package: Any, is_async: bool, chunks: list[Any], **options: Any) -> tuple[list[Any], Any, Any]:
    """Read a stream to its end. Return the events, the error, and the stream."""
    events: list[Any] = []

    async def main() -> tuple[list[Any], Any, Any]:
        async with package.aiter_events(async_chunks(chunks), **options) as stream:
            try:
                async for item in stream:
                    events.append(item)
            except Exception as error:
                return events, error, stream
        return events, None, stream

    if is_async:
        return asyncio.run(main())
    with package.iter_events(chunks, **options) as stream:
        try:
            for item in stream:
                events.append(item)
        except Exception as error:
            return events, error, stream
    return events, None, stream


@sync_and_async
def test_events_before_a_too_large_event(package: Any, is_async: bool) -> None:
    chunks = [ONE + TWO + b"id: 3\n\ndata: " + b"x" * 100]
    events, error, stream = read(package, is_async, chunks, max_event_size=50)
    assert events == [numbered(package, 1), numbered(package, 2)]
    assert isinstance(error, package.EventTooLarge)
    assert (error.limit, error.events) == (50, [])
    assert error.size == len("data: ") + 100
    assert stream.outcome is package.Outcome.FAILED
    assert stream.last_event_id == "3"


@sync_and_async
def test_too_large_event_across_chunks(package: Any, is_async: bool) -> None:
    events, error, stream = read(package, is_async, [ONE, b"data: ", b"x" * 30, b"x" * 30, TWO], max_event_size=50)
    assert events == [numbered(package, 1)]
    assert isinstance(error, package.EventTooLarge)
    assert stream.outcome is package.Outcome.FAILED
    assert stream.reads == 4


@sync_and_async
def test_too_large_event_is_skipped(package: Any, is_async: bool) -> None:
    chunks = [ONE + b"data: " + b"x" * 100 + b"\n\n", TWO]
    events, error, stream = read(package, is_async, chunks, max_event_size=50, oversize="skip")
    assert events == [numbered(package, 1), numbered(package, 2)]
    assert error is None
    assert stream.outcome is package.Outcome.ENDED


@sync_and_async
@pytest.mark.parametrize("last", [b"data: 2", b"data: 2\n", b"data: 2\r"])
def test_unterminated_event_is_dispatched_on_request(package: Any, is_async: bool, last: bytes) -> None:
    events, error, stream = read(package, is_async, [ONE, last], unterminated="dispatch")
    assert events == [numbered(package, 1), numbered(package, 2)]
    assert error is None
    assert stream.outcome is package.Outcome.CUT


@sync_and_async
def test_unterminated_event_is_dropped_by_default(package: Any, is_async: bool) -> None:
    events, error, stream = read(package, is_async, [ONE, b"data: 2\n"])
    assert events == [numbered(package, 1)]
    assert error is None
    assert stream.outcome is package.Outcome.CUT


@sync_and_async
def test_comments_and_unknown_lines_come_in_order(package: Any, is_async: bool) -> None:
    chunks = [b": a\n" + ONE + b": b\nunknown: c\n", TWO + b": d"]
    events, _, _ = read(package, is_async, chunks, comments=True, unknown=True, unterminated="dispatch")
    assert events == [
        package.Comment("a"),
        numbered(package, 1),
        package.Comment("b"),
        package.UnknownLine("unknown: c"),
        numbered(package, 2),
        package.Comment("d"),
    ]


@sync_and_async
def test_comments_and_unknown_lines_are_off_by_default(package: Any, is_async: bool) -> None:
    events, _, stream = read(package, is_async, [b": a\n" + ONE + b": b\nunknown: c\n"])
    assert events == [numbered(package, 1)]
    assert stream.outcome is package.Outcome.CUT


@sync_and_async
def test_empty_events_are_returned_on_request(package: Any, is_async: bool) -> None:
    chunks = [b"id: 7\nretry: 5\n\n", b"event: ping\n\n\n"]
    events, _, _ = read(package, is_async, chunks, empty_events=True)
    event = package.ServerSentEvent
    assert events == [event(id="7", retry=5), event("ping", id="7")]
    assert read(package, is_async, chunks)[0] == []


@sync_and_async
@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"stall": 5}, TypeError, "stall must be a Stall or None, not int"),
        ({"stall": "idle"}, TypeError, "stall must be a Stall or None, not str"),
        ({"timing": 1}, TypeError, "timing must be a bool, not int"),
        ({"timing": None}, TypeError, "timing must be a bool, not NoneType"),
        ({"comment": True}, TypeError, "'comment'"),
        ({"timeout": 5}, TypeError, "'timeout'"),
        ({"comments": 1}, TypeError, "comments must be a bool, not int"),
        ({"max_event_size": 0}, ValueError, "max_event_size must be positive"),
        ({"max_event_size": "1"}, TypeError, "max_event_size must be an int"),
        ({"oversize": "drop"}, ValueError, "oversize must be 'raise' or 'skip'"),
        ({"unterminated": "keep"}, ValueError, "unterminated must be 'drop' or 'dispatch'"),
    ],
    ids=lambda value: "".join(map(str, value)) if isinstance(value, dict) else None,
)
def test_wrong_options_are_refused_at_the_call(
    package: Any, is_async: bool, options: dict[str, Any], error: type[Exception], match: str
) -> None:
    call = package.aiter_events if is_async else package.iter_events
    with pytest.raises(error, match=match):
        call(b"", **options)


@sync_and_async
def test_second_positional_argument_is_refused(package: Any, is_async: bool) -> None:
    call = package.aiter_events if is_async else package.iter_events
    with pytest.raises(TypeError, match="positional"):
        call(b"", None)


@pytest.mark.parametrize("name", ["idle", "progress"])
@pytest.mark.parametrize(
    ("seconds", "error"),
    [(0, ValueError), (-1.5, ValueError), (float("nan"), ValueError), (True, TypeError), ("5", TypeError)],
)
def test_stall_limit_is_a_positive_number(package: Any, name: str, seconds: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=name):
        package.Stall(**{name: seconds})


def test_stall_is_a_value(package: Any) -> None:
    stall = package.Stall(idle=1, progress=2.5)
    assert (stall.idle, stall.progress) == (1, 2.5)
    assert stall == package.Stall(1, 2.5)
    assert hash(stall) == hash(package.Stall(1, 2.5))
    assert stall != package.Stall(idle=1)
    assert repr(stall) == "Stall(idle=1, progress=2.5)"
    assert pickle.loads(pickle.dumps(stall)) == stall
    with pytest.raises(AttributeError, match="immutable"):
        stall.idle = 3


@sync_and_async
@pytest.mark.parametrize("chunk", ["data: 1\n\n", None, 5])
def test_chunk_of_wrong_type_is_a_type_error_when_read(package: Any, is_async: bool, chunk: Any) -> None:
    events, error, stream = read(package, is_async, [ONE, chunk, TWO])
    assert events == [numbered(package, 1)]
    assert isinstance(error, TypeError)
    assert f"not {type(chunk).__name__}" in str(error)
    assert stream.outcome is package.Outcome.FAILED


@pytest.mark.parametrize("name", ["EventStream", "AsyncEventStream"])
def test_stream_classes_are_generic(package: Any, name: str) -> None:
    assert getattr(package, name)[package.ServerSentEvent].__args__ == (package.ServerSentEvent,)


def test_outcome_values(package: Any) -> None:
    assert [str(outcome) for outcome in package.Outcome] == ["ended", "cut", "failed", "closed"]
    assert package.Outcome("cut") is package.Outcome.CUT
    assert pickle.loads(pickle.dumps(package.Outcome.CUT)) is package.Outcome.CUT


def test_skipped_events_are_counted(package: Any) -> None:
    chunks = [b"data: a\n\ndata: " + b"x" * 50 + b"\n\ndata: b\n\n"]
    stream = package.iter_events(chunks, max_event_size=20, oversize="skip")
    assert [event.data for event in stream] == ["a", "b"]
    assert stream.skipped == 1

    async def main() -> None:
        async with package.aiter_events(chunks[0], max_event_size=20, oversize="skip") as later:
            assert [event.data async for event in later] == ["a", "b"]
            assert later.skipped == 1

    asyncio.run(main())


@pytest.mark.parametrize(
    ("source", "advice"),
    [("https://example.com/", "pass the response that an HTTP client returns"), (nullcontext(), "enter it first")],
)
def test_error_for_a_common_mistake_says_what_to_do(package: Any, source: Any, advice: str) -> None:
    for call in (package.iter_events, package.aiter_events):
        with pytest.raises(TypeError, match=advice):
            call(source)
