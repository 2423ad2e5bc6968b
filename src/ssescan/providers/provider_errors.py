"""Which JSON is the error of a provider, and what it says: one place for all formats.

Gateways put errors of their own shapes into the streams of every format: R35 and R36 of docs/rules.md have the list.
Knows no wire format.
"""

from __future__ import annotations

from typing import Any

from .._error_status import STATUS_FIELDS
from .json_values import dict_of, text_of
from .parts import Error

MAX_WRAPPED = 8
"""The number of errors in which an error may be nested."""
BARE = ("error", "response.error")
"""Types that say that something failed, and not what."""
TYPES = (
    "overloaded", "insufficient_quota", "too_many_requests", "rate_limited", "service_unavailable", "unauthorized",
    "forbidden", "bad_request", "invalid_api_key", "resource_exhausted", "server_overloaded", "server_is_overloaded",
)  # fmt: skip
"""Types of errors that do not say so by their ends."""
CODES = ("code", "error_code", "errorCode", "status_code", "statusCode")
MESSAGES = ("message", "msg", "error_message", "error_msg", "errorMessage", "status_msg")
OF_ERRORS = MESSAGES[2:5]
"""Messages that only an error has."""
REASONS = ("detail", "reason")
"""Messages beside a code that is not of a success, or a status of a failure."""
INNER = ("error", "errors", "detail", "details", "reason", "description", "text", "data", "title")
"""Other fields that may have the words of an error: a text, an object or a list."""
SUCCESS = ("", "0", "ok", "success", "succeeded", "none")
FAILED = ("error", "failed", "failure", "fail")
FIELDS = frozenset((
    "error", "type", "event_type", "event", "object", "base_resp", "errors", "error_type", "detail", "success",
    *CODES, *MESSAGES, *STATUS_FIELDS,
))  # fmt: skip
"""Without one of these, an object is not an error."""
OF_FAILURES = FIELDS - {"error", "type", "event_type", "event", "object"} | {*REASONS}
"""Without one of these, an object without a type does not say that something failed."""


def error_in(value: dict[str, Any], name: str | None) -> Any:
    """Return the provider's error that an object without an answer is, as it came; None if it is not an error.

    `name`: of the event. An object that says that it is something else, or that all went well, is not an error.
    """
    if name != "error" and FIELDS.isdisjoint(value):
        return None  # at once: a stream may be full of events that are not known
    nested = value.get("error")
    if nested:
        if is_success(nested):
            return None
        return with_beside(value)
    kind = text_of(value.get("type")) or text_of(value.get("event_type"))
    if ":" in kind:
        kind = ""  # an address: that of a kind of problem (RFC 9457)
    if not kind and _is_errors(text_of(value.get("event"))):
        kind = "error"
    if name == "error" or value.get("object") == "error" or _is_errors(kind):
        response = dict_of(value.get("response"))  # of response.error
        return response["error"] if kind in BARE and response.get("error") else value
    return value if not kind and _fails(value) else None


def with_beside(value: dict[str, Any]) -> Any:
    """Return the error in an object, with the words and the number that stand beside it and not in it.

    Of an error that is a text or true, that is the object itself; of one that is a number, with that as its code.
    """
    error = value["error"]
    code = code_of(value)
    if isinstance(error, dict):
        is_missing = code not in (None, "") and not _is_success(code) and code_of(error) is None
        said = next((value[name] for name in MESSAGES if isinstance(value.get(name), str)), "")
        words = {"message": said} if said and _message(error) is None else {}
        return error | words | {"code": code} if is_missing else error | words if words else error
    has_more = code not in (None, "") or any(isinstance(value.get(name), str) and value[name] for name in MESSAGES)
    is_fine = code is not None and _is_success(code)
    if has_more and code is None and isinstance(error, (int, float)) and not isinstance(error, bool):
        return value | {"code": error}
    return value if error is True or (isinstance(error, str) and has_more and not is_fine) else error


def given_error(error: Any) -> Any:
    """Return the error of an answer, None if it says nothing: some servers send its fields empty."""
    return (error if any(error.values()) else None) if isinstance(error, dict) else error or None


def _is_errors(kind: str) -> bool:
    """Return whether a type is that of an error."""
    kind = kind.lower()
    return kind.startswith("error") or kind.endswith(("error", "exception", "_exceeded")) or kind in TYPES


def _fails(value: dict[str, Any]) -> bool:
    """Return whether an object without a type says that something failed."""
    if OF_FAILURES.isdisjoint(value):
        return False
    inner = value.get("base_resp")  # MiniMax
    if isinstance(inner, dict) and (code := code_of(inner)) is not None:
        return not _is_success(code)
    texts = [
        text for name in (*MESSAGES, *REASONS) if (text := value.get(name)) and isinstance(text, (str, list, dict))
    ]
    status = value.get("status")
    if value.get("success") is False or (isinstance(status, str) and status.lower() in FAILED):
        return bool(texts) or _has_errors(value)
    code = code_of(value)
    is_status = isinstance(code, (int, float)) and 400 <= code <= 599
    if (code is not None and _is_success(code)) or (texts and not is_status and all(map(_is_fine, texts))):
        return False
    if _has_errors(value) or (is_status and value.get("title")):
        return True
    return bool(texts) and (code is not None or (len(value) == 1 and bool(value.get("detail"))))


def _has_errors(value: dict[str, Any]) -> bool:
    """Return whether an object has a field that only an error has."""
    return any(value.get(name) for name in ("errors", "error_type", *OF_ERRORS))


def _is_fine(text: Any) -> bool:
    """Return whether a message says that all went well."""
    return isinstance(text, str) and text.strip().rstrip(".!").lower() in SUCCESS


def is_success(raw: Any) -> bool:
    """Return whether what stands in the place of an error says that all went well, by its code, or nothing at all."""
    if isinstance(raw, dict) and not any(raw.values()):
        return True
    if not isinstance(raw, dict) or _is_errors(text_of(raw.get("type"))):
        return False
    code = code_of(raw)
    return code is not None and code != "" and _is_success(code)


def _is_success(code: str | float) -> bool:
    if isinstance(code, str):
        code = code.strip().lower()
        return (
            code.strip("0") in SUCCESS
            or code in SUCCESS
            or (len(code) == 3 and code.isdigit() and code.startswith("2"))
        )
    return code == 0 or 200 <= code <= 299


def code_of(value: dict[str, Any]) -> Any:
    """Return the code of an error, a text or a number; None if it has none."""
    for name in CODES:
        code = value.get(name)
        if isinstance(code, (str, int, float)) and not isinstance(code, bool):
            return code
    # A status that is a number: others are words, such as "error".
    for name in STATUS_FIELDS:
        code = value.get(name)
        if (isinstance(code, int) and not isinstance(code, bool)) or (isinstance(code, str) and code.isdigit()):
            return code
    return None


def error_of(raw: Any) -> Error:
    """Return an Error for the provider's: an object, or a text. Of nested ones, the innermost counts."""
    for _ in range(MAX_WRAPPED):
        if not (isinstance(raw, dict) and raw.get("message") is None and raw.get("code") is None and raw.get("error")):
            break
        inner = with_beside(raw)
        if inner is raw:
            break
        raw = inner
    whole: Any = raw[0] if isinstance(raw, list) and raw else raw
    said = _said(whole)
    if not isinstance(said, dict):
        number = said if isinstance(said, (int, float)) and not isinstance(said, bool) else None
        return Error(code=number, message=said if isinstance(said, str) else None, raw=raw)
    kind = text_of(said.get("type")) or text_of(whole.get("type")) or None
    code = code_of(said) if said is whole or code_of(said) is not None else code_of(whole)
    if kind is None or kind in BARE:
        kind = text_of(said.get("error_type")) or (kind if code is None else None)
    return Error(kind=kind, code=code, message=_message(said), raw=raw)


def _said(raw: Any) -> Any:
    """Return what has the fields of an error: the error, the first of several, or an object within it."""
    for _ in range(MAX_WRAPPED):
        if not isinstance(raw, dict) or any(isinstance(raw.get(name), str) for name in MESSAGES):
            return raw
        inner = next((raw[name] for name in ("errors", "base_resp", "detail") if raw.get(name)), None)
        if isinstance(inner, list):
            inner = inner[0]
        if not isinstance(inner, dict):
            return raw
        raw = inner
    return raw


def _message(said: dict[str, Any], depth: int = MAX_WRAPPED) -> str | None:
    for name in (*MESSAGES, *INNER):
        message = said.get(name)
        if isinstance(message, list) and message:
            is_of_texts = all(isinstance(line, str) for line in message)
            message = "; ".join(message) if is_of_texts else message[0]
        if isinstance(message, dict) and depth:
            message = _message(message, depth - 1)
        if isinstance(message, str) and (message or name == "message"):
            return message
    return None
