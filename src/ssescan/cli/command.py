"""The group of commands: loads them, runs one, and prints its failure.

A command is a file of this package with the command's name, and a click command in it called `command`. That returns
the exit status, or a function that returns it, which runs outside of click. To add a command, write the file and add a
line to COMMANDS.
"""

import errno
import os
import re
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from types import FunctionType, MethodType

import click
from click.shell_completion import CompletionItem

from .._secrets import argument_without_secrets, error_without_secrets, text_without_secrets
from .exits import Exit, Failure, OutputFailed, print_error
from .visible import visible

COMMANDS = {
    "cat": "Print the events of a file, a URL or standard input as they arrive.",
    "read": "Print the answer of a model as it arrives, from a stream of any of five APIs.",
    "convert": "Write the stream of a model in the format of another API, as it arrives.",
    "ask": "Ask a model, print its answer as it arrives, and its times.",
    "check": "Find what buffers, compresses or cuts a stream, and what to change.",
    "record": "Record a stream on a tape, each read with its time.",
    "replay": "Serve tapes on this machine as any LLM API, with faults on demand.",
    "run": "Run a Python program and accelerate its LLM SDKs.",
    "bench": "Measure on this machine what an event costs.",
    "demo": "Play answers of LLM APIs on this machine, and read them.",
    "doctor": "Show what is installed here and which scanner runs.",
}
TOO_MANY = re.compile(r"(Got unexpected extra arguments?) \(.*\)", re.DOTALL)  # the text of click
OPTION = re.compile("-[A-Za-z]|--[a-z]+(-[a-z]+)*")  # else it may be a key: they have digits or capitals
# Commands that also run if standard output is closed.
WITHOUT_OUTPUT = ("run",)
DEBUG_KEY = "ssescan.debug"  # in the meta of a context


def set_debug(context: click.Context, _option: click.Parameter, value: bool) -> None:
    """Note --debug for all contexts; a click callback."""
    if value:
        context.meta[DEBUG_KEY] = True


# Before the command and after it: after a failure, people append it.
DEBUG: click.Option = click.Option(
    ["--debug"], is_flag=True, is_eager=True, expose_value=False, callback=set_debug,
    help="Print the traceback of a failure.",
)  # fmt: skip


class Commands(click.Group):
    """A click group that imports the file of a command only when that command is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f".{cmd_name}", __package__).command
        if DEBUG not in command.params:
            command.params.append(DEBUG)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return what click does; name the commands that a wrong name may stand for: click knows none of them."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            from difflib import get_close_matches

            similar = " or ".join(map(repr, get_close_matches(name, COMMANDS)))
            advice = f"did you mean {similar}?" if similar else f"the commands are {', '.join(COMMANDS)}"
            raise click.UsageError(f"expected a command, got {name!r}; {advice}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the commands and options that may follow, without importing a command."""
        found = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; return a status for Ctrl-C and for a closed pipe, for which click would print more."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            return Exit.INTERRUPTED
        except (click.ClickException, OutputFailed, OSError) as error:
            if ctx.meta.get(DEBUG_KEY):
                print_traceback(error)
            if isinstance(error, OSError):
                return output_failed(error)
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def installed(distribution: str) -> str | None:
    """Return the version of a distribution, None if it is not installed."""
    from importlib import metadata  # a third of the start-up time, and few commands need it

    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def version() -> str:
    """Return the installed version of ssescan; a source tree may have none."""
    return installed("ssescan") or "(not installed)"


@click.group(
    cls=Commands, params=[DEBUG], invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option("--version", "wants_version", is_flag=True, help="Print the version and exit.")
@click.pass_context
def root(context: click.Context, *, wants_version: bool) -> None:
    """Read Server-Sent Events, above all the streams of LLM APIs.

    \b
    Exit status: 0 the stream ended (read, convert, ask: and the answer is
    complete), 3 it was cut, 4 the response was refused, 5 it failed or
    stalled, 6 the provider reported an error, 2 usage, 1 other, 130 Ctrl-C;
    run: the program's own.

    \b
        ssescan demo
        ssescan COMMAND --help
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    if wants_version:
        click.echo(f"ssescan {version()}")
        context.exit(Exit.ENDED)
    if context.invoked_subcommand is None:
        click.echo(context.get_help(), err=True)
        context.exit(Exit.USAGE)


def run(arguments: Sequence[str]) -> int:
    """Run one command and return its exit status; a failure prints one line on stderr, never a traceback."""
    if sys.stdout is None and not (arguments and arguments[0] in WITHOUT_OUTPUT):
        return fail(Exit.OTHER, "expected an open standard output, it is closed; redirect it to a file or to /dev/null")
    try:
        status = root.main(list(arguments), prog_name="ssescan", standalone_mode=False)
        if isinstance(status, FunctionType | MethodType):
            return int(status())
        if sys.stdout is not None:
            sys.stdout.flush()
        return int(status)
    except click.Abort:  # Ctrl-C before a command runs
        return Exit.INTERRUPTED
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "ssescan"
        text = without_arguments(error, arguments)
        return fail(Exit.USAGE, f"{text.rstrip('.')} (see '{command} --help')")
    except Failure as error:
        text = without_arguments(error, arguments) if error.status == Exit.USAGE else error.format_message()
        return fail(error.status, text)
    except OutputFailed as error:
        return output_failed(error.error)
    except OSError as error:
        return output_failed(error)


def print_traceback(error: BaseException) -> None:
    """Print where an error and its causes were raised, on stderr, without the secrets that their texts may quote."""
    chain: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in chain:
        chain.append(following)
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    for one in reversed(chain):
        # The text of a ClickException is printed below, without arguments.
        text = "" if isinstance(one, click.ClickException) else f": {error_without_secrets(one)}"
        lines = [*traceback.format_tb(one.__traceback__), f"{type(one).__name__}{text}"]
        click.echo(visible("Traceback (most recent call last):\n" + "".join(lines), keep_lines=True), err=True)


def without_arguments(error: click.ClickException, arguments: Sequence[str]) -> str:
    """Return the text of an error in the arguments, without the possible secrets in those that it quotes."""
    # The extra arguments may be a header that was not quoted.
    text = TOO_MANY.sub(r"\1", error.format_message())
    if isinstance(error, click.NoSuchOption) and not OPTION.fullmatch(error.option_name):
        text = text.replace(error.option_name, "--...")
    for argument in arguments:
        # As in --option=value and -Ovalue.
        value = argument.partition("=")[2] if argument.startswith("--") else argument[2 * argument.startswith("-") :]
        if (shown := argument_without_secrets(value)) != value:
            text = text.replace(repr(value), repr(shown)).replace(value, shown)
    return text_without_secrets(text)


def fail(status: int, text: str) -> int:
    """Print the line of a failure on stderr and return its status."""
    print_error(f"ssescan: {' '.join(text.split())}")
    return status


def output_failed(error: OSError) -> int:
    """Return the status after an error of standard output, and print it, unless the reader of the pipe left."""
    # At exit, the interpreter writes the rest of the buffer: that must not fail again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:  # as by `| head -1`
        return Exit.OTHER
    return fail(Exit.OTHER, f"expected to write the output, got {error_without_secrets(error)}")
