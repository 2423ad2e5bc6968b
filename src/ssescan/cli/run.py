"""`ssescan run`: run a program as `python` would, with `ssescan.accelerate()` on, and say at its end what came of it.

The command only reads its arguments; what it returns runs the program, once click is out of the way: what the program
raises is Python's affair, not click's and not `command.py`'s. Knows accelerate(), and none of the libraries.
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
from .exits import Exit, Failure
from .output import counted
from .visible import visible


def known_names(_context: click.Context, _option: click.Parameter, given: tuple[str, ...]) -> list[str]:
    """Return the names of libraries that an option has, between commas; none, if it is not given."""
    names = [name.strip() for names in given for name in names.split(",")]
    for name in names:
        if name not in LIBRARIES:
            raise click.BadParameter(f"expected some of {','.join(LIBRARIES)}, got {argument_without_secrets(name)!r}")
    return names


# Nothing after the program's name is ours: that is what no interspersed arguments are.
@click.command("run", context_settings={"allow_interspersed_args": False}, options_metavar="[OPTIONS] [-m]")
@click.option(
    "--accelerate",
    "names",
    callback=known_names,
    multiple=True,
    metavar="NAMES",
    help=f"Which libraries: some of {','.join(LIBRARIES)}. All, if not given.",
)
@click.option("-m", "is_module", is_flag=True, help="PROGRAM is a module's name, as for python -m.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing at the program's end.")
@click.argument("program", type=click.UNPROCESSED)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(
    *, names: list[str], is_module: bool, quiet: bool, program: str, arguments: tuple[str, ...]
) -> Callable[[], int]:
    """Run a Python program, unchanged, with ssescan.accelerate() on.

    \b
    At its end standard error has a line for each library that was accelerated:
    how many events it read. The exit status is the program's own.

    \b
        ssescan run chat.py --model small
        ssescan run --accelerate openai,anthropic -m my.package
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    return Program(program, arguments, is_module, names, quiet).run


class Program(NamedTuple):
    """A program that is to be run in this process, once."""

    name: str  # of a file, of a folder or an archive with a __main__.py, or of a module
    arguments: tuple[str, ...]
    is_module: bool
    libraries: list[str]  # none: every library that is known
    quiet: bool

    def run(self) -> int:
        """Run it and return its exit status. Raises Failure if there is no such program, or no such library."""
        main = self.becomes_main()
        summary = Summary(self.libraries)
        if not self.quiet:
            # Called when main has returned, the program's threads have ended, and whatever it registered has run.
            atexit.register(summary.print)
        try:
            exec(self.load(main), vars(main))  # noqa: S102 - it is what was asked for
        except NoProgram as error:
            atexit.unregister(summary.print)
            raise Failure(Exit.USAGE, f"expected a program to run, got: {error}") from None
        except SystemExit as error:
            return status_of(error)
        except BaseException as error:  # noqa: BLE001 - it is printed, as it would be
            print_uncaught(error)
            return Exit.INTERRUPTED if isinstance(error, KeyboardInterrupt) else Exit.OTHER
        return Exit.ENDED

    def becomes_main(self) -> ModuleType:
        """Give this process the arguments, the path and the module __main__ that Python gives a program."""
        sys.argv[:] = ["-m" if self.is_module else self.name, *self.arguments]
        if not sys.flags.safe_path:  # else the first place is another's
            sys.path[0] = os.getcwd() if self.is_module else os.path.dirname(os.path.realpath(self.name))
        main = ModuleType("__main__")
        vars(main).update(__builtins__=builtins, __cached__=None)
        if sys.version_info < (3, 14):
            vars(main)["__annotations__"] = {}
        # Not as runpy has it, for the time of the call only: threads and what runs at exit may still look at it.
        sys.modules["__main__"] = main
        return main

    def load(self, main: ModuleType) -> CodeType:
        """Return the program's code, and tell its module where it is from."""
        finder: Any = runpy  # what `python -m` itself calls; pdb and trace do as well
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
        vars(main).update(
            __file__=spec.origin,
            __cached__=spec.cached,
            __loader__=spec.loader,
            __package__=spec.parent,
            __spec__=spec,
        )
        return code  # type: ignore[no-any-return]


class NoProgram(Exception):
    """There is no program of that name."""


def code_of(path: str) -> CodeType:
    """Return the code of a file, of source or compiled."""
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
    """Return the exit status that a SystemExit asks for, and print what it says, as Python does."""
    if error.code is None:
        return Exit.ENDED
    if isinstance(error.code, int):
        return error.code
    if sys.stderr is not None:  # print() takes None for standard output
        print(error.code, file=sys.stderr)
    return Exit.OTHER


def print_uncaught(error: BaseException) -> None:
    """Print an exception as Python does for one that nobody catches, without the frames that are not the program's."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_globals.get("__name__") in (__name__, "runpy"):
        traceback = traceback.tb_next
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error.with_traceback(traceback), traceback
    if sys.version_info >= (3, 12):
        sys.last_exc = error
    sys.excepthook(type(error), error, traceback)


class Summary:
    """What is said of the libraries, on standard error: of one that is left alone at once, of the others at the end."""

    def __init__(self, names: list[str]) -> None:
        """Accelerate the libraries, all if none is named. Raises Failure for one that is not installed."""
        self.named = names
        self.process: int = os.getpid()
        # It warns when the program imports what is left alone. The program's filters are not for that: they may drop
        # it, or raise it where the program does not expect it.
        engine.tell = self.tell
        try:
            self.acceleration: engine.Acceleration = engine.accelerate(*names)
        except ModuleNotFoundError as error:
            text = "expected what --accelerate names to be installed"
            raise Failure(
                Exit.USAGE, f"{text}, got: No module named {error.name!r}; leave it out, or install it"
            ) from None

    def tell(self, why: str) -> None:
        """Print what accelerate() would warn of."""
        say([f"{why}; the program works as without it"])

    def print(self) -> None:
        """Print a line for each library that was named or imported."""
        if os.getpid() != self.process:  # a fork of the program ends here as well
            return
        for stream in (sys.stdout, sys.__stdout__):
            with suppress(Exception):  # closed, or nobody reads it: Python sees to that, later
                stream.flush()  # type: ignore[union-attr]
        say(self.lines())

    def lines(self) -> list[str]:
        """Return what is to be printed."""
        lines = []
        for name, line in self.acceleration.report.items():
            if "is left alone" in line:
                lines.append(f"{line.partition(', because')[0]}, as said above")
            elif "is accelerated" in line:
                lines.append(f"{line}, it read {counted(self.acceleration.events[name], 'event')}")
            elif self.named:
                lines.append(f"{name} was not imported")
        return lines or ["nothing was accelerated: the program imported no library that ssescan knows"]


def say(lines: Iterable[str]) -> None:
    """Print lines on the process's standard error, whatever the program has put in the place of sys.stderr."""
    with suppress(Exception):  # closed
        sys.__stderr__.write("".join(f"ssescan: {visible(line)}\n" for line in lines))  # type: ignore[union-attr]
        sys.__stderr__.flush()  # type: ignore[union-attr]
