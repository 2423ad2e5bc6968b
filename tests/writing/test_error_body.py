"""error_body: a failure before the first byte, as the response of an API, without secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anthropic
import httpx
import openai
import pytest
from cli.processes import Server, serving
from google import genai

from ssescan import (
    EventTooLarge,
    Message,
    ProviderError,
    ServerSentEvent,
    StreamCut,
    StreamStalled,
    UnexpectedContentType,
    UnexpectedStatus,
    UnknownFormat,
    stream,
)
from ssescan.providers import Error, error_body

from .formats import WRITTEN

if TYPE_CHECKING:
    from collections.abc import Iterator

every_format = pytest.mark.parametrize("api", WRITTEN)
KEY = "sk-proj-abcdefghijklmnop1234567890"


def refused(status: int, body: Any, **headers: str) -> UnexpectedStatus:
    """Return the exception that a response of an inner server raises."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = httpx.Request(
        "POST", "http://user:pass@inner.example:8000/v1?key=k", headers={"authorization": f"Bearer {KEY}"}
    )
    response = httpx.Response(status, headers=headers, content=content, request=request)
    with pytest.raises(UnexpectedStatus) as raised, stream(response):
        pass
    return raised.value


def words(api: str, body: bytes) -> str:
    """Return the message of an error body, after a check of its shape."""
    if api == "ai-sdk-ui":
        return body.decode()
    value = json.loads(body)
    error: dict[str, Any] = value["error"]
    if api == "anthropic":
        assert (value["type"], set(error)) == ("error", {"type", "message"})
    elif api == "gemini":
        assert set(error) == {"code", "message", "status"}
    else:
        assert set(error) == {"message", "type", "param", "code"}
    return str(error["message"])


@every_format
def test_a_refusal_keeps_status_words_and_retry_after(api: Any) -> None:
    body = {"error": {"message": "Slow down.", "type": "rate_limit_error", "code": "rate_limit_exceeded"}}
    status, headers, made = error_body(refused(429, body, **{"retry-after": "7"}), api)
    assert (status, headers["retry-after"], words(api, made)) == (429, "7", "Slow down.")
    kind = "text/plain; charset=utf-8" if api == "ai-sdk-ui" else "application/json"
    assert headers["content-type"] == kind


@every_format
@pytest.mark.parametrize("body", [b"", b"<html>inner.example</html>", b"[1]", b"{}", b'"text"', b"{", b'{"ok": true}'])
def test_a_refusal_without_words_gets_some(api: Any, body: bytes) -> None:
    status, headers, made = error_body(refused(503, body), api)
    assert status == 503
    assert words(api, made) == "the server of the model refused the request with status 503"
    assert "retry-after" not in headers


@every_format
def test_no_key_and_no_address_get_out(api: Any) -> None:
    text = (
        f"Incorrect API key: {KEY} (sk-or-v1*****7890, AIzaSyA1234567890abcdef) at http://inner.example:8000/v1?key=k, "
        "inner.example; see https://help.example/keys?token=t."
    )
    status, headers, made = error_body(refused(401, {"error": {"message": text}}), api)
    shown = words(api, made)
    assert status == 401
    assert shown == "Incorrect API key: ... (..., ...) at ..., ...; see https://help.example/keys."
    assert KEY not in repr(headers)


@every_format
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StreamCut(Message()), 502),
        (StreamStalled("idle", 5.0, 0), 504),
        (UnexpectedContentType("text/html", b"<title>inner.example</title>", None), 502),
        (UnknownFormat(ServerSentEvent(data="inner.example")), 502),
        (EventTooLarge(10, 11), 502),
        (UnexpectedStatus(302, b"inner.example", None), 502),
        (httpx.ConnectError("inner.example: refused"), 502),
        (KeyError("inner.example"), 502),
        (ProviderError("anthropic", "overloaded_error", None, "Busy.", None, Message()), 529),
        (ProviderError("anthropic", "strange", None, "Busy.", None, Message()), 502),
        (ProviderError("", "decode", None, "inner.example", "reason", Message()), 502),
        (Error(kind="invalid_request_error", message="No."), 400),
        (Error(message="No.", raw={"status": 404}), 404),
        (Error(), 502),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_a_status(api: Any, error: Any, status: int) -> None:
    got, _, made = error_body(error, api)
    assert got == (503 if status == 529 and api != "anthropic" else status)
    shown = words(api, made)
    assert shown
    assert "inner" not in shown
    if api == "gemini":
        assert json.loads(made)["error"]["code"] == got


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, "authentication_error"), (429, "rate_limit_error"), (502, "api_error"), (529, "overloaded_error")],
)
def test_anthropic_gets_the_word_for_the_status(status: int, kind: str) -> None:
    made = error_body(refused(status, {"error": {"message": "No.", "type": "invalid_request"}}), "anthropic")[2]
    assert json.loads(made)["error"]["type"] == kind


def test_wrong_use_is_refused() -> None:
    with pytest.raises(TypeError, match="an exception or a part Error, not str"):
        error_body("no", "anthropic")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must be one of"):
        error_body(ValueError(), "claude")  # type: ignore[arg-type]


# The SDKs raise what they raise for the provider itself.


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    with serving(server):
        yield server


def test_the_sdks_raise_their_own_errors(server: Server) -> None:
    busy = refused(429, {"error": {"message": "Slow down."}}, **{"retry-after": "7"})
    paths: dict[Any, str] = {
        "openai-chat": "/v1/chat/completions", "openai-responses": "/v1/responses", "anthropic": "/v1/messages",
        "gemini": "/v1/models/m:streamGenerateContent",
    }  # fmt: skip
    for api, path in paths.items():
        status, headers, body = error_body(busy, api)
        kind = headers.pop("content-type")
        server.answers_with(body, path=path, status=status, content_type=kind, headers=headers)
    url = f"http://127.0.0.1:{server.server_port}"
    for_openai = openai.OpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0)
    with pytest.raises(openai.RateLimitError, match="Slow down") as raised:
        for_openai.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}], stream=True)
    assert raised.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.RateLimitError, match="Slow down"):
        for_openai.responses.create(model="m", input="?", stream=True)
    with pytest.raises(anthropic.RateLimitError, match="Slow down"):
        anthropic.Anthropic(api_key="none", base_url=url, max_retries=0).messages.create(
            model="m", max_tokens=9, messages=[{"role": "user", "content": "?"}], stream=True
        )
    for_google = genai.Client(api_key="none", http_options={"base_url": url})
    with pytest.raises(genai.errors.ClientError, match="Slow down") as refused_by_google:
        list(for_google.models.generate_content_stream(model="m", contents="?"))
    assert refused_by_google.value.code == 429
