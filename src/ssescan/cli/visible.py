"""Show text from the network safely: control characters become visible, and cannot control the terminal."""

CARRIAGE_RETURN, LINE_FEED = "\u240d", "\u240a"

# Unicode has a picture of every control character; other invisible characters are escaped. From U+202A on they change
# the reading direction: text around them may appear in another order than its bytes. The marks U+061C, U+200E and
# U+200F do not, and belong to prose in Arabic and Hebrew.
CONTROLS = {code: chr(0x2400 + code) for code in range(0x20)} | {0x7F: "\u2421"}
CONTROLS |= {code: f"\\x{code:02x}" for code in range(0x80, 0xA0)}
CONTROLS |= {ord(unseen): f"\\u{ord(unseen):04x}" for unseen in "\u200b\u2028\u2029\ufeff"}
CONTROLS |= {code: f"\\u{code:04x}" for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}

IN_LINES = {code: shown for code, shown in CONTROLS.items() if chr(code) not in "\t\n"}
IN_JSON = {code: f"\\u{code:04x}" for code in IN_LINES}


def visible(text: str, *, keep_lines: bool = False) -> str:
    """Return the text with its control characters made visible; `keep_lines`: except LF and TAB."""
    # A lone surrogate is a byte of a file's name that is not UTF-8.
    return text.encode("utf-8", "backslashreplace").decode().translate(IN_LINES if keep_lines else CONTROLS)
