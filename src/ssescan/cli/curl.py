"""curl's options, from the command line to a request, so that a copied curl command works with another name.

Browsers copy a request as a curl command, and the documentation of APIs prints them. Knows nothing of sockets.
"""

import base64
import functools
import json
import math
import os
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit

import click

from .._secrets import argument_without_secrets
from . import completing
from .exits import print_note

HEADER = re.compile(r"\s*([^\s:;]+)(?:\s*:\s*(?P<value>[^\r\n\0]*?)\s*|;\s*)\Z")
METHOD = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)  # a token of RFC 9110
FORM, JSON = b"application/x-www-form-urlencoded", b"application/json"
LINE_END = re.compile(r"[\r\n\0]")
QUERY_SAFE = "!$%&'()*+,/:;=?@[]~-._"  # what a query may contain, and "%", as the caller may have escaped it
# The option of each kind of data, its names, its help.
DATA: dict[str, tuple[tuple[str, ...], str]] = {
    "data": (("-d", "--data", "--data-ascii"), "POST this; @FILE and @- read it. Several are joined with &."),
    "data_raw": (("--data-raw",), "The same, and @ means nothing."),
    "data_binary": (("--data-binary",), "The same as -d, and a file is sent with its line ends."),
    "data_urlencode": (
        ("--data-urlencode",),
        "The same, escaped: TEXT, =TEXT, NAME=TEXT, @FILE or NAME@FILE; a NAME is sent as it is.",
    ),
    "data_json": (("--data-json",), "The same as curl's --json: POST this as JSON; @FILE and @- read it."),
}
# The options of curl that change nothing here.
ACCEPTED = (
    ("-N", "--no-buffer"), ("-s", "--silent"), ("-S", "--show-error"), ("-f", "--fail"), ("--fail-with-body",),
    ("-L", "--location"), ("--compressed",), ("-g", "--globoff"), ("-0", "--http1.0"), ("--http1.1",), ("--http2",),
    ("--http2-prior-knowledge",), ("--http3",), ("--http3-only",), ("--tcp-nodelay",), ("-v", "--verbose"),
    ("-i", "--include"), ("-#", "--progress-bar"), ("--no-progress-meter",), ("--ssl-no-revoke",),
)  # fmt: skip

Decorator: TypeAlias = Callable[[Any], Any]


def positive_seconds(context: click.Context, option: click.Parameter, seconds: float | None) -> float | None:
    """Return the value of an option, None without one; a click callback that accepts only finite positive numbers."""
    if seconds is not None and not 0 < seconds < math.inf:
        raise click.BadParameter(f"expected a finite number of seconds over zero, got {seconds}", context, option)
    return seconds


def refuse_output(context: click.Context, _option: click.Parameter, value: str | None) -> None:
    """Refuse -o, which would change where the output goes; a click callback."""
    if value is not None:
        text = "expected no -o or --output, the output is standard output: leave it out, and write > FILE"
        raise click.UsageError(text, context)


# Decorators that add options, which `ask` has too.
HEADER_OPTION: Decorator = click.option(
    "-H", "--header", "headers", multiple=True, metavar="'NAME: VALUE'",
    help="Send this header; 'NAME:' leaves one out, 'NAME;' sends it empty.",
)  # fmt: skip
CONNECTION_OPTIONS: tuple[Decorator, ...] = (
    click.option("-k", "--insecure", is_flag=True, help="Do not check the certificate of the server."),
    click.option(
        "--idle", type=float, callback=positive_seconds, metavar="SECONDS",
        help="Fail if the server sends no byte for so long.",
    ),
    click.option(
        "-m", "--max-time", type=float, callback=positive_seconds, metavar="SECONDS",
        help="The same as --idle: the whole time has no limit here.",
    ),
    click.option(
        "--connect-timeout", type=float, callback=positive_seconds, metavar="SECONDS",
        help="Fail if connecting takes so long; by default 10.",
    ),
)  # fmt: skip


class CurlCommand(click.Command):
    """A command with the options of `source_options`; it keeps their order, in which the data are joined."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        json_error = click.UsageError(
            "expected --json without a value, as it sets the output here; --data-json is curl's --json", ctx
        )
        try:
            options, others, order = self.make_parser(ctx).parse_args(args=list(args))
        except click.BadOptionUsage as error:
            raise json_error if error.option_name == "--json" else error from None
        if "as_json" in options and any(map(is_data, [options.get("source"), *others])):
            raise json_error
        ctx.meta[__name__] = [option.name for option in order]
        return super().parse_args(ctx, args)


def source_options(command: Callable[..., object], *, has_output: bool = False) -> Callable[..., object]:
    """Add the argument SOURCE and the options of a Request to a CurlCommand, which gets `source` and `request`.

    `has_output`: the command has its own option -o.
    """

    @functools.wraps(command)
    def with_request(*, source: str | None, url: tuple[str, ...], **options: Any) -> object:
        sources = [*url, *([] if source is None else [source])]
        if len(sources) > 1:
            raise click.UsageError("expected one source, got --url and another one")
        values = {name: iter(options.pop(name)) for name in DATA}
        order = click.get_current_context().meta[__name__]
        data = tuple(Data(name, next(values[name])) for name in order if name in values)
        own = {name: options.pop(name) for name in Request.__dataclass_fields__ if name != "data"}
        return command(source=sources[0] if sources else "-", request=Request(data=data, **own), **options)

    decorators: list[Decorator] = [
        click.argument("source", required=False, metavar="[FILE | URL | -]", shell_complete=completing.files),
        click.option("--url", multiple=True, metavar="URL", help="The same as the argument URL."),
        HEADER_OPTION,
        *(
            click.option(*names, name, multiple=True, metavar="DATA", help=text)
            for name, (names, text) in DATA.items()
        ),
        click.option("-G", "--get", is_flag=True, help="Send the data in the query of the URL."),
        click.option("-X", "--request", "method", metavar="METHOD", help="The method of the request."),
        click.option("-u", "--user", metavar="NAME:PASSWORD", help="Send these credentials (Basic)."),
        click.option("-b", "--cookie", "cookies", multiple=True, metavar="NAME=VALUE", help="Send this cookie."),
        click.option("-A", "--user-agent", metavar="NAME", help="Send this header User-Agent."),
        click.option("-e", "--referer", metavar="URL", help="Send this header Referer."),
        *CONNECTION_OPTIONS,
        *(click.option(*names, is_flag=True, expose_value=False, hidden=True) for names in ACCEPTED),
        click.option("-w", "--write-out", expose_value=False, hidden=True),
    ]  # fmt: skip
    if not has_output:
        decorators.append(click.option("-o", "--output", callback=refuse_output, expose_value=False, hidden=True))
    for decorator in reversed(decorators):
        with_request = decorator(with_request)
    return with_request


def is_data(argument: object) -> bool:
    """Return whether an argument is data of curl's --json, and not a source."""
    if not isinstance(argument, str) or not argument.lstrip().startswith(("{", "[", '"', "@")):
        return False
    return not os.path.exists(argument)


@dataclass(frozen=True)
class Data:
    """One piece of data: the name of its option, see DATA, and its text."""

    option: str
    text: str

    def read(self) -> bytes:
        """Return the bytes to send: the text, or for @FILE and @- the content; -d removes CR, LF and NUL from it."""
        if self.option == "data_urlencode":
            return self._escaped()
        if self.option == "data_raw" or not self.text.startswith("@"):
            return os.fsencode(self.text)
        content = body_file(self.text[1:])
        return content.translate(None, b"\r\n\0") if self.option == "data" else content

    def _escaped(self) -> bytes:
        """Return the data of --data-urlencode. The first "=" ends the name, as in curl, else the first "@"."""
        mark = next((mark for mark in "=@" if mark in self.text), "")
        name, _, text = self.text.partition(mark) if mark else ("", "", self.text)
        content = body_file(text, "=TEXT") if mark == "@" else os.fsencode(text)
        return (os.fsencode(name) + b"=" if name else b"") + quote_plus(content).encode()


@dataclass(frozen=True)
class Request:
    """The request of the command line's options, which need a URL."""

    headers: tuple[str, ...] = ()
    data: tuple[Data, ...] = ()
    get: bool = False
    method: str | None = None
    user: str | None = None
    cookies: tuple[str, ...] = ()
    user_agent: str | None = None
    referer: str | None = None
    insecure: bool = False
    idle: float | None = None  # seconds
    max_time: float | None = None  # seconds
    connect_timeout: float | None = None  # seconds

    @property
    def read_timeout(self) -> float | None:
        """The most seconds without a byte, None for no limit. With -m, nothing ends earlier than in curl."""
        return min((limit for limit in (self.idle, self.max_time) if limit is not None), default=None)

    def used_options(self) -> list[str]:
        """Return the options that were given, as messages name them."""
        data = dict.fromkeys(DATA[piece.option][0][0] for piece in self.data)
        options = {
            "-H": self.headers, "-G": self.get, "-X": self.method is not None, "-u": self.user is not None,
            "-b": self.cookies, "-A": self.user_agent is not None, "-e": self.referer is not None, "-k": self.insecure,
            "--idle": self.idle is not None, "-m": self.max_time is not None,
            "--connect-timeout": self.connect_timeout is not None,
        }  # fmt: skip
        return [name for name, used in options.items() if used] + list(data)

    def prepared(self, url: str) -> "Prepared":
        """Return what to send to a URL. Raises a click.UsageError for values that HTTP or curl does not allow."""
        lines, removed = self._header_lines()
        content = self._content()
        if self.get:
            url, content = with_query(url, content or b""), None
        method = self.method or ("GET" if content is None else "POST")
        if not METHOD.fullmatch(method):
            text = f"expected a request that HTTP allows, got method {argument_without_secrets(method)!r}"
            raise click.UsageError(f"{text}; check -X and -H")
        if self.max_time is not None:
            print_note("-m limits the time without a byte here, as --idle does; the whole time has no limit")
        defaults = {b"accept": b"text/event-stream"} | self._own_headers()
        if content is not None:
            defaults[b"content-type"] = self._content_type(content, {name.lower() for name, _ in lines}, removed)
        named = {name.lower() for name, _ in lines} | set(removed)
        defaults = {name: value for name, value in defaults.items() if name not in named}
        removed += [name for name, value in defaults.items() if not value]  # as by -A ''
        headers = [(name, value) for name, value in defaults.items() if value] + lines
        return Prepared(url, method, headers, [name.decode() for name in removed], content)

    def _header_lines(self) -> tuple[list[tuple[bytes, bytes]], list[bytes]]:
        """Return the headers of -H to send, and the lower-case names of those to leave out."""
        lines, removed = [], []
        for text in self.headers:
            match = HEADER.match(text)
            if not match or not match[1].isascii():
                raise click.UsageError(f"expected -H 'Name: value' (or 'Name:', 'Name;'), got {without_value(text)}")
            name, value = match[1], match["value"]
            if is_of_the_connection(name.lower(), value or ""):
                continue
            if value == "":
                removed.append(name.lower().encode())
            else:
                lines.append((name.encode(), os.fsencode(value or "")))
        return lines, removed

    def _own_headers(self) -> dict[bytes, bytes]:
        """Return the headers of -u, -b, -A and -e."""
        headers = {}
        if self.user is not None:
            if ":" not in self.user:
                raise click.UsageError("expected -u NAME:PASSWORD, got no colon; nothing asks for the password here")
            headers[b"authorization"] = b"Basic " + base64.b64encode(os.fsencode(self.user))
        if not all("=" in cookie for cookie in self.cookies if cookie):
            raise click.UsageError("expected -b NAME=VALUE, got no '='; files of cookies are not read here")
        agent_and_page = ((b"user-agent", "-A", self.user_agent), (b"referer", "-e", self.referer))
        cookies = "; ".join(filter(None, self.cookies)) or None
        for name, option, value in (*agent_and_page, (b"cookie", "-b", cookies)):
            if value is not None:
                if LINE_END.search(value):
                    raise click.UsageError(f"expected one line for {option}, got a line end or NUL in it")
                headers[name] = os.fsencode(value)
        return headers

    def _content(self) -> bytes | None:
        """Return all data, joined as curl does: with &, but nothing before a --data-json; None without data."""
        if not self.data:
            return None
        content = b""
        for piece in self.data:
            content += (b"&" if content and piece.option != "data_json" else b"") + piece.read()
        return content

    def _content_type(self, content: bytes, named: Iterable[bytes], removed: Iterable[bytes]) -> bytes:
        """Return the content type of the data, for a request that does not name one."""
        if any(piece.option == "data_json" for piece in self.data):
            return JSON
        if not content.lstrip().startswith((b"{", b"[")):  # a number or a word may as well be a form
            return FORM
        content_type, what = JSON, "is JSON"
        if defect := defect_of_json(content):
            content_type, what = FORM, f"begins as JSON and is not valid ({defect})"
        if b"content-type" not in {*named, *removed}:
            sent_as = content_type.decode()
            print_note(f"the body {what} and no content type is given, so it is sent as {sent_as} (-H names one)")
        return content_type


@dataclass(frozen=True)
class Prepared:
    """A request that is ready to be sent; `removed` are the names of headers that httpx adds and that are left out."""

    url: str
    method: str
    headers: list[tuple[bytes, bytes]]
    removed: list[str]
    content: bytes | None


def is_of_the_connection(name: str, value: str) -> bool:
    """Return whether a header describes a connection, such as the browser's, and not the request.

    A browser accepts encodings that may not be decodable here; httpx sends those that are. One encoding alone was
    written by a person. httpx counts the length of the body, and always sends that: the body is not framed otherwise.
    """
    return (name == "accept-encoding" and "," in value) or name in ("content-length", "transfer-encoding")


def defect_of_json(content: bytes) -> str:
    """Return why data are not JSON, without their text; "" if they are."""
    try:
        json.loads(content)
    except json.JSONDecodeError as error:
        return f"{error.msg}: line {error.lineno}, column {error.colno}"
    except UnicodeDecodeError as error:
        return f"not UTF-8: byte {error.start + 1}"
    except (ValueError, RecursionError) as error:  # ValueError: a number with too many digits
        return type(error).__name__
    return ""


def with_query(url: str, data: bytes) -> str:
    """Return the URL with the data at the end of its query, for -G."""
    if not data:
        return url
    try:
        scheme, host, path, query, fragment = urlsplit(url)
    except ValueError:  # it is invalid, which is reported when it is opened
        return url
    return urlunsplit((scheme, host, path, "&".join(filter(None, [query, quote(data, QUERY_SAFE)])), fragment))


def body_file(path: str, otherwise: str = "--data-raw") -> bytes:
    """Return the content of the file of -d @FILE, or of standard input for "-"; a usage error if that fails.

    `otherwise`: what sends a text with an @.
    """
    if path == "-":
        if sys.stdin is None:
            raise click.UsageError("expected an open standard input for -d @-, it is closed; name a file: -d @FILE")
        return sys.stdin.buffer.read()
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with NUL
        reason = getattr(error, "strerror", None) or error
        text = f"expected a file with the body of the request after @, got {argument_without_secrets(path)!r}: {reason}"
        raise click.UsageError(f"{text}; {otherwise} sends a text that begins with @") from error


def without_value(header: str) -> str:
    """Return a description of an invalid argument of -H: its name at most, as the rest may be a misplaced key."""
    name, colon, _ = header.partition(":")
    if not colon:
        return f"{len(header)} characters without a colon"
    if METHOD.fullmatch(name.strip()):
        return f"a value with a line end or NUL in it, for {name.strip()!r}"
    return f"{len(name)} characters before the colon that are not the name of a header"
