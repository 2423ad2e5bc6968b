"""Errors in the words of each format that is written: one table, by the HTTP status that an error stands for.

Sources: the pages about errors of OpenAI, Anthropic and Google (google.rpc.Code).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .json_bytes import encode_value
from .parts import OUR_KINDS

if TYPE_CHECKING:
    from .parts import Error

ANTHROPIC_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 408: "timeout_error", 409: "conflict_error", 413: "request_too_large",
    429: "rate_limit_error", 500: "api_error", 503: "overloaded_error", 504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip
OPENAI_TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 403: "permission_error", 404: "not_found_error",
    409: "conflict_error", 429: "rate_limit_error", 503: "service_unavailable", 529: "overloaded_error",
}  # fmt: skip
GEMINI_STATUSES = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED",
    429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 500: "INTERNAL", 501: "UNIMPLEMENTED", 503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}  # fmt: skip
RESPONSES_CODES = {
    400: "invalid_prompt", 401: "invalid_api_key", 402: "billing_error", 403: "permission_denied", 404: "not_found",
    408: "timeout", 409: "conflict", 413: "request_too_large", 429: "rate_limit_exceeded", 503: "server_is_overloaded",
    504: "timeout", 529: "server_is_overloaded",
}  # fmt: skip
OUR_CODES = (*OUR_KINDS, "stream_cut", "stream_failed")
"""The kinds of errors that no provider has: a client of the provider would not know what to make of them."""
WITHOUT_WORDS = "the provider reported an error"


def error_message(error: Error) -> str:
    """Return the message of an error, or, if it has none, its code or its kind."""
    if error.kind == "decode":
        return f"an event of the answer was not JSON ({error.raw})"
    return error.message or str(error.code or error.kind or WITHOUT_WORDS)


def error_status(error: Error) -> int:
    """Return the HTTP status that an error stands for, 500 if it does not say."""
    return error.status or 500


def openai_error(error: Error) -> dict[str, Any]:
    """Return the object `error` of OpenAI's APIs. The provider's own words stay."""
    status = error_status(error)
    kind = error.kind or OPENAI_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    code = error.code if error.code is not None else status if error.status else None
    return {"message": error_message(error), "type": kind, "param": None, "code": code}


def anthropic_error(error: Error) -> dict[str, Any]:
    """Return the object `error` of Anthropic's API, whose types are a list of its own."""
    known = set(ANTHROPIC_TYPES.values())
    kind = error.kind if error.kind in known else ANTHROPIC_TYPES.get(error_status(error))
    return {"type": kind or "api_error", "message": error_message(error)}


def gemini_error(error: Error) -> dict[str, Any]:
    """Return the object `error` of Gemini's API."""
    status = 503 if error.status == 529 else error_status(error)
    name = GEMINI_STATUSES.get(status, "INTERNAL" if status >= 500 else "INVALID_ARGUMENT")
    return {"code": status, "message": error_message(error), "status": name}


def responses_error(error: Error) -> dict[str, Any]:
    """Return the object `error` of a Response, whose codes are a list of its own; the provider's own code stays."""
    own = error.code if isinstance(error.code, str) else None if error.kind in OUR_CODES else error.kind
    return {"code": own or RESPONSES_CODES.get(error_status(error), "server_error"), "message": error_message(error)}


def interactions_frame(error: Error) -> bytes:
    """Return the event that ends a stream of Gemini Interactions with an error: that format has no writer."""
    content = {"error": {"code": str(error.code or error.kind or "internal"), "message": error_message(error)}}
    return b"event: error\ndata: " + encode_value(content | {"event_type": "error"}) + b"\n\n"
