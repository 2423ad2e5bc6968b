"""The HTTP status that a provider's error stands for: within a stream, errors come as words or numbers.

The exceptions and the parts share it, so it imports nothing. Sources of the words: the pages about errors of OpenAI,
Anthropic, Google (google.rpc.Code) and AWS, and the servers that speak like them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

WITHOUT_STATUS = ("decode", "protocol")
"""Kinds of errors that are ours: the provider's bytes made no sense."""
STATUS_FIELDS = ("status", "status_code", "statusCode", "http_status", "http_code")
"""The fields beside the code that may hold the status of an error."""
NO_QUOTA = "insufficientquota"
"""An error of status 429 that no later attempt avoids."""

# A word counts without its case and its punctuation, if it begins like one of these; the longest counts.
WORDS = {
    400: "invalidrequest invalidargument invalidprompt badrequest failedprecondition outofrange contextlength "
    "validationerror validationexception unprocessable",
    401: "authentication unauthenticated unauthorized invalidapikey incorrectapikey",
    402: "billing paymentrequired insufficientbalance insufficientcredits",
    403: "permission accessdenied forbidden",
    404: "notfound modelnotfound resourcenotfound",
    408: "requesttimeout",
    409: "conflict alreadyexists",
    413: "requesttoolarge",
    429: f"ratelimit toomanyrequests resourceexhausted throttl requestlimitexceeded {NO_QUOTA}",
    500: "servererror internal apierror dataloss",
    501: "unimplemented",
    502: "badgateway",
    503: "unavailable serviceunavailable slowdown serveroverloaded serverisoverloaded engineoverloaded modelnotready",
    504: "timeout timedout deadlineexceeded gatewaytimeout",
    529: "overloaded",
}
STATUSES = {word: status for status, words in WORDS.items() for word in words.split()}
LENGTHS = sorted(set(map(len, STATUSES)), reverse=True)
MAX_WORD = 100  # characters: anything longer is not a word


def status_of(kind: Any, code: Any, raw: Any) -> int | None:
    """Return the HTTP status of an error, from 400 to 599; None if it does not say.

    `kind`, `code`, `raw`: as in the part Error. A number counts as it is; a code says more than a kind.
    """
    if kind in WITHOUT_STATUS:
        return None
    fields = [raw.get(name) for name in STATUS_FIELDS] if isinstance(raw, dict) else []
    said = [code, *fields, kind]
    return next((number for value in said if (number := _number(value))), None) or next(
        (status for value in said if (status := _status_of_word(value))), None
    )


def is_retryable(status: int | None, kind: Any, code: Any) -> bool | None:
    """Return whether the same request may succeed later; None if that is not known."""
    if any(_plain(value).startswith(NO_QUOTA) for value in (kind, code)):
        return False
    return None if status is None else status in (408, 409, 429) or status >= 500


def _status_of_word(word: Any) -> int | None:
    """Return the status that a word stands for, None if it is not the word for an error."""
    if not isinstance(word, str) or len(word) > MAX_WORD:
        return None
    for plain in (_plain(word), _plain(word.rpartition(".")[2])):  # the last, of a name such as litellm.RateLimitError
        for length in LENGTHS:
            if status := STATUSES.get(plain[:length]):
                return status
    return None


def _number(value: Any) -> int | None:
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return int(value) if 400 <= value <= 599 and value == int(value) else None


def _plain(word: Any) -> str:
    """Return the letters of a word, in lower case."""
    return "".join(filter(str.isalpha, word)).lower() if isinstance(word, str) and len(word) <= MAX_WORD else ""
