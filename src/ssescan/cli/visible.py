"""Text from the network made fit to be looked at: control characters become visible, and do nothing to the terminal.

Knows nothing of events. Line feeds and tabs are the caller's to decide on.
"""

import sys
from typing import BinaryIO, Protocol

CARRIAGE_RETURN, LINE_FEED = "\u240d", "\u240a"

# Every control character has a picture of its own in Unicode; for the others that nobody sees, the escape.
# U+202A and on turn the reading direction: text around them may be shown in an order that is not that of its bytes.
# The marks U+061C, U+200E and U+200F turn nothing, and belong to prose in Arabic and Hebrew.
CONTROLS = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
CONTROLS |= {code: f"\\x{code:02x}" for code in range(0x80, 0xA0)}
CONTROLS |= {ord(unseen): f"\\u{ord(unseen):04x}" for unseen in "\u200b\u2028\u2029\ufeff"}
CONTROLS |= {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}

IN_LINES = {code: shown for code, shown in CONTROLS.items() if chr(code) not in "\t\n"}
IN_JSON = {code: f"\\u{code:04x}" for code in IN_LINES}


def visible(text: str, *, keep_lines: bool = False) -> str:
    """Return `text` with every control character visible; with `keep_lines`, for prose, all but LF and TAB."""
    # Half a surrogate pair is a byte of a file's name that is not UTF-8.
    return text.encode("utf-8", "backslashreplace").decode().translate(IN_LINES if keep_lines else CONTROLS)


class Output(Protocol):
    """Takes bytes in UTF-8."""

    def write(self, written: bytes, /) -> object: ...
    def flush(self) -> object: ...


def output() -> BinaryIO:
    """Return standard output for bytes."""
    return sys.stdout.buffer


def json_output() -> Output:
    """Return standard output for JSON: on a terminal, what would steer it is escaped, and the JSON means the same."""
    return JsonOnTerminal(output()) if sys.stdout.isatty() else output()


class JsonOnTerminal:
    """Takes whole lines of JSON, in whose strings alone such characters stand."""

    def __init__(self, out: BinaryIO) -> None:
        """Write to `out`."""
        self._out = out

    def flush(self) -> None:
        """Write what is buffered."""
        self._out.flush()

    def write(self, written: bytes) -> None:
        """Write lines."""
        self._out.write(written.decode().translate(IN_JSON).encode())
