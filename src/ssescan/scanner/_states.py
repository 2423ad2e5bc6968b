"""The states of a scanner, in two tables. `docs/inside.md` has the same; a test drives both backends through them.

The grammar of the standard has two levels, and a scanner has a state on each. Within a line, bytes and line ends count.
Within a stream, whole lines count: a blank line ends a block, and dispatches its event. One call of feed() goes through
as many states as its chunk has lines.

A scanner stores little of this, as other attributes imply the rest. `state` is OPEN in the first three rows of STREAM:
then the row is "skipping" if `skipping` is set, else "block" if `has_field` is. Within a line the row is "start" while
`byte_order_mark` is under 3, "dropped" if `dropping` is set, "in line" if `line_size` is not 0, "after CR" if
`after_cr` is set.
"""

from __future__ import annotations

# Stored in `state`. The compiled twin has an enum of these names.
OPEN, FAILED, CLOSED = "open", "failed", "closed"

# The state, and the next one after each input. None: ValueError. A block or a comment over the limit leads to the first
# of the two states if oversize is "raise", to the second if it is "skip", which only then exists.
STREAM_INPUTS = ("comment", "other line", "blank line", "over the limit", "close()", "reset()")
STREAM = {
    "between": ("between", "block", "between", "failed, skipping", "closed", "between"),
    "block": ("block", "block", "between", "failed, skipping", "closed", "between"),
    "skipping": ("skipping", "skipping", "between", "skipping", "closed", "between"),
    "failed": (None, None, None, None, "failed", "between"),
    "closed": (None, None, None, None, "closed", "between"),
}

# The same within a line. "Too many bytes": the unfinished line alone is over the limit, and oversize is "skip".
LINE_INPUTS = ("byte order mark", "bytes", "too many bytes", "CR", "LF")
LINE = {
    "start": ("at line", "in line", "dropped", "after CR", "at line"),
    "at line": ("in line", "in line", "dropped", "after CR", "at line"),
    "in line": ("in line", "in line", "dropped", "after CR", "at line"),
    "dropped": ("dropped", "dropped", "dropped", "after CR", "at line"),
    "after CR": ("in line", "in line", "dropped", "after CR", "at line"),  # this LF belongs to the CR: no line ends
}
