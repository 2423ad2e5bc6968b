"""`ssescan read`: print the answer of a model from a file, a URL or standard input, as it arrives.

Connects a source (`sources.py`), the stream of parts and an output format (`answers.py`, `answers_terminal.py`). Knows
no API.
"""

import re
import sys
from difflib import get_close_matches
from typing import cast

import click

from .. import Stall
from ..providers import stream
from ..providers.formats import APIS, Api
from .answers import Answer, PartLines, TextOnly, WholeMessage
from .curl import CurlCommand, Request, source_options
from .exits import Exit
from .printing import print_all, progress_option
from .sources import open_source

API_HELP = f"The format: {', '.join(APIS)}. By default, the first event decides."


THINK_TAGS_HELP = (
    "Take the text between <think> and </think> at the start as reasoning. --think-tags=open: the server sends only "
    "the closing tag."
)
# Words for a format that are not similar to its name.
OTHER_NAMES = {
    "claude": "anthropic", "messages": "anthropic", "google": "gemini", "vertex": "gemini", "gpt": "openai-chat",
    "completions": "openai-chat", "vercel": "ai-sdk-ui",
}  # fmt: skip


def known_api(
    context: click.Context, option: click.Parameter, name: str | None, *, names: tuple[str, ...] = APIS
) -> str | None:
    """Return the value of --api or --to; a click callback that accepts only the name of a format."""
    if name is None or name in names:
        return name
    text = f"expected one of {', '.join(map(repr, names))}, got {name!r}"
    if similar := similar_apis(name, names):
        text += f"; did you mean {' or '.join(map(repr, similar))}?"
    raise click.BadParameter(text, context, option)


def similar_apis(name: str, names: tuple[str, ...] = APIS) -> list[str]:
    """Return those of the names of formats that a wrong name may stand for."""
    word = re.sub(r"[\W_]+", "-", name.lower()).strip("-")
    if len(word) < 3:
        return []
    return (
        get_close_matches(word, names, n=1, cutoff=0.8)
        or [api for other, api in OTHER_NAMES.items() if other in word and api in names][:1]
        or [api for api in names if word in api or api in word]
        or get_close_matches(word, names, n=1, cutoff=0.5)
    )


class ReadCommand(CurlCommand):
    """A command with the option --think-tags, whose value is optional: click would take the next argument for it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        args = ["--think-tags-open" if arg == "--think-tags=open" else arg for arg in args]
        try:
            return super().parse_args(ctx, args)
        except click.BadOptionUsage as error:
            if error.option_name != "--think-tags":
                raise
            raise click.UsageError("expected --think-tags or --think-tags=open, got another value", ctx) from None


@click.command("read", cls=ReadCommand)
@source_options
@progress_option
@click.option("--api", callback=known_api, metavar="NAME", help=API_HELP)
@click.option("--accept-done", is_flag=True, help="Take [DONE] as the end, if the server never gives a finish reason.")
@click.option("--think-tags", is_flag=True, help=THINK_TAGS_HELP)
@click.option("--think-tags-open", is_flag=True, hidden=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON line a part: its type, its fields, received_ns.")
@click.option("--message", "whole", is_flag=True, help="The message as one JSON document, when the stream is over.")
def command(
    *,
    source: str,
    request: Request,
    api: str | None,
    accept_done: bool,
    think_tags: bool,
    think_tags_open: bool,
    as_json: bool,
    whole: bool,
    stall: Stall | None,
) -> Exit:
    """Print the answer of a model as it arrives.

    \b
    To a pipe or a file, only the text of the answer is printed, with a line
    feed if it does not end with one. A terminal also shows the reasoning
    and the tool calls. One line on standard error has the finish reason,
    the usage, the times, and how the stream ended.

    \b
    Exit status 0: the answer is complete. 3: it was cut. 6: the provider
    reported an error. The text that came is printed in any case.

    \b
        ssescan read recorded.sse
        curl -sN https://... | ssescan read --message | jq .usage
        ssescan read https://... -H "Authorization: Bearer $KEY" \\
            -d @ask.json

    \b
    The options are those of curl, so a copied curl command works with
    ssescan read in place of curl (--data-json in place of --json).
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    if as_json and whole:
        raise click.UsageError("expected one format, got --json and --message")
    new_answer: type[Answer] = TextOnly
    if sys.stdout.isatty() and not (as_json or whole):
        from .answers_terminal import AnswerTerminal  # before the clock runs, as importing rich takes time

        new_answer = AnswerTerminal
    with open_source(source, request) as opened:
        parts = stream(
            opened.stream,
            cast("Api | None", api),
            stall=stall,
            accept_done=accept_done,
            think_tags="open" if think_tags_open else think_tags,
        )
        # The stream is strict: it raises StreamCut if the answer is not complete.
        output = PartLines() if as_json else WholeMessage() if whole else new_answer(opened.asked_ns, opened.is_file)
        print_all(parts, output, opened.name, lambda: parts.events)
    return Exit.ENDED
