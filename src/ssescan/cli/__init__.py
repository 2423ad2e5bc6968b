"""The command line: `ssescan`, also `python -m ssescan`.

This file must import nothing but the standard library: it is what says, in one line, which extra to install where
click, rich, httpx or msgspec is missing. The commands stand in `command.py`, one file each.
"""

import sys
from collections.abc import Sequence

__all__ = ["main"]

PACKAGES_OF_THE_EXTRA = ("click", "rich", "httpx", "msgspec")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status (the numbers: `exits.Exit`).

    `arguments` are those after the program's name; None takes them from `sys.argv`.
    """
    try:
        from .command import run

        return run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:  # while click was imported; later ones are the commands'
        return 130
    except ImportError as error:
        # ssescan.providers has its own words for a package that is missing, and the bare error behind them.
        bare = error if isinstance(error, ModuleNotFoundError) else error.__cause__
        package = (bare.name or "").partition(".")[0] if isinstance(bare, ModuleNotFoundError) else ""
        if package not in PACKAGES_OF_THE_EXTRA:
            raise
        text = f"ssescan: expected the package {package!r} to be installed, it is not; pip install 'ssescan[cli]'"
        print(text, file=sys.stderr)
        return 1
