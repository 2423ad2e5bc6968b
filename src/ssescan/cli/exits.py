"""How a command ends: the exit statuses, and every failure as one line.

Knows the exceptions of ssescan and of the transports, not the commands. Raise `Failure` (or click's UsageError) with
a text that says what was expected, what came and what to do; `command.run` prints it and exits with its status.
"""

import re
import sys
from enum import IntEnum
from http import HTTPStatus

import click

from .. import errors
from .._secrets import error_without_secrets
from .visible import visible

BODY_SHOWN = 200  # characters of a refused response's body, of an event, of what a provider said

OF_OUR_MAKING = ("decode", "protocol")  # see the part Error: what the provider said was no error, it made no sense
# What to try after a provider's error. The providers' kinds and codes have these words in common, or HTTP's statuses.
ADVICE = (
    (r"quota|billing|credit|\b402\b", "check the account's quota and billing"),
    (r"auth|permission|api_?key|\b40[13]\b", "check the credentials (-H)"),
    (
        r"overload|unavailable|rate_?limit|exhausted|time_?out|server_?error|api_error|internal|\b(408|429|5\d\d)\b",
        "the provider may take it later, ask again",
    ),
    (r"invalid|not_?found|too_?large|length|\b4\d\d\b", "check the body of the request (-d)"),
)


class Exit(IntEnum):
    """The exit statuses of every command."""

    ENDED = 0
    OTHER = 1
    USAGE = 2
    CUT = 3
    REFUSED = 4
    FAILED = 5
    PROVIDER = 6
    INTERRUPTED = 130


class Failure(click.ClickException):
    """What ends a command: an exit status and the one line for stderr."""

    def __init__(self, status: Exit, text: str) -> None:
        """Take the line as it is, without the leading `ssescan: `."""
        super().__init__(text)
        self.status = status


class OutputFailed(Exception):
    """The output could not be written; raised where its `error`, an OSError, could be taken for one of the source."""

    def __init__(self, error: OSError) -> None:
        """Take what was raised."""
        super().__init__(str(error))
        self.error = error


def tell(line: str) -> None:
    """Print a line on stderr, where nothing that is quoted in it steers a terminal."""
    click.echo(visible(line), err=True)


def explain(error: Exception, place: str, so_far: str) -> Failure | None:
    """Return the Failure that tells of an error met while reading a stream, None where the error is not known.

    `place` is where the stream came from, `so_far` what had been read of it.
    """
    match error:
        case errors.UnexpectedStatus():
            return Failure(
                Exit.REFUSED,
                f"expected an event stream from {place}, got status {status_line(error.status)}"
                f"{and_body(error)}; {advice_on(error.status)}",
            )
        case errors.UnexpectedContentType():
            came = f"content type {visible(error.content_type)!r}" if error.content_type else "no content type"
            return Failure(
                Exit.REFUSED,
                f"expected content type text/event-stream from {place}, got {came}{and_body(error, with_type=False)}; "
                "ask for a stream (many APIs want it said in the request's body)",
            )
        case errors.UnsupportedEncoding():
            text = f"expected a body from {place} that can be decoded, got one with Content-Encoding"
            advice = "ask for a plain one with -H 'Accept-Encoding: identity'"
            return Failure(Exit.REFUSED, f"{text} {visible(error.encoding)} ({error.advice}); {advice}")
        case errors.StreamStalled(reason="progress"):
            text = f"expected an event from {place} every {error.seconds:g} s, got none in time, {so_far}"
            return Failure(Exit.FAILED, f"{text}; a longer --progress waits longer")
        case errors.EventTooLarge():
            text = f"expected events of up to {error.limit} bytes from {place}, got one of {error.size} or more"
            return Failure(Exit.FAILED, f"{text}, {so_far}; is it an event stream?")
        case errors.StreamStalled() | errors.ReconnectsExhausted():
            return Failure(Exit.FAILED, f"{place}: {error}, {so_far}")
        case errors.UnknownFormat():
            text = f"expected the first event from {place} to be of an API that is known"
            text = f"{text}, got one that begins: {shortened(error.event.data)}"
            return Failure(Exit.OTHER, f"{text}; name the API with --api if it is one of those (--help lists them)")
        case errors.StreamCut():
            if error.message.choices:
                text = f"expected the whole answer from {place}, the stream was cut before its end, {so_far}"
                return Failure(Exit.CUT, f"{text}; what came is not complete")
            text = f"expected an answer from {place}, the stream ended before any, {so_far}"
            return Failure(Exit.CUT, f"{text}; is it a stream of an LLM API?")
        case errors.ProviderError():
            return provider_failure(error, place, so_far)
        case errors.SsescanError():
            return Failure(Exit.OTHER, f"{place}: {error}")
    return transport_failure(error, place, so_far)


def provider_failure(error: errors.ProviderError, place: str, so_far: str) -> Failure:
    """Return the Failure for an error that came within the stream, with the provider's own words for it."""
    detail = shortened(error.detail or ("" if error.kind or error.code else str(error.raw)))
    if error.kind in OF_OUR_MAKING:
        what = f"no JSON ({error.raw}), it begins" if error.kind == "decode" else "none"
        text = f"expected a sound stream from {place}, got an event that is {what}: {detail}"
        return Failure(Exit.PROVIDER, f"{text}, {so_far}; what stands between here and the provider may have spoilt it")
    code = None if error.code == error.kind else error.code
    names = [f"{name} {visible(str(word))}" for name, word in (("kind", error.kind), ("code", code)) if word]
    said = ": ".join(filter(None, [", ".join(names), detail]))
    text = f"expected the whole answer from {place}, got an error of the provider{error.api and f' ({error.api})'}"
    return Failure(Exit.PROVIDER, f"{text}, {said}, {so_far}; {advice_on_error(f'{error.kind} {error.code}'.lower())}")


def advice_on_error(names: str) -> str:
    """Return what to try after a provider's error, by its kind and code in small letters."""
    for pattern, advice in ADVICE:
        if re.search(pattern, names):
            return advice
    return "what came before it is not complete; ask again"


def transport_failure(error: Exception, place: str, so_far: str) -> Failure | None:
    """Return the Failure for an exception of httpx, None if it is none."""
    httpx = sys.modules.get("httpx")  # not imported: then the error is not one of its
    if httpx is None or not isinstance(error, httpx.HTTPError):
        return None
    if isinstance(error, httpx.ReadTimeout):
        text = f"expected bytes from {place}, none came in time, {so_far}"
        return Failure(Exit.FAILED, f"{text}; a longer --idle waits longer")
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
        text = f"expected to connect to {place}, got {error_without_secrets(error) or type(error).__name__}"
        return Failure(Exit.FAILED, f"{text}; check the address and that the server is up")
    if isinstance(error, httpx.LocalProtocolError):
        return Failure(
            Exit.USAGE, f"expected a request that HTTP allows, got: {error_without_secrets(error)}; check -X and -H"
        )
    got = f"{type(error).__name__} ({error_without_secrets(error)})"
    text = f"expected an event stream from {place} and its end, got {got}, {so_far}"
    return Failure(Exit.FAILED, f"{text}; the server, or what stands before it, gave up")


def status_line(status: int) -> str:
    """Return "404 Not Found", or the bare number where the standard has no phrase for it."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def advice_on(status: int) -> str:
    """Return what to try after a response with an error status."""
    if status in (401, 403):
        return "check the credentials (-H)"
    if status in (408, 429) or status >= 500:
        return "the server may take it later"
    return "check the URL, the method (-X), the headers (-H) and the body (-d)"


def and_body(error: "errors.UnexpectedStatus | errors.UnexpectedContentType", *, with_type: bool = True) -> str:
    """Return the content type and the beginning of the body of a refused response, to follow on other words."""
    headers = getattr(error.response, "headers", {})
    kind = headers.get("content-type", "") if with_type else ""
    text = shortened(error.body[: 4 * BODY_SHOWN].decode("utf-8", "replace"))
    return (f" ({visible(kind)})" if kind else "") + (f": {text}" if text else ", without a body")


def shortened(text: str) -> str:
    """Return the beginning of a text from the network, on one line and fit to be looked at."""
    text = " ".join(text[: 4 * BODY_SHOWN].split())
    return visible(text[:BODY_SHOWN] + "..." if len(text) > BODY_SHOWN else text)
