"""`ssescan check`: read a stream once, and say what is wrong with it on its way, and what to change.

Connects a source (`sources.py`) and the judgement (`checking/`), which knows no clock and no socket.
"""

import functools
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
import msgspec

from ..providers.formats import Api
from .ask import AskCommand, Asking
from .checking.changes import changes_of
from .checking.collecting import Collected, collected
from .checking.report import Report, report_on
from .curl import CurlCommand, Request, positive_seconds, source_options
from .exits import MAX_PAGE, PAGE_ADVICE, Exit, Failure, failure_of, is_page, print_note, shortened, title_of
from .output import counted, write, write_json
from .reading import API_HELP, known_api
from .sources import Source, open_source, open_url

MAX_SILENCE = 30.0  # seconds: proxies and load balancers end a silent connection after 30 s or more
EMPTY_ADVICE = "check the URL and the request, and the log of the server"
MIN_WIDTH = 24  # columns for the text of a row; with fewer, it begins below its name
ASKING = {"model": "--model", "key_env": "--key-env", "max_tokens": "--max-tokens"}


def asking_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add --prompt, and the options of `ask` that it needs, to a command, which gets them as the argument `asking`."""

    @functools.wraps(command)
    def with_asking(*, prompt: str | None, request: Request, **others: Any) -> object:
        values = {name: others.pop(name) for name in ASKING}
        if prompt is None:
            if given := [option for name, option in ASKING.items() if values[name] is not None]:
                raise click.UsageError(f"expected --prompt, which {', '.join(given)} belongs to, it is missing")
            return command(asking=None, request=request, **others)
        if request.data or request.get or request.method is not None:
            raise click.UsageError("expected either --prompt, which makes the request, or -d, -G and -X; got both")
        return command(asking=Asking(prompt, **values), request=request, **others)

    for decorator in (
        click.option("--max-tokens", type=click.IntRange(min=1), metavar="N", help="With --prompt: as for ask."),
        click.option("--key-env", metavar="NAME", help="With --prompt: as for ask."),
        click.option("--model", metavar="NAME", help="With --prompt: as for ask."),
        click.option("--prompt", metavar="TEXT", help="Send the request of ssescan ask, with this prompt."),
    ):
        with_asking = decorator(with_asking)
    return with_asking


class CheckCommand(CurlCommand):
    """A command with the options of `source_options`; its advice names those of `ask` where --prompt is given."""

    @property
    def status_advice(self) -> dict[int | None, str]:
        """The advice after a refused request, by its status."""
        asked = click.get_current_context().params.get("prompt") is not None
        return AskCommand.status_advice if asked else {}


@click.command("check", cls=CheckCommand)
@source_options
@asking_options
@click.option("--api", callback=known_api, metavar="NAME", help=API_HELP)
@click.option("--accept-done", is_flag=True, help="Take [DONE] as the end, if the server never gives a finish reason.")
@click.option(
    "--max-silence", type=float, callback=positive_seconds, default=MAX_SILENCE, metavar="SECONDS", show_default=True,
    help="The longest silence that needs no keep-alive.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object; docs/check.md has its fields.")
def command(
    *, source: str, request: Request, asking: Asking | None, api: Api | None, accept_done: bool, max_silence: float,
    as_json: bool,
) -> Exit:  # fmt: skip
    """Read a stream once, and print what to change on its way.

    \b
    It says whether the events were held back (by a proxy that buffers),
    compressed and kept alive, how the stream ended, and what it does that
    few others do. A tape has the times of its recording, so it shows the
    same. A short answer cannot show buffering: ask for 50 words or more.

    \b
    Exit status 0: nothing is to be changed. 1: something is. 4: the request
    was refused. 5: the connection failed.

    \b
        ssescan check http://localhost:8000/v1 --model qwen3 \\
            --prompt "Count to fifty, in words."
        ssescan check https://... -H "Authorization: Bearer $KEY" \\
            -d @ask.json
        ssescan check answer.tape

    \b
    With --prompt, the request is that of ssescan ask; else the options are
    those of curl, as for ssescan read.
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    with opened_source(source, request, asking, api) as (opened, api):
        report, found = judged(opened, api, accept_done=accept_done)
    changes = changes_of(report, int(max_silence * 1e9))
    if as_json:
        write_json(msgspec.json.encode(report.as_json(changes)))
    else:
        write(text_of(report, changes).encode())
    if found.error is not None and report.end != "complete":
        so_far = f"after {counted(len(report.seen.events), 'event')} and {counted(found.tape.size, 'byte')}"
        text = f"expected to read {report.name} to its end, got {found.tape.error}, {so_far}"
        raise failure_of(found.error, report.name, so_far) or Failure(Exit.FAILED, text)
    if found.is_interrupted:
        return Exit.INTERRUPTED
    return Exit.OTHER if changes else Exit.ENDED


@contextmanager
def opened_source(
    source: str, request: Request, asking: Asking | None, api: Api | None
) -> Iterator[tuple[Source, Api | None]]:
    """Open the source, and yield it with its format, None if that is not known."""
    if asking is None:
        with open_source(source, request) as opened:
            yield opened, api
        return
    api, url, request = asking.request(api, None if source == "-" else source, request)
    with open_url(url, request) as opened:
        yield opened, api


def judged(opened: Source, api: Api | None, *, accept_done: bool) -> tuple[Report, Collected]:
    """Read a source, and return the report and the recording. Raises Failure for a body that is not a stream."""
    if not opened.is_file and sys.stderr is not None and sys.stderr.isatty():
        print_note("reading the stream to its end; Ctrl-C judges what has come")
    try:
        found = collected(opened)
        report = report_on(
            opened.name, found.tape, api, accept_done=accept_done, http_version=found.http_version,
            ended_ns=found.ended_ns,
        )  # fmt: skip
    except Exception as error:
        if failure := failure_of(error, opened.name, ""):
            raise failure from error
        raise
    if failure := failure_without_events(report, found):
        raise failure
    return report, found


def failure_without_events(report: Report, found: Collected) -> Failure | None:
    """Return the Failure for a body that is not a stream, None for a stream that has events or failed."""
    body = b"".join(chunk.data for chunk in found.tape.chunks)
    quoted = title_of(body) or shortened(body[:MAX_PAGE].decode("utf-8", "replace"))
    if report.seen.is_json:
        text = f"expected an event stream from {report.name}, got one JSON value: {quoted}"
        return Failure(Exit.REFUSED, f'{text}; ask for a stream: many APIs want "stream": true in the body (-d)')
    if report.seen.events or found.error is not None or found.is_interrupted:
        return None
    if not body:
        return Failure(Exit.OTHER, f"expected events from {report.name}, got an empty body; {EMPTY_ADVICE}")
    advice = PAGE_ADVICE if is_page(body) else "is it an event stream?"
    text = f"expected events from {report.name}, got none in {counted(len(body), 'byte')}: {quoted}"
    return Failure(Exit.OTHER, f"{text}; {advice}")


def text_of(report: Report, changes: list[str]) -> str:
    """Return the report and the changes as text; on a terminal, its lines fit into the width."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    rows = report.rows()
    indent = 2 + max(len(name) for name, _ in rows) + 2
    lines = [report.name]
    for name, text in rows:
        lines += folded(f"  {name}", text, indent, columns)
    nothing = "nothing to change" if report.arrival.buffered is False else "nothing to change in what this shows"
    lines.append("to change" if changes else nothing)
    for number, change in enumerate(changes, 1):
        lines += folded(f"  {number}.", change, 5, columns)
    return "\n".join([*lines, ""])


def folded(name: str, text: str, indent: int, columns: int | None) -> list[str]:
    """Return a text beside its name, folded to a width; below its name, if there is little room beside it."""
    if columns is None:
        return [f"{name:{indent}}{text}"]
    first = [] if columns - indent >= MIN_WIDTH else [name]
    if first:
        name, indent = "", 4
    return first + textwrap.wrap(
        text, max(columns, indent + 1), initial_indent=f"{name:{indent}}", subsequent_indent=" " * indent,
        break_on_hyphens=False,
    )  # fmt: skip
