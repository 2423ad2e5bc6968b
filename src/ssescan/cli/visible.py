"""Text from the network made fit to be looked at: control characters become visible, and do nothing to the terminal.

Knows nothing of events. Line feeds and tabs are the caller's to decide on.
"""

CARRIAGE_RETURN, LINE_FEED = "\u240d", "\u240a"

# Every control character has a picture of its own in Unicode; for the others that nobody sees, the escape.
# The last ones turn the reading direction: text around them may be shown in an order that is not that of its bytes.
CONTROLS = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
CONTROLS |= {code: f"\\x{code:02x}" for code in range(0x80, 0xA0)}
CONTROLS |= {ord(unseen): f"\\u{ord(unseen):04x}" for unseen in "\u200b\u2028\u2029\ufeff"}
CONTROLS |= {code: f"\\u{code:04x}" for code in (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}

IN_LINES = {code: shown for code, shown in CONTROLS.items() if chr(code) not in "\t\n"}


def visible(text: str, *, keep_lines: bool = False) -> str:
    """Return `text` with every control character visible; with `keep_lines` all but LF and TAB."""
    return text.translate(IN_LINES if keep_lines else CONTROLS)
