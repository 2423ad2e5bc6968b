"""The exit statuses, and the one line that every failure prints.

Knows the exceptions of ssescan and of httpx, not the commands. Raise `Failure` (or click's UsageError) with a text that
says what was expected, what came and what to do; `command.run` prints it and exits with its status.
"""

import html
import os
import re
import sys
import textwrap
from enum import IntEnum
from http import HTTPStatus

import click

from .. import errors
from .._secrets import error_without_secrets
from ..byte_source import header_of
from .visible import visible

MAX_QUOTED = 200  # characters of the body of a refused response, of an event, of a provider's error

STATUS_ADVICE = dict.fromkeys((401, 403), "check the credentials (-H, -u)") | {
    402: "check the account's quota and billing",
    404: "check the path of the URL, and the name of the model in the body (-d)",
    405: "check the method: -d sends a POST, -X names another",
    407: "check the credentials in HTTP_PROXY or HTTPS_PROXY",
    413: "send a shorter body (-d)",
    415: "check the content type: -H 'Content-Type: application/json' for a JSON body",
}
PAGE_ADVICE = "that is a page for people, check the URL (an API has another path) and the credentials (-H)"
# What servers of TLS answer with status 400 to a request without it: Go's, nginx, Apache.
ASKS_FOR_TLS = re.compile(rb"to an HTTPS server|to HTTPS port|SSL-enabled server port", re.IGNORECASE)
# In texts of ssl: the server answered in something else than TLS; and of the resolver.
NOT_TLS = ("wrong version number", "record layer failure", "unknown protocol", "http request")
UNKNOWN_HOST = ("name or service not known", "nodename nor servname", "getaddrinfo", "name resolution")
TLS_ALERT = "\\x15\\x03"  # as h11 quotes the first bytes of an answer in TLS
MAX_PAGE = 65536  # bytes of a body in which a title is searched
PAGE = re.compile(rb"[^<]{0,99}(?:<\?xml[^>]{0,200}>\s{0,99})?<(?:!doctype html|html|head|!--)")  # in lower case
PAGE_TYPES = ("text/html", "application/xhtml+xml")

NO_RESPONSE = "before a response came"

PHRASES = {status.value: f" {status.phrase}" for status in HTTPStatus}


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
    """The failed end of a command: its exit status, and its line for stderr without the leading `ssescan: `."""

    def __init__(self, status: Exit, text: str) -> None:
        super().__init__(text)
        self.status = status


class OutputFailed(Exception):
    """The output could not be written; raised where an OSError would look like one of the source."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


def print_error(line: str) -> None:
    """Print a line on stderr, with the control characters that it quotes made visible; folded on a terminal."""
    line = visible(line)
    try:
        columns = os.get_terminal_size(sys.stderr.fileno()).columns
    except (AttributeError, OSError, ValueError):  # no terminal
        columns = 0
    if columns:
        line = textwrap.fill(line, columns, break_long_words=False, break_on_hyphens=False)
    click.echo(line, err=True)


def print_note(text: str) -> None:
    """Print a line on stderr about what a command does, where it may surprise."""
    print_error(f"ssescan: note: {text}")


def failure_of(error: Exception, source_name: str, so_far: str) -> Failure | None:
    """Return the Failure for an error while reading a stream, None if the error is not known.

    `so_far`: how much was read before the error, such as "after 2 events and 80 bytes", or NO_RESPONSE.
    """
    match error:
        case errors.UnexpectedStatus():
            text = f"expected an event stream from {source_name}, got status {error.status}"
            text += PHRASES.get(error.status, "")
            return Failure(Exit.REFUSED, f"{text}{and_body(error)}; {advice_on(error, source_name)}")
        case errors.UnexpectedContentType():
            got = f"content type {visible(error.content_type)!r}" if error.content_type else "no content type"
            text = f"expected content type text/event-stream from {source_name}, got {got}"
            advice = "ask for a stream (many APIs want that in the request's body)"
            if is_page(error.body) or error.content_type.partition(";")[0].strip().lower() in PAGE_TYPES:
                advice = PAGE_ADVICE
            return Failure(Exit.REFUSED, f"{text}{and_body(error, with_type=False)}; {advice}")
        case errors.UnsupportedEncoding():
            text = f"expected a body from {source_name} that can be decoded, got one with Content-Encoding"
            advice = "ask for a plain one with -H 'Accept-Encoding: identity'"
            return Failure(Exit.REFUSED, f"{text} {visible(error.encoding)} ({error.advice}); {advice}")
        case errors.StreamStalled():
            text = f"expected an event from {source_name} every {error.seconds:g} s, got none in time, {so_far}"
            return Failure(Exit.FAILED, f"{text}; a longer --progress waits longer")
        case errors.EventTooLarge():
            text = f"expected events of up to {error.limit} bytes from {source_name}, got one of {error.size} or more"
            return Failure(Exit.FAILED, f"{text}, {so_far}; is it an event stream?")
        case errors.UnknownFormat():
            got = f"got one that begins: {shortened(error.event.data)}"
            text = f"expected the first event from {source_name} to be of a known API, {got}"
            return Failure(Exit.OTHER, f"{text}; name the API with --api if it is one of those that --help lists")
        case errors.StreamCut():
            return cut_failure(error, source_name, so_far)
        case errors.ProviderError():
            return provider_failure(error, source_name, so_far)
        case errors.SsescanError():
            return Failure(Exit.OTHER, f"{source_name}: {error}")
    return transport_failure(error, source_name, so_far)


def cut_failure(error: errors.StreamCut, source_name: str, so_far: str) -> Failure:
    """Return the Failure for an answer that is not complete, with the lines of no event that came."""
    body = error.beginning.encode()
    quoted = f"; lines of no event came: {title_of(body) or shortened(error.beginning)}" if body else ""
    if error.message.choices:
        text = f"expected the whole answer from {source_name}, the stream was cut before its end, {so_far}{quoted}"
        return Failure(Exit.CUT, f"{text}; what came is not complete")
    text = f"expected an answer from {source_name}, the stream ended before one came, {so_far}{quoted}"
    return Failure(Exit.CUT, f"{text}; {PAGE_ADVICE if is_page(body) else 'is it a stream of an LLM API?'}")


def provider_failure(error: errors.ProviderError, source_name: str, so_far: str) -> Failure:
    """Return the Failure for an error that the provider reported within the stream."""
    from ..providers.parts import OUR_KINDS

    detail = shortened(error.detail or ("" if error.kind or error.code else str(error.raw)))
    if error.kind in OUR_KINDS:
        defect = f"is not JSON ({error.raw}), it begins" if error.kind == "decode" else "is not valid"
        text = f"expected a valid stream from {source_name}, got an event that {defect}: {detail}"
        return Failure(Exit.PROVIDER, f"{text}, {so_far}; a proxy before the provider may have damaged it")
    code = None if error.code == error.kind else error.code
    names = [f"{name} {visible(str(word))}" for name, word in (("kind", error.kind), ("code", code)) if word]
    report = ": ".join(filter(None, [", ".join(names), detail]))
    text = f"expected the whole answer from {source_name}, got an error of the provider"
    text += f"{error.api and f' ({error.api})'}, {report}, {so_far}"
    return Failure(Exit.PROVIDER, f"{text}; {advice_on_provider(error)}")


def advice_on_provider(error: errors.ProviderError) -> str:
    """Return advice after an error within the stream, by the status that it stands for."""
    if error.retryable:
        return "it may work later, ask again"
    if error.status is None:
        return "what came before it is not complete; ask again"
    # 429 that does not pass is the quota's.
    return status_advice(402 if error.status == 429 else error.status, "check the body of the request (-d)")


def transport_failure(error: Exception, source_name: str, so_far: str) -> Failure | None:
    """Return the Failure for an exception of httpx, None for any other."""
    httpx = sys.modules.get("httpx")  # if it was not imported, the error is not from httpx
    if httpx is None or not isinstance(error, httpx.HTTPError):
        return None
    if isinstance(error, httpx.ReadTimeout):
        text = f"expected bytes from {source_name}, none came in time, {so_far}"
        return Failure(Exit.FAILED, f"{text}; a longer --idle or -m waits longer")
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)):
        text = f"expected to connect to {source_name}, got {error_without_secrets(error) or type(error).__name__}"
        return Failure(Exit.FAILED, f"{text}; {advice_on_connecting(str(error), source_name)}")
    if isinstance(error, httpx.LocalProtocolError):
        text = f"expected a request that HTTP allows, got: {error_without_secrets(error)}"
        return Failure(Exit.USAGE, f"{text}; check -X and -H")
    got = f"{type(error).__name__} ({error_without_secrets(error)})"
    text = f"expected an event stream from {source_name} and its end, got {got}, {so_far}"
    advice = "the server, or a proxy before it, gave up"
    if TLS_ALERT in str(error):
        advice = f"the server speaks TLS on this port, try {with_scheme('https', source_name)}"
    elif is_without_tls(source_name) and so_far == NO_RESPONSE:
        advice += f"; if it expects TLS, try {with_scheme('https', source_name)}"
    return Failure(Exit.FAILED, f"{text}; {advice}")


def advice_on_connecting(error_text: str, source_name: str) -> str:
    """Return advice after an error while connecting, by its text: no class tells them apart."""
    lowered = error_text.lower().replace("_", " ")
    if "certificate" in lowered:
        return "check the name in the URL; -k connects without this check"
    if any(words in lowered for words in NOT_TLS):
        return f"the server does not speak TLS on this port, try {with_scheme('http', source_name)}"
    if any(words in lowered for words in UNKNOWN_HOST):
        return "check the name of the host in the URL, and the network"
    return "check the address and that the server is up"


def is_without_tls(source_name: str) -> bool:
    """Return whether a source is a URL of http."""
    return source_name.lower().startswith("http://")


def with_scheme(scheme: str, source_name: str) -> str:
    """Return the name of a URL with another scheme."""
    return f"{scheme}://{source_name.partition('://')[2]}"


def advice_on(error: errors.UnexpectedStatus, source_name: str) -> str:
    """Return advice after a response with an error status."""
    status = error.status
    if status == 400 and is_without_tls(source_name) and ASKS_FOR_TLS.search(error.body[:MAX_PAGE]):
        return f"the server speaks TLS on this port, try {with_scheme('https', source_name)}"
    if status in (408, 429) or status >= 500:
        wait = header_of(getattr(error.response, "headers", {}), "Retry-After")
        return f"it may work later{f' (Retry-After: {shortened(wait)})' if wait else ''}"
    return status_advice(status, "check the URL, the method (-X), the headers (-H) and the body (-d)")


def status_advice(status: int, otherwise: str) -> str:
    """Return advice after a status, in the options of the command that runs: its attribute `status_advice`, if any."""
    context = click.get_current_context(silent=True)
    own: dict[int | None, str] = getattr(context and context.command, "status_advice", {})
    return own.get(status) or STATUS_ADVICE.get(status) or own.get(None, otherwise)


def and_body(error: errors.UnexpectedStatus | errors.UnexpectedContentType, *, with_type: bool = True) -> str:
    """Return the content type and the beginning of the body of a refused response, to append to a text."""
    kind = header_of(getattr(error.response, "headers", {}), "Content-Type") if with_type else ""
    text = error.note and f", {error.note}"
    if not text:
        quoted = title_of(error.body) or shortened(error.body[: 4 * MAX_QUOTED].decode("utf-8", "replace"))
        text = f": {quoted}" if quoted else ", without a body"
    return (f" ({visible(kind)})" if kind else "") + text


def title_of(body: bytes) -> str | None:
    """Return the title of an HTML page, as messages show it; None if the body is not a page with a title."""
    if not is_page(body):
        return None
    # No expression, which a hostile page could make slow.
    lowered = body[:MAX_PAGE].lower()
    start = lowered.find(b"<title")
    begin = lowered.find(b">", start) + 1
    end = lowered.find(b"</title", begin)
    if start < 0 or not begin or end < 0:
        return None
    title = shortened(html.unescape(body[begin:end][: 8 * MAX_QUOTED].decode("utf-8", "replace")))
    return f"an HTML page, {title!r}" if title else None


def is_page(body: bytes) -> bool:
    """Return whether a body begins as a page of HTML does."""
    return PAGE.match(body[:500].lower()) is not None


def shortened(text: str) -> str:
    """Return the beginning of a text from the network, on one line, with its control characters visible."""
    text = " ".join(text[: 4 * MAX_QUOTED].split())
    return visible(text[:MAX_QUOTED] + "..." if len(text) > MAX_QUOTED else text)
