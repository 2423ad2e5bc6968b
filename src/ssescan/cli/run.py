"""`ssescan run`: run a program as `python` would, with `ssescan.accelerate()` on, and print a summary at its end.

The command only reads its arguments, and returns the method that runs the program, outside of click and `command.py`:
they must not handle the exceptions of the program. Knows none of the libraries.
"""

import atexit
import builtins
import os
import pkgutil
import runpy
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from io import open_code
from types import CodeType, ModuleType
from typing import Any, NamedTuple

import click

from .._secrets import argument_without_secrets
from ..dropin.sdk import acceleration as engine
from ..dropin.sdk.libraries import LIBRARIES
from . import completing
from .exits import Exit, Failure
from .output import counted
from .visible import visible

NAMES_HELP = f"The libraries, of {','.join(LIBRARIES)}. By default, all but httpcore."


def known_names(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> list[str]:
    """Return the names of libraries in the values of an option, which have commas between them; a click callback."""
    names = [name.strip() for value in values for name in value.split(",")]
    for name in names:
        if name not in LIBRARIES:
            raise click.BadParameter(f"expected some of {','.join(LIBRARIES)}, got {argument_without_secrets(name)!r}")
    return names


# Without interspersed arguments, all that follows the name of the program belongs to the program.
@click.command("run", context_settings={"allow_interspersed_args": False}, options_metavar="[OPTIONS] [-m]")
@click.option("--accelerate", "names", callback=known_names, multiple=True, metavar="NAMES", help=NAMES_HELP)
@click.option("-m", "is_module", is_flag=True, help="PROGRAM is the name of a module, as for python -m.")
@click.option("-q", "--quiet", is_flag=True, help="Print no summary at the end of the program.")
@click.argument("program", type=click.UNPROCESSED, shell_complete=completing.files)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(
    *, names: list[str], is_module: bool, quiet: bool, program: str, arguments: tuple[str, ...]
) -> Callable[[], int]:
    """Run a Python program, unchanged, with ssescan.accelerate() on.

    \b
    At its end, it prints a line on standard error for each library that was
    accelerated: how many streams and events it read. The exit status is the
    program's own.

    \b
        ssescan run chat.py --model small
        ssescan run --accelerate openai,anthropic -m my.package
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    return Program(program, arguments, is_module, names, quiet).run


class Program(NamedTuple):
    """A program to run in this process, once."""

    name: str  # of a file, of a folder or an archive with a __main__.py, or of a module
    arguments: tuple[str, ...]
    is_module: bool
    libraries: list[str]  # empty: all of them
    quiet: bool

    def run(self) -> int:
        """Run it and return its exit status. Raises Failure if the program or a library does not exist."""
        main = self.new_main()
        summary = Summary(self.libraries)
        if not self.quiet:
            # Runs last: after the threads of the program, and after its own functions at exit.
            atexit.register(summary.print)
        try:
            exec(self.load(main), vars(main))  # noqa: S102 - the purpose of this command
        except NoProgram as error:
            atexit.unregister(summary.print)
            raise Failure(Exit.USAGE, f"expected a program to run, got: {error}") from None
        except SystemExit as error:
            return status_of(error)
        except BaseException as error:  # noqa: BLE001 - printed as Python does
            print_uncaught(error)
            return Exit.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Exit.OTHER
        return Exit.ENDED

    def new_main(self) -> ModuleType:
        """Set the arguments, the path and the module __main__ as Python does for a program; return the module."""
        sys.argv[:] = ["-m" if self.is_module else self.name, *self.arguments]
        if not sys.flags.safe_path:  # else the first entry is not a program's folder
            sys.path[0] = os.getcwd() if self.is_module else os.path.dirname(os.path.realpath(self.name))
        main = ModuleType("__main__")
        vars(main).update(__builtins__=builtins, __cached__=None)
        if sys.version_info < (3, 14):
            vars(main)["__annotations__"] = {}
        # runpy removes it after the call, but threads and functions at exit may still use it.
        sys.modules["__main__"] = main
        return main

    def load(self, main: ModuleType) -> CodeType:
        """Return the code of the program, and set where it is from in its module."""
        finder: Any = runpy  # `python -m` itself calls these functions, and so do pdb and trace
        if self.is_module:
            _, spec, code = finder._get_module_details(self.name, NoProgram)  # noqa: SLF001
            sys.argv[0] = spec.origin
        else:
            path = os.path.join(os.getcwd(), self.name)
            if pkgutil.get_importer(path) is None:
                vars(main).update(__file__=path, __loader__=SourceFileLoader("__main__", path))
                return code_of(path)
            if sys.flags.safe_path:
                sys.path.insert(0, path)
            else:
                sys.path[0] = path
            _, spec, code = finder._get_main_module_details(NoProgram)  # noqa: SLF001
        vars(main).update(__file__=spec.origin, __cached__=spec.cached, __loader__=spec.loader)
        vars(main).update(__package__=spec.parent, __spec__=spec)
        return code  # type: ignore[no-any-return]


class NoProgram(Exception):
    """No program has that name."""


def code_of(path: str) -> CodeType:
    """Return the code of a file, which may be compiled."""
    try:
        with open_code(path) as file:
            code: CodeType | None = pkgutil.read_code(file)
        if code is None:
            with open_code(path) as file:
                code = compile(file.read(), path, "exec", dont_inherit=True)
    except OSError as error:
        raise NoProgram(f"{path}: {error.strerror}") from None
    return code


def status_of(error: SystemExit) -> int:
    """Return the exit status of a SystemExit, and print its text, as Python does."""
    if error.code is None:
        return Exit.ENDED
    if isinstance(error.code, int):
        return error.code
    if sys.stderr is not None:  # for print(), None would mean standard output
        print(error.code, file=sys.stderr)
    return Exit.OTHER


def print_uncaught(error: BaseException) -> None:
    """Print an uncaught exception as Python does, without the frames of ssescan and runpy."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_globals.get("__name__") in (__name__, "runpy"):
        traceback = traceback.tb_next
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error.with_traceback(traceback), traceback
    if sys.version_info >= (3, 12):
        sys.last_exc = error
    sys.excepthook(type(error), error, traceback)


class Summary:
    """Acceleration of the libraries (`names`; empty: all), and the lines about it on standard error.

    A library that is left alone has its line at once, the others at the end. Raises Failure for one that is missing.
    """

    def __init__(self, names: list[str]) -> None:
        self.named = names
        self.process: int = os.getpid()
        # In place of a warning: the filters of the program could drop it, or raise it where nobody expects it.
        engine.warn_left_alone = lambda reason: print_lines([f"{reason}; the program works as without acceleration"])
        try:
            self.acceleration: engine.Acceleration = engine.accelerate(*names)
        except ModuleNotFoundError as error:
            text = "expected what --accelerate names to be installed, got: No module named"
            raise Failure(Exit.USAGE, f"{text} {error.name!r}; leave it out, or install it") from None

    def print(self) -> None:
        """Print a line for each library that was named or imported."""
        if os.getpid() != self.process:  # a fork of the program ends here as well
            return
        for stream in (sys.stdout, sys.__stdout__):
            with suppress(Exception):  # it may be closed, or have no reader: Python handles that later
                stream.flush()  # type: ignore[union-attr]
        print_lines(self.lines())

    def lines(self) -> list[str]:
        lines = []
        for name, line in self.acceleration.report.items():
            if "left alone" in line:
                lines.append(f"{line.partition(', because')[0]}, as said above")
            elif "is accelerated" in line:
                lines.append(f"{name}: {self.counts(name)}")
            elif self.named:
                lines.append(f"{name} was not imported")
        return lines or ["nothing was accelerated: the program imported no library that ssescan knows"]

    def counts(self, name: str) -> str:
        """Return what a library has read, in words."""
        streams = self.acceleration.streams[name]
        words = [counted(streams.read, "stream")]
        if streams.cut:
            words.append(f"{streams.cut:,} of them cut off")
        words.append(counted(self.acceleration.events[name], "event"))
        if streams.slow_events:
            words.append(f"{streams.slow_events:,} the slow way ({'; '.join(streams.reasons)})")
        return ", ".join(words)


def print_lines(lines: Iterable[str]) -> None:
    """Print lines on the original standard error, also if the program has replaced sys.stderr."""
    with suppress(Exception):  # it may be closed
        sys.__stderr__.write("".join(f"ssescan: {visible(line)}\n" for line in lines))  # type: ignore[union-attr]
        sys.__stderr__.flush()  # type: ignore[union-attr]
