"""error_body: an error before the first byte as the response of an API: status, headers, body.

Nothing of it says where the answer comes from: no URL, no key, no text that is not the provider's own message.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .. import errors
from .._secrets import KEY_HEADERS, mask_keys, text_without_secrets
from .formats import checked_written_api
from .json_bytes import encode_value
from .parts import OUR_KINDS, Error
from .payloads import NotJson, load
from .provider_errors import error_in, error_of
from .written_errors import ANTHROPIC_TYPES, anthropic_error, error_message, gemini_error, openai_error

if TYPE_CHECKING:
    from .formats import WrittenApi

BAD_GATEWAY, GATEWAY_TIMEOUT = 502, 504
OVERLOADED = 529  # a status of Anthropic's own
UNAVAILABLE = 503  # what others answer in its place
WORDS: dict[type[Exception], str] = {
    errors.StreamCut: "the answer ended before it was whole",
    errors.StreamStalled: "the answer took too long",
    errors.UnexpectedContentType: "the server of the model sent something else than an answer",
    errors.UnknownFormat: "the server of the model sent an answer of no known format",
    errors.EventTooLarge: "the server of the model sent an event that is too large",
}
REFUSED = "the server of the model refused the request with status {}"
FAILED = "the request to the server of the model failed ({})"
MIN_SECRET = 6  # characters: a shorter value may be a word


def error_body(error: BaseException | Error, api: WrittenApi) -> tuple[int, dict[str, str], bytes]:
    """Return the response of an API for an error before the first byte: status, headers, body.

    `error`: an exception that reading a stream raised, or a part Error. A refusal (UnexpectedStatus) keeps its status,
    the provider's words and its Retry-After; a ProviderError or an Error has the status that it stands for; a
    StreamStalled is 504; any other is 502. `api`: as for Writer; "ai-sdk-ui" has the message as plain text.

    TypeError for anything else than an exception or an Error.
    """
    api_name = checked_written_api(api)
    if not isinstance(error, (BaseException, Error)):
        raise TypeError(f"error_body() takes an exception or a part Error, not {type(error).__name__}")
    said, status = _said(error)
    if status == OVERLOADED and api_name != "anthropic":
        status = UNAVAILABLE
    # The status counts in place of the words: those of another provider may not be known.
    said = Error(kind=said.kind, code=said.code, message=_shown(said, error), raw={"status": status})
    headers = {"content-type": "application/json"} | _retry_after(error)
    if api_name == "ai-sdk-ui":
        return status, headers | {"content-type": "text/plain; charset=utf-8"}, error_message(said).encode()
    body: dict[str, Any]
    if api_name == "anthropic":
        if status in ANTHROPIC_TYPES:  # a kind of another provider's may have the same name, and another status
            said = Error(code=said.code, message=said.message, raw=said.raw)
        body = {"type": "error", "error": anthropic_error(said)}
    elif api_name == "gemini":
        body = {"error": gemini_error(said) | {"code": status}}
    else:
        body = {"error": openai_error(said) | {"code": said.code}}
    return status, headers, encode_value(body)


def _said(error: BaseException | Error) -> tuple[Error, int]:
    """Return what an error says, and the HTTP status to answer with."""
    if isinstance(error, errors.UnexpectedStatus):
        status = error.status if 400 <= error.status <= 599 else BAD_GATEWAY
        return _of_refusal(error) or Error(message=REFUSED.format(error.status)), status
    if isinstance(error, errors.ProviderError):
        error = Error(kind=error.kind, code=error.code, message=error.detail, raw=error.raw)
    if isinstance(error, Error):
        if error.kind in OUR_KINDS:
            return Error(message="the server of the model sent an answer that is not valid"), BAD_GATEWAY
        return error, error.status or BAD_GATEWAY
    status = GATEWAY_TIMEOUT if isinstance(error, errors.StreamStalled) else BAD_GATEWAY
    words = next((words for kind, words in WORDS.items() if isinstance(error, kind)), None)
    return Error(message=words or FAILED.format(type(error).__name__)), status


def _of_refusal(error: errors.UnexpectedStatus) -> Error | None:
    """Return the provider's error in the body of a refusal; None if there is none."""
    try:
        value = load(error.body)
    except NotJson:
        return None
    if isinstance(value, list):  # Google's, without `alt=sse`
        value = next((item for item in value if isinstance(item, dict)), None)
    raw = error_in(value, "error") if isinstance(value, dict) else None
    found = None if raw is None else error_of(raw)
    return found if found is not None and (found.message or found.kind or found.code) else None


def _shown(said: Error, error: Any) -> str:
    """Return the message of an error, without keys, and without the address of the server that it came from."""
    text = error_message(said)
    response = getattr(error, "response", None)
    for secret in _sent_secrets(response):
        text = text.replace(secret, "...")
    for address in _addresses(response):
        text = re.sub(rf"(?:[A-Za-z][A-Za-z0-9+.-]{{1,30}}://)?{re.escape(address)}[^\s\"'<>),;]*", "...", text)
    return mask_keys(text_without_secrets(text), "...")


def _sent_secrets(response: Any) -> list[str]:
    """Return the keys in the request that a response answers."""
    request = getattr(response, "request", None) or getattr(response, "request_info", None)
    sent = getattr(request, "headers", None)
    values = [str(sent.get(name) or "") for name in KEY_HEADERS] if sent is not None else []
    found = [value.rpartition(" ")[2] for value in values]
    return sorted({value for value in (*values, *found) if len(value) >= MIN_SECRET}, key=len, reverse=True)


def _addresses(response: Any) -> list[str]:
    """Return the host of the server that a response came from, with its port and without it."""
    try:
        parts = urlsplit(str(getattr(response, "url", "") or ""))
        hosts = {parts.netloc.rpartition("@")[2], parts.hostname or ""}
    except (ValueError, RuntimeError):  # RuntimeError: httpx's, of a response without a request
        return []
    return sorted((host for host in hosts if host), key=len, reverse=True)


def _retry_after(error: BaseException | Error) -> dict[str, str]:
    seconds = getattr(error, "retry_after", None)
    return {} if seconds is None else {"retry-after": str(max(0, math.ceil(seconds)))}


error_body.__module__ = "ssescan.providers"
