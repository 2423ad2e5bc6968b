"""The command line: `ssescan`, also `python -m ssescan`.

This file imports only the standard library: if click, rich, httpx or msgspec is missing, it prints which extra to
install. `command.py` loads the commands, one file each.
"""

import sys
from collections.abc import Sequence

PACKAGES_OF_THE_EXTRA = ("click", "rich", "httpx", "msgspec")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status, see `exits.Exit`.

    `arguments`: those after the name of the program; None: those of `sys.argv`.
    """
    try:
        from .command import run

        return run(sys.argv[1:] if arguments is None else arguments)
    except KeyboardInterrupt:  # while click was imported; the commands handle later ones
        return 130
    except ImportError as error:
        # ssescan.providers raises its own error for a missing package, with the original one as the cause.
        original = error if isinstance(error, ModuleNotFoundError) else error.__cause__
        package = (original.name or "").partition(".")[0] if isinstance(original, ModuleNotFoundError) else ""
        if package not in PACKAGES_OF_THE_EXTRA:
            raise
        text = f"ssescan: expected the package {package!r} to be installed, it is not; pip install 'ssescan[cli]'"
        print(text, file=sys.stderr)
        return 1
