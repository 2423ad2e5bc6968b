"""The command line: `ssescan`, also `python -m ssescan`.

This file imports only the standard library: if click, rich, httpx or msgspec is missing, it prints which extra to
install. `command.py` loads the commands, one file each.
"""

import sys
from collections.abc import Sequence

# The packages that commands need, and the extras that install them.
EXTRA_OF: dict[str, str] = {
    **dict.fromkeys(("click", "rich", "httpx", "msgspec"), "cli"),
    **dict.fromkeys(("starlette", "uvicorn", "h11"), "cli,replay"),
    "matplotlib": "cli,plots",
}


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
        if package not in EXTRA_OF:
            raise
        advice = f"pip install 'ssescan[{EXTRA_OF[package]}]'"
        text = f"ssescan: expected the package {package!r} to be installed, it is not; {advice}"
        print(text, file=sys.stderr)
        return 1
