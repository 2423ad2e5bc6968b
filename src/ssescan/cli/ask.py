"""`ssescan ask`: one streaming request to a model; print its answer as it arrives, and the times.

Connects a request (`asking.py`), its response (`sources.py`), the stream of parts and an output format
(`answer_options.py`).
"""

import dataclasses
import functools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, cast

import click
import msgspec

from ..providers.formats import APIS, Api
from .answer_options import Shown, answer_options
from .asking import ASKED_APIS, api_of
from .curl import CONNECTION_OPTIONS, HEADER_OPTION, Data, Request
from .exits import Exit
from .reading import ReadingCommand, ReadOptions, reading_options
from .sources import open_url
from .summaries import TimedSummary

API_HELP = f"The API: {', '.join(APIS)}. By default the one that the path of --url names, else openai-chat."


class AskCommand(ReadingCommand):
    """The command, with advice that names its options."""

    status_advice: ClassVar[dict[int | None, str]] = {
        401: "check the key (--key-env, -H)",
        403: "check the key (--key-env, -H)",
        404: "check --url, and the name of the model (--model)",
        405: "check --url and --api",
        413: "send a shorter prompt",
        415: "check --url and --api",
        None: "check --url, --api and --model",
    }


def request_options(command: Callable[..., object]) -> Callable[..., object]:
    """Add -H and the options of the connection to a command, which gets them as the argument `request`."""

    @functools.wraps(command)
    def with_request(
        *, headers: tuple[str, ...], insecure: bool, idle: float | None, max_time: float | None,
        connect_timeout: float | None, **others: Any,
    ) -> object:  # fmt: skip
        request = Request(
            headers=headers, insecure=insecure, idle=idle, max_time=max_time, connect_timeout=connect_timeout
        )
        return command(request=request, **others)

    for decorator in reversed((HEADER_OPTION, *CONNECTION_OPTIONS)):
        with_request = decorator(with_request)
    return with_request


@click.command("ask", cls=AskCommand)
@click.argument("prompt")
@click.option("--url", metavar="URL", help="The server, its API (.../v1), or the whole URL of the request.")
@click.option("--model", metavar="NAME", help="The model; by default a small one of the provider.")
@click.option("--key-env", metavar="NAME", help="The variable of the environment with the key.")
@click.option("--max-tokens", type=click.IntRange(min=1), metavar="N", help="The most tokens to write.")
@partial(reading_options, api_help=API_HELP)
@request_options
@answer_options
def command(
    *,
    prompt: str,
    url: str | None,
    model: str | None,
    key_env: str | None,
    max_tokens: int | None,
    reading: ReadOptions,
    request: Request,
    shown: Shown,
) -> Exit:
    """Ask a model, and print its answer as it arrives; "-" reads the prompt from standard input.

    \b
    The key is that of OPENAI_API_KEY, ANTHROPIC_API_KEY, GOOGLE_API_KEY or
    GEMINI_API_KEY; a server of your own needs none. Standard output has what
    ssescan read prints. The last lines, on standard error, have the finish
    reason and the tokens, the times of the first byte, of the first part and
    of the end, and the gaps between the parts.

    \b
    Exit status 0: the answer is complete. 3: it was cut. 4: the request was
    refused. 5: the connection failed or stalled. 6: the provider reported
    an error.

    \b
        ssescan ask "Why is the sky blue?"
        ssescan ask "Why?" --api anthropic --model claude-sonnet-5
        git diff | ssescan ask - --url http://localhost:11434/v1 --model qwen3
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    asking = Asking(prompt, model, key_env, max_tokens)
    api, target, request = asking.request(reading.api, url, request)
    reading = dataclasses.replace(reading, api=api)
    printer = dataclasses.replace(shown, is_asked=True).printer(reading.api)
    with open_url(target, request) as opened:
        summary = TimedSummary(opened.asked_ns, opened.began_ns or opened.asked_ns)
        return printer.print(opened, reading, summary)


@dataclass(frozen=True)
class Asking:
    """The values of the options: what to ask."""

    prompt: str
    model: str | None
    key_env: str | None
    max_tokens: int | None

    def request(self, name: Api | None, url: str | None, request: Request) -> tuple[Api, str, Request]:
        """Return the format, the URL, and the request with the headers and the body of its API."""
        name = name or cast("Api", api_of(url))
        api = ASKED_APIS[name]
        model = self.model or api.model
        body = api.body(model, prompt_text(self.prompt), self.max_tokens)
        target = api.url(url, model, os.environ)
        key = api.key(self.key_env, os.environ)
        if key is None and api.wants_key(target, request.headers):
            variable = " or ".join(api.key_variables)
            text = f"expected a key in the variable {variable}, it is not set"
            raise click.UsageError(f"{text}; --key-env names another one, --url a server that needs none")
        data = (Data("data_json", msgspec.json.encode(body).decode()),)
        return name, target, dataclasses.replace(request, headers=api.all_headers(key, request.headers), data=data)


def prompt_text(prompt: str) -> str:
    """Return the prompt: the argument, or for "-" the content of standard input."""
    if prompt == "-":
        if sys.stdin is None:
            raise click.UsageError("expected an open standard input for the prompt -, it is closed; pass the prompt")
        data = sys.stdin.buffer.read()
    else:
        data = os.fsencode(prompt)
    if not data.strip():
        raise click.UsageError("expected a prompt, got an empty one")
    return data.decode("utf-8", "replace")
