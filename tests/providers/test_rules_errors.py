"""Rules R35 to R38 of docs/rules.md: errors."""

from __future__ import annotations

from typing import Any

import pytest

import ssescan
from ssescan import ProviderError, StreamCut
from ssescan.providers import Error, Raw

from .assertions import APIS, DONE, error_in_few_words, framed, read
from .reading import read_to_error
from .test_tables_anthropic import HEY
from .test_tables_chat import HI, STOP, A, chunk
from .test_tables_responses import CREATED

CHAT, RESPONSES, ANTHROPIC = APIS[:3]

ERRORS: dict[str, tuple[dict[str, Any], tuple[Any, str | None]]] = {
    "type and message": ({"type": "error", "message": "oh"}, ("error", "oh")),
    "code and message": ({"code": 429, "message": "oh"}, (429, "oh")),
    "code, a word, and message": ({"code": "rate_limit_exceeded", "message": "oh"}, ("rate_limit_exceeded", "oh")),
    "status error": ({"status": "error", "message": "oh"}, (None, "oh")),
    "response.error": ({"type": "response.error", "error": {"code": "server_error", "message": "oh"}}, ("server_error", "oh")),
    "detail": ({"detail": "oh"}, (None, "oh")),
    "detail, an object": ({"detail": {"message": "oh"}}, (None, "oh")),
    "detail, an object with a code": ({"detail": {"code": "no_model", "msg": "oh"}}, ("no_model", "oh")),
    "detail, an error in an object": ({"detail": {"error": {"message": "oh"}}}, (None, "oh")),
    "code, and an object as detail": ({"code": 500, "detail": {"message": "oh"}}, (500, "oh")),
    "message, an object": ({"type": "error", "message": {"text": "oh"}}, ("error", "oh")),
    "code, and an object as message": ({"code": 7, "message": {"text": "oh"}}, (7, "oh")),
    "type and data": ({"type": "error", "data": {"message": "oh"}}, ("error", "oh")),
    "type, and errors of text": ({"type": "rate_limit_error", "errors": ["oh"]}, ("rate_limit_error", "oh")),
    "several errors of text": ({"errors": ["oh", "no"]}, (None, "oh; no")),
    "a status of digits": ({"status": "503", "message": "oh"}, ("503", "oh")),
    "a kind of problem": ({"type": "about:blank", "title": "Bad", "status": 400, "detail": "oh"}, ("about:blank", "oh")),
    "a title": ({"type": "https://x.example/bad", "title": "oh", "status": 400}, ("https://x.example/bad", "oh")),
    "error, a number, and words": ({"error": 429, "message": "oh"}, (429, "oh")),
    "error without words, and words": ({"error": {"code": 5}, "msg": "oh"}, (5, "oh")),
    "code and msg": ({"code": 1001, "msg": "oh"}, (1001, "oh")),
    "errors": ({"errors": [{"message": "oh", "code": 500}]}, (500, "oh")),
    "errors of text": ({"errors": ["oh"]}, (None, "oh")),
    "error_code and error_msg": ({"error_code": 17, "error_msg": "oh"}, (17, "oh")),
    "error_message": ({"error_message": "oh"}, (None, "oh")),
    "base_resp": ({"base_resp": {"status_code": 1008, "status_msg": "oh"}}, (1008, "oh")),
    "error_type beside no choices": ({"error_type": "engine", "error_message": "oh", "choices": None}, ("engine", "oh")),
    "type, code and message": ({"type": "error", "code": 429, "message": "oh"}, (429, "oh")),
    "type, status and message": ({"type": "error", "status": 429, "message": "oh"}, (429, "oh")),
    "type and msg": ({"type": "error", "msg": "oh"}, ("error", "oh")),
    "bare type and error_type": ({"type": "error", "error_type": "overloaded_error", "message": "oh"}, ("overloaded_error", "oh")),
    "event_type": ({"event_type": "error", "message": "oh", "code": 429}, (429, "oh")),
    "error_type beside empty choices": ({"error_type": "engine", "error_message": "oh", "choices": []}, ("engine", "oh")),
    "status_code and detail": ({"status_code": 500, "detail": "oh"}, (500, "oh")),
    "code and detail": ({"code": 500, "detail": "oh"}, (500, "oh")),
    "status error and detail": ({"status": "error", "detail": "oh"}, (None, "oh")),
    "status error and reason": ({"status": "error", "reason": "oh"}, (None, "oh")),
    "no success in spite of code 0": ({"code": 0, "success": False, "message": "oh"}, (0, "oh")),
    "status fail": ({"status": "fail", "message": "oh"}, (None, "oh")),
    "no success, and errors": (
        {"result": None, "success": False, "errors": [{"code": 7009, "message": "oh"}], "messages": []}, (7009, "oh")
    ),
    "no success, and error_type": ({"success": False, "error_type": "engine"}, ("engine", None)),
    "error, a text, and words": ({"statusCode": 400, "error": "Bad Request", "message": "oh"}, (400, "oh")),
    "error, a text, status and words": ({"status": 503, "error": "Service Unavailable", "message": "oh"}, (503, "oh")),
    "error, a text, and status": ({"error": "oh", "status": 429}, (429, "oh")),
    "error, and code": ({"error": {"message": "oh"}, "code": 500}, (500, "oh")),
    "error true": ({"error": True, "message": "oh", "code": 500}, (500, "oh")),
    "event error": ({"event": "error", "message": "oh"}, (None, "oh")),
    "base_resp beside an empty choice": (
        {"base_resp": {"status_code": 1027, "status_msg": "oh"}, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}, (1027, "oh")
    ),
    "error_message beside an empty choice": ({"error_message": "oh", "choices": [{"delta": {"role": "assistant", "content": ""}}]}, (None, "oh")),
}  # fmt: skip


def assert_error(parts: list[Any], expected: tuple[Any, str | None]) -> None:
    errors = [part for part in parts if isinstance(part, Error)]
    assert [(error.kind or error.code, error.message) for error in errors] == [expected]


@pytest.mark.parametrize(("event", "expected"), ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("api", [None, *APIS])
def test_error_alone(event: dict[str, Any], expected: tuple[Any, str | None], api: Any) -> None:
    parts, raised = read_to_error(ssescan.stream(framed(event), api))
    assert isinstance(raised, ProviderError)
    assert_error(parts, expected)
    assert raised.message is not None
    assert raised.detail == expected[1]


@pytest.mark.parametrize(("event", "expected"), ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("api", [None, CHAT])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_error_in_a_stream(event: dict[str, Any], expected: tuple[Any, str | None], api: Any, at: int) -> None:
    events = [A, A, STOP]
    events.insert(at, event)
    parts, raised = read_to_error(ssescan.stream(framed(*events, DONE), api))
    assert isinstance(raised, ProviderError)
    assert_error(parts, expected)


@pytest.mark.parametrize(("event", "expected"), ERRORS.values(), ids=ERRORS)
@pytest.mark.parametrize("at", [1, 3, len(HEY)])
def test_error_in_a_stream_of_typed_events(event: dict[str, Any], expected: tuple[Any, str | None], at: int) -> None:
    for api in (None, ANTHROPIC):
        stream = framed(*HEY[:at], names="type") + framed(event) + framed(*HEY[at:], names="type")
        parts, raised = read_to_error(ssescan.stream(stream, api))
        assert isinstance(raised, ProviderError)
        assert_error(parts, expected)


NOT_ERRORS = {
    "code 0": {"code": 0, "message": "ok"},
    "code 200": {"code": 200, "msg": "success"},
    "code success": {"code": "success", "message": "fine"},
    "base_resp of a success": {"base_resp": {"status_code": 0, "status_msg": ""}},
    "empty errors": {"errors": []},
    "code of zeros": {"code": "00000", "msg": "success"},
    "another code of a success": {"code": 20000, "msg": "success"},
    "a message of a success": {"error_code": 1, "error_msg": "ok"},
    "a nested success": {"error": {"code": 200, "message": "OK"}},
    "a nested code 0": {"error": {"code": 0, "message": ""}},
    "nested empty values": {"error": {"code": None, "message": "", "type": ""}},
    "an event that is not an error's": {"event": "message", "message": "hello"},
    "a type that is not an error's": {"type": "info", "message": "hello"},
}


@pytest.mark.parametrize("event", NOT_ERRORS.values(), ids=NOT_ERRORS)
def test_not_an_error(event: dict[str, Any]) -> None:
    parts, message, _ = read(framed(HI, event, STOP, DONE), CHAT)
    assert not [part for part in parts if isinstance(part, Error)]
    assert message.complete


@pytest.mark.parametrize(
    "fields", [{"code": 0, "message": ""}, {"code": None, "message": "", "type": ""}, {"code": 200, "message": "OK"}]
)
def test_nested_success_in_every_chunk(fields: dict[str, Any]) -> None:
    _, message, _ = read(framed(*({**of, "error": fields} for of in (A, A, STOP)), DONE), CHAT)
    assert (message.text, message.complete) == ("aa", True)


@pytest.mark.parametrize(
    "fields",
    [{"code": 0, "msg": ""}, {"base_resp": {"status_code": 0}}, {"message": "x", "code": 500}, {"errors": ["x"]}],
)
def test_content_of_the_format_is_not_an_error(fields: dict[str, Any]) -> None:
    _, message, _ = read(framed(HI | fields, STOP, DONE))
    assert (message.text, message.complete) == ("hi", True)


LEARNED = {
    "base_resp": ({"base_resp": {"status_code": 0}}, {"base_resp": {"status_code": 1027, "status_msg": "oh"}}),
    "code and msg": ({"code": 0, "msg": ""}, {"code": 1001, "msg": "oh"}),
    "status": ({"status": "success"}, {"status": "error", "message": "oh"}),
    "success": ({"success": True, "message": ""}, {"success": False, "message": "oh"}),
    "no errors": ({"errors": []}, {"errors": ["oh"]}),
    "empty error_message": ({"error_message": ""}, {"error_message": "oh"}),
}


@pytest.mark.parametrize(("fine", "bad"), LEARNED.values(), ids=LEARNED)
@pytest.mark.parametrize("api", [None, CHAT])
def test_field_that_carried_nothing_is_an_error_later(fine: dict[str, Any], bad: dict[str, Any], api: Any) -> None:
    piece = chunk({"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "f", "arguments": " "}}]})
    for before in (A, piece):
        for last in (STOP, chunk({})):
            with pytest.raises(ProviderError, match="oh"):
                ssescan.stream(framed(*([before | fine] * 4), last | bad, STOP, DONE), api).collect()
        assert ssescan.stream(framed(*([before | fine] * 4), STOP | fine, DONE), api).collect().complete


def test_error_of_responses() -> None:
    event = {"type": "response.error", "error": {"code": "server_error", "message": "oh"}}
    for events in ([event], [CREATED, event]):
        for api in (None, RESPONSES):
            with pytest.raises(ProviderError, match="oh"):
                ssescan.stream(framed(*events, names="type"), api).collect()


PAGES = {
    "HTML": b"<!DOCTYPE html>\n<html><head><title>502 Bad Gateway</title></head>\n<body>nginx</body></html>\n",
    "plain text": b"upstream connect error or disconnect/reset before headers\n",
    "HTML as data": b"data: <html><title>502 Bad Gateway</title></html>\n\n",
}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("api", [None, CHAT])
def test_page_in_place_of_a_stream(page: bytes, api: Any) -> None:
    """R37: the exception shows the beginning of what came."""
    with pytest.raises(ssescan.SsescanError) as caught:
        ssescan.stream(page, api).collect()
    text = "upstream connect error" if b"upstream" in page else "502 Bad Gateway"
    assert text in str(caught.value)


STATUSES: dict[str, tuple[Any, int | None, bool | None]] = {
    "overloaded_error": ({"error": {"type": "overloaded_error", "message": "x"}}, 529, True),
    "rate_limit_error": ({"error": {"type": "rate_limit_error", "message": "x"}}, 429, True),
    "rate_limit_exceeded": ({"error": {"code": "rate_limit_exceeded", "message": "x"}}, 429, True),
    "server_error": ({"error": {"type": "server_error", "message": "x"}}, 500, True),
    "authentication_error": ({"error": {"type": "authentication_error", "message": "x"}}, 401, False),
    "invalid_request_error": ({"error": {"type": "invalid_request_error", "message": "x"}}, 400, False),
    "code 503": ({"error": {"code": 503, "message": "x"}}, 503, True),
    "code 408": ({"error": {"code": 408, "message": "x"}}, 408, True),
    "code 404": ({"error": {"code": 404, "message": "x"}}, 404, False),
    "code 599": ({"error": {"code": 599, "message": "x"}}, 599, True),
    "code 1301": ({"error": {"code": 1301, "message": "x"}}, None, None),
    "insufficient_quota": ({"error": {"type": "insufficient_quota", "code": "insufficient_quota", "message": "x"}}, 429, False),
    "nothing known": ({"error": {"message": "x"}}, None, None),
    "a text": ({"error": "x"}, None, None),
    "a text, and a status": ({"error": "x", "status": 429}, 429, True),
    "no code, and one beside it": ({"error": {"message": "x"}, "code": 500}, 500, True),
    "a code, and one beside it": ({"error": {"message": "x", "code": 503}, "code": 500}, 503, True),
    "a text, and a code of a success": ({"error": "x", "code": 200}, None, None),
}  # fmt: skip


@pytest.mark.parametrize(("event", "status", "retryable"), STATUSES.values(), ids=STATUSES)
def test_status_and_retryable(event: dict[str, Any], status: int | None, retryable: bool | None) -> None:
    """R38."""
    parts, raised = read_to_error(ssescan.stream(framed(A, event), CHAT))
    assert isinstance(raised, ProviderError)
    (error,) = [part for part in parts if isinstance(part, Error)]
    for one in (error, raised):
        assert (one.status, one.retryable) == (status, retryable)


def test_status_of_a_cut_stream() -> None:
    with pytest.raises(StreamCut) as caught:
        ssescan.stream(framed(A)).collect()
    assert (caught.value.status, caught.value.retryable) == (None, True)


@pytest.mark.parametrize("api", APIS)
def test_error_before_another_format(api: Any) -> None:
    """A named format, and a guess, stay open until there is an answer."""
    parts, message, reading = read(framed({"code": 503, "msg": "oh"}, A, STOP, DONE), api)
    assert (reading.api, message.text, message.complete) == (CHAT, "a", False)
    assert_error(parts, (503, "oh"))
    assert not [part for part in parts if isinstance(part, Raw)]


BEGUN = {
    "openai-chat": A,
    "openai-responses": CREATED,
    "anthropic": {"type": "message_start", "message": {"id": "m", "model": "m", "content": []}},
    "gemini": {"candidates": [{"content": {"parts": [{"text": "a"}]}}]},
    "gemini-interactions": {"event_type": "interaction.created", "interaction": {"id": "i", "model": "m"}},
}
FLAT = ["type and message", "type, code and message", "type, status and message", "type and msg", "event_type"]


@pytest.mark.parametrize("name", [*FLAT, "bare type and error_type"])
@pytest.mark.parametrize("api", APIS)
def test_flat_error_in_every_format(name: str, api: Any) -> None:
    """R35, R36, R38: whatever the format, nothing of it is lost."""
    event, expected = ERRORS[name]
    parts, raised = read_to_error(ssescan.stream(framed(BEGUN[api], event)))
    assert isinstance(raised, ProviderError)
    assert_error(parts, expected)
    (error,) = [part for part in parts if isinstance(part, Error)]
    assert (error.raw, error.status) == (event, {429: 429, "overloaded_error": 529}.get(expected[0]))
    assert not [part for part in parts if isinstance(part, Raw)]


@pytest.mark.parametrize("error", [{"error": {"code": 503, "message": "oh"}}, {"code": 503, "message": "oh"}])
@pytest.mark.parametrize("api", [None, "gemini"])
@pytest.mark.parametrize("before", [[], [{"response": BEGUN["gemini"]}]])
def test_wrapped_error_of_gemini(error: dict[str, Any], api: Any, before: list[Any]) -> None:
    """R34, R35."""
    parts, raised = read_to_error(ssescan.stream(framed(*before, {"response": error}), api))
    assert isinstance(raised, ProviderError)
    assert_error(parts, (503, "oh"))


NAMED: dict[str, tuple[str, tuple[Any, str | None]]] = {
    "a text": ('"oh"', (None, "oh")),
    "a list": ('["oh"]', (None, "oh")),
    "a list of an object": ('[{"code": 429, "message": "oh"}]', (429, "oh")),
    "a number": ("429", (429, None)),
    "true": ("true", (None, None)),
    "null": ("null", (None, None)),
    "detail": ('{"detail": "oh"}', (None, "oh")),
    "an empty object": ("{}", (None, None)),
}


@pytest.mark.parametrize(("data", "expected"), NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("api", [None, *APIS])
@pytest.mark.parametrize("begun", [False, True])
def test_error_by_the_name_of_its_event(data: str, expected: tuple[Any, str | None], api: Any, begun: bool) -> None:
    """R35: any JSON is an error under that name."""
    before = framed(BEGUN[api or CHAT]) if begun else b""
    parts, raised = read_to_error(ssescan.stream(before + f"event: error\ndata: {data}\n\n".encode(), api))
    assert isinstance(raised, ProviderError)
    assert_error(parts, expected)
    assert not [part for part in parts if isinstance(part, Raw)]


def test_error_by_the_name_of_its_event_after_done() -> None:
    parts, raised = read_to_error(ssescan.stream(framed(A, STOP, DONE) + b'event: error\ndata: "oh"\n\n'))
    assert isinstance(raised, ProviderError)
    assert_error(parts, (None, "oh"))


def test_words_of_an_error_are_its_own() -> None:
    _, message, _ = read(framed(A, chunk(finish="stop"), {"code": 500, "msg": "oh"}, DONE))
    assert [error_in_few_words(error) for error in message.errors] == [(500, "oh")]
