"""The states of a scanner, in two tables. `docs/inside.md` has the same; a test drives both backends through them.

The grammar of the standard has two levels, and a scanner has a state on each. Within a line, bytes and line ends count.
Within a stream, whole lines count: a blank line ends a block, and dispatches its event. One call of feed() goes through
as many states as its chunk has lines.

A scanner stores little of this, as other attributes imply the rest. `state` is OPEN in the first three rows of BLOCKS:
then the row is "skipping" if `skipping` is set, else "block" if `has_field` is. The row of LINES is "start" while
`byte_order_mark` is under 3, "dropped" if `dropping` is set, "in line" if `line_size` is not 0, "after CR" if
`after_cr` is set.
"""

from __future__ import annotations

# Stored in `state`. The compiled twin has an enum of these names.
OPEN, FAILED, CLOSED = "open", "failed", "closed"

# The state, and the next one after each input; None: feed() raises ValueError. A block or a comment over the limit
# leads to "failed" with oversize="raise", and to "skipping" with oversize="skip".
BLOCK_INPUTS = ("comment", "other line", "blank line", "over the limit", "close()", "reset()")
BLOCKS = {
    "between": ("between", "block", "between", "failed or skipping", "closed", "between"),
    "block": ("block", "block", "between", "failed or skipping", "closed", "between"),
    "skipping": ("skipping", "skipping", "between", "skipping", "closed", "between"),
    "failed": (None, None, None, None, "failed", "between"),
    "closed": (None, None, None, None, "closed", "between"),
}

# Too many bytes: the unfinished line is over the limit, with oversize="skip". After CR, an LF belongs to the CR.
LINE_INPUTS = ("byte order mark", "bytes", "too many bytes", "CR", "LF")
LINES = {
    "start": ("at line", "in line", "dropped", "after CR", "at line"),
    "at line": ("in line", "in line", "dropped", "after CR", "at line"),
    "in line": ("in line", "in line", "dropped", "after CR", "at line"),
    "dropped": ("dropped", "dropped", "dropped", "after CR", "at line"),
    "after CR": ("in line", "in line", "dropped", "after CR", "at line"),
}
