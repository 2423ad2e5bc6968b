"""The report of `ssescan check` on hand-made recordings: its words, its quirks, and what to change."""

import json
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from ssescan import Outcome
from ssescan.cli.checking.changes import changes_of
from ssescan.cli.checking.quirks import quirks_of
from ssescan.cli.checking.report import Report, report_on
from ssescan.testing import Tape

from .answers import DONE, OVERLOADED, STOP, UNFINISHED, USAGE_CHUNK, WHOLE, chunk, event, text

SECOND = 1_000_000_000
EVENT_STREAM = {"content-type": "text/event-stream"}
STREAMS = files("ssescan.cli").joinpath("streams")
RULES = Path(__file__).parents[2] / "docs" / "rules.md"
MANY = [text("word ") for _ in range(20)]


def report(*chunks: bytes, gap: float = 0.02, ended: float | None = None, **fields: Any) -> Report:
    """Return the report on chunks that arrived one after the other, `gap` seconds apart."""
    timed = [(int((0.3 + gap * number) * SECOND), data) for number, data in enumerate(chunks)]
    known: dict[str, Any] = {"status": 200, "headers": EVENT_STREAM, "outcome": Outcome.ENDED}
    tape = Tape(timed, **known | fields)
    return report_on("s", tape, ended_ns=None if ended is None else int(ended * SECOND))


def changes(found: Report, max_silence: float = 30) -> str:
    return " | ".join(changes_of(found, int(max_silence * SECOND)))


def rows(found: Report) -> dict[str, str]:
    return dict(found.rows())


def test_good_stream_has_nothing_to_change() -> None:
    found = report(*MANY, STOP, DONE)
    assert changes(found) == ""
    assert rows(found) == {
        "response": "status 200, text/event-stream",
        "format": "openai-chat",
        "events": "not held back: 22 events came at 22 moments within 0.42 s",
        "compression": "none",
        "keep-alive": "no comment or ping; the longest silence was 0.30 s",
        "headers": "none of a proxy",
        "end": "complete, stop",
        "quirks": "none",
    }


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"server": "nginx/1.25"}, "switch off the buffering of nginx: proxy_buffering off in the location"),
        ({"server": "openresty"}, "OpenResty: proxy_buffering off in the location"),
        ({"server": "uvicorn", "via": "1.1 x (Apache/2.4.58)"}, "Apache: flushpackets=on"),
        ({"server": "uvicorn"}, "in nginx: proxy_buffering off in the location, or the header X-Accel-Buffering: no"),
    ],
)
def test_buffering_names_the_proxy(headers: dict[str, str], named: str) -> None:
    found = report(b"", *MANY, STOP, DONE, gap=0, headers=EVENT_STREAM | headers)
    assert found.arrival.pattern == "at once"
    assert named in changes(found)


def test_content_length_means_that_it_was_sent_as_a_whole() -> None:
    found = report(*MANY, STOP, DONE, headers=EVENT_STREAM | {"content-length": "4000"})
    assert "sent as a whole: the response has a Content-Length" in rows(found)["events"]
    assert "without a Content-Length" in changes(found)


def test_batches_name_haproxy_and_the_server() -> None:
    found = report(*(b"".join(MANY[:5]) for _ in range(6)), STOP + DONE, gap=0.2)
    assert "in batches: about 5 events at a time, every 0.20 s" in rows(found)["events"]
    assert "in haproxy: option http-no-delay" in changes(found)
    assert "a flush after each event" in changes(found)


def test_compression_is_to_change_only_if_it_holds_back() -> None:
    timely = report(*MANY, STOP, DONE, encoding="gzip")
    assert (rows(timely)["compression"], changes(timely)) == ("compressed: Content-Encoding gzip", "")
    late = changes(report(b"".join(MANY) + STOP + DONE, encoding="gzip"))
    assert "out of gzip_types" in late
    assert "Cache-Control: no-transform" in late


def test_long_silence_without_keep_alive() -> None:
    found = report(*MANY[:10], STOP, DONE, gap=31)
    assert rows(found)["keep-alive"] == "no comment or ping; the longest silence was 31.0 s"
    assert "silent for 31.0 s" in changes(found)
    assert "': ping' every 15 s" in changes(found)
    assert changes(found, max_silence=40) == ""


def test_silence_before_the_first_byte_counts() -> None:
    assert "silent for 45.0 s" in changes(report_on("s", Tape([(45 * SECOND, WHOLE)])))


def test_keep_alive_comments_and_pings_are_counted() -> None:
    found = report(*MANY[:5], b": ping\n\n", b"data:\n\n", b"event: ping\ndata: {}\n\n", STOP, DONE, gap=15)
    assert rows(found)["keep-alive"] == "3 comments or pings; the longest silence was 15.0 s"
    assert changes(found) == ""


@pytest.mark.parametrize(
    ("made", "end", "said", "advice"),
    [
        (lambda: report(*MANY), "incomplete", "no finish reason: a finish_reason in each choice did not come", "cut"),
        (lambda: report(*MANY, DONE), "incomplete", "not complete", "or --accept-done"),
        (lambda: report(OVERLOADED), "error", "overloaded_error, Over␛loaded", "reported overloaded_error, Over␛"),
        (lambda: report(b"data: 1\n\n" * 9, b"data: 2"), "cut", "in the middle of an event", "in the middle"),
        (lambda: report(b"data: 1\n\n" * 9), "ended", "between two events", ""),
        (lambda: report(*MANY, outcome=Outcome.FAILED, error="E: reset"), "failed", "(E: reset)", "broke the conn"),
        (lambda: report(*MANY, outcome=Outcome.CLOSED), "closed", "the reading was stopped", ""),
        (lambda: report(*MANY, STOP, DONE, outcome=Outcome.FAILED), "complete", "complete, stop", ""),
    ],
)
def test_end_is_named(made: Callable[[], Report], end: str, said: str, advice: str) -> None:
    found = made()
    assert found.end == end
    assert said in rows(found)["end"]
    assert advice in changes(found)
    assert bool(changes(found)) == bool(advice)


def test_failure_after_silence_names_the_timeouts() -> None:
    failed = changes(report(*MANY, outcome=Outcome.FAILED, error="E", ended=61), max_silence=100)
    assert "failed after 60.3 s of silence" in failed
    assert "proxy_read_timeout (nginx) or timeout server (haproxy)" in failed


def test_own_time_limit_is_not_the_fault_of_a_proxy() -> None:
    found = changes(report(*MANY, outcome=Outcome.FAILED, error="ReadTimeout: timed out", ended=5.68))
    assert found == "find why the server sent nothing for 5.00 s, or wait longer: --idle, -m"


@pytest.mark.parametrize("api", ["openai-responses", "anthropic", "gemini"])
def test_cut_names_the_mark_that_is_missing(api: str) -> None:
    mark = {"openai-responses": "response.completed", "anthropic": "message_stop", "gemini": "finishReason"}[api]
    whole = STREAMS.joinpath(f"{api}.sse").read_bytes().replace(b"\r\n", b"\n")
    events = whole.split(b"\n\n")
    found = report(b"\n\n".join(events[: len(events) // 2]) + b"\n\n")
    assert found.format == api
    assert mark in rows(found)["end"]


def test_file_without_times_is_not_known() -> None:
    found = report_on("s", Tape([WHOLE]))
    assert found.arrival.buffered is None
    assert "the source has no times" in rows(found)["events"]
    assert rows(found)["keep-alive"] == "no comment or ping"


CALL: dict[str, Any] = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
ANTHROPIC = STREAMS.joinpath("anthropic.sse").read_bytes()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"\xef\xbb\xbf" + WHOLE, "it begins with a byte order mark (docs/rules.md#the-standard)"),
        (WHOLE.replace(b"\n", b"\r"), "lines end with CR (docs/rules.md#the-standard)"),
        (WHOLE.replace(b"\n", b"\r\n"), "lines end with CRLF (docs/rules.md#the-standard)"),
        (b": OPENROUTER PROCESSING\n\n" + WHOLE, "comments as keep-alive, such as ': OPENROUTER PROCESSING'"),
        (b"data:\n\n" + WHOLE, "events without data as keep-alive"),
        (b"data: : PROCESSING\n\n" + WHOLE, "comments within data"),
        (b"Warning\n" + WHOLE, "lines that are not fields, such as 'Warning'"),
        (WHOLE.replace(b"llo", b"l\xff"), "bytes that are not UTF-8"),
        ((text("a") + STOP).rstrip(b"\n"), "no blank line after the last event"),
        (WHOLE.removesuffix(DONE), "[DONE] is missing"),
        (UNFINISHED + DONE, "[DONE] without a finish reason (docs/rules.md#how-an-answer-ends, R13)"),
        (
            b"".join(chunk({"content": "a"}, usage={"total_tokens": n}) for n in range(1, 5)) + STOP + DONE,
            "usage in each chunk",
        ),
        (text("a") + event({"error": {"message": "no"}}) + DONE, "an error within the stream"),
        (text("a") + b"data: {oops\n\n" + STOP + DONE, "data that is not JSON"),
        (text("a").rstrip(b"\n") + text("b") + STOP + DONE, "several values in one event"),
        (text("a") + chunk({}, finish="max_tokens") + DONE, "a finish reason of another API: max_tokens"),
        (text("a") + chunk({}, finish="eureka") + DONE, "a finish reason that is not known: eureka"),
        (text("<think>hm</think>ok") + STOP + DONE, "reasoning within <think> in the text"),
        (chunk({"content": "a", "sparkle": 1}) + STOP + DONE, "fields or events of no known kind: sparkle"),
        (chunk({"role": "assistant"}) + chunk({"role": "assistant"}) + STOP + DONE, "the role in more than one chunk"),
        (text("a") + text("b").replace(b"c1", b"c2") + STOP + DONE, "ids that change from chunk to chunk"),
        (chunk({"reasoning_content": "a"}) + STOP + DONE, "reasoning in reasoning_content"),
        (chunk({"reasoning_text": "a"}) + STOP + DONE, "reasoning under another name"),
        (chunk({"content": 6}) + STOP + DONE, "numbers as text"),
        (chunk({"content": [{"type": "text", "text": "a"}]}) + STOP + DONE, "content as a list of parts"),
        (chunk({"tool_calls": CALL}) + STOP + DONE, "tool_calls as an object"),
        (chunk({"tool_calls": [CALL | {"id": ""}]}) + STOP + DONE, "calls with an empty id"),
        (
            chunk({"tool_calls": [CALL]})
            + chunk({"tool_calls": [{"index": 0, "function": {"name": "null", "arguments": ""}}]})
            + STOP
            + DONE,
            'calls with the name "null"',
        ),
        (b"\n".join(line for line in ANTHROPIC.split(b"\n") if not line.startswith(b"event:")), "without their event:"),
        (ANTHROPIC + DONE, "[DONE] at the end, which this API does not have"),
        (
            event({"response": {"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "STOP"}]}}),
            'chunks within {"response": ...}',
        ),
    ],
)
def test_quirk_is_named(body: bytes, said: str) -> None:
    assert said in rows(report(body))["quirks"]


@pytest.mark.parametrize(
    ("headers", "said", "is_wrong"),
    [
        ({}, "no Content-Type (docs/rules.md#framing-and-transport, R42)", True),
        ({"content-type": "text/plain"}, "the content type is text/plain", True),
        ({"content-type": "application/json"}, "the content type is application/json", True),
        ({"content-type": "text/event-stream, text/event-stream"}, "several content types", False),
    ],
)
def test_content_type_is_named(headers: dict[str, str], said: str, is_wrong: bool) -> None:
    found = report(*MANY, STOP, DONE, headers=headers)
    assert said in rows(found)["quirks"]
    assert ("send Content-Type: text/event-stream" in changes(found)) == is_wrong


@pytest.mark.parametrize("name", ["openai-chat", "openai-responses", "anthropic", "gemini"])
def test_ordinary_streams_have_no_quirks(name: str) -> None:
    found = report(STREAMS.joinpath(f"{name}.sse").read_bytes().replace(b"\r\n", b"\n"))
    assert (found.end, found.quirks) == ("complete", [])


def test_places_of_quirks_exist() -> None:
    if not RULES.is_file():
        pytest.skip("the documents are missing: the tests run outside of the checkout")
    lines = RULES.read_text(encoding="utf-8").splitlines()
    headings = {line.strip("# ").lower().replace(",", "").replace(" ", "-") for line in lines if line.startswith("#")}
    import ssescan.cli.checking.quirks as module

    for heading in ("STANDARD", "ALL", "CHAT", "ENDS", "CALLS", "NAMES", "ERRORS", "FRAMING"):
        assert getattr(module, heading) in headings


def test_json_has_the_documented_fields() -> None:
    found = report(*MANY, USAGE_CHUNK, STOP, DONE, headers=EVENT_STREAM | {"server": "nginx"})
    fields = json.loads(json.dumps(found.as_json(["x"])))
    page = RULES.with_name("check.md")
    if page.is_file():
        documented = page.read_text(encoding="utf-8")
        assert [name for name in fields if f"`{name}`" not in documented] == []
    assert (fields["buffered"], fields["end"], fields["changes"]) == (False, "complete", ["x"])
    assert (fields["events"], fields["headers"], fields["status"]) == (23, {"server": "nginx"}, 200)
    assert fields["longest_silence_s"] == 0.3


def test_quirks_of_no_format_are_those_of_bytes() -> None:
    tape = Tape([b"data: hello\r\n\r\n"])
    found = report_on("s", tape)
    assert found.format is None
    assert [quirk.text for quirk in quirks_of(tape, found.seen)] == ["lines end with CRLF"]
