"""The options of the commands that read an answer: its format, how it ends, its think tags, and --progress.

Knows the names of the formats. Knows nothing of sources and of output.
"""

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Literal, cast

import click

from .. import Stall
from ..providers.formats import APIS, Api
from . import completing
from .printing import progress_option

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


@dataclass(frozen=True)
class ReadOptions:
    """The values of the options: how to read an answer."""

    api: Api | None
    accept_done: bool
    think_tags: bool | Literal["open"]
    stall: Stall | None

    def options(self) -> dict[str, Any]:
        """Return the options for `stream` and `transcode`."""
        return vars(self).copy()


def reading_options(command: Callable[..., object], *, api_help: str = API_HELP) -> Callable[..., object]:
    """Add the options to a ReadingCommand, which gets them as the argument `reading`."""

    @functools.wraps(command)
    def with_reading(
        *, api: str | None, accept_done: bool, think_tags: bool, think_tags_open: bool, stall: Stall | None,
        **others: Any,
    ) -> object:  # fmt: skip
        reading = ReadOptions(cast("Api | None", api), accept_done, "open" if think_tags_open else think_tags, stall)
        return command(reading=reading, **others)

    done_help = "Take [DONE] as the end, if the server never gives a finish reason."
    for decorator in (
        click.option("--think-tags-open", is_flag=True, hidden=True),
        click.option("--think-tags", is_flag=True, help=THINK_TAGS_HELP),
        click.option("--accept-done", is_flag=True, help=done_help),
        click.option("--api", callback=known_api, metavar="NAME", help=api_help, shell_complete=completing.names(APIS)),
    ):
        with_reading = decorator(with_reading)
    return progress_option(with_reading)


class ReadingCommand(click.Command):
    """A command with the option --think-tags, whose value is optional: click would take the next argument for it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        args = ["--think-tags-open" if arg == "--think-tags=open" else arg for arg in args]
        try:
            return super().parse_args(ctx, args)
        except click.BadOptionUsage as error:
            if error.option_name != "--think-tags":
                raise
            raise click.UsageError("expected --think-tags or --think-tags=open, got another value", ctx) from None


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
