"""The readers of `ssescan.cli.peers`, which streams each can read, and what the page says about them."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from ssescan.cli.peers import BY_HAND, LIBRARIES, OURS, PURE, READERS, EventReader, drain, pure_ssescan, read_compiled

__all__ = ["BY_HAND", "LIBRARIES", "OURS", "PURE", "READERS", "drain", "pure_ssescan", "read_compiled"]

# Splitting by hand, as above, knows no CRLF, and wants `data: ` at the begin of a block.
NOT_READ_BY = {"openai_responses": {BY_HAND}, "anthropic_messages": {BY_HAND}, "gemini": {BY_HAND}}

# Readers that look at the whole event so far with each piece of it. For an event of 4 MiB, the slowest needs two
# seconds in pieces of 4 KiB, eight in pieces of 1 KiB, and minutes in pieces of 64 bytes.
QUADRATIC = {"anthropic", "sseclient-py", "requests-sse", BY_HAND}
TOO_SLOW = {("image", "4 KiB"): {BY_HAND}, ("image", "1 KiB"): QUADRATIC, ("image", "64 B"): QUADRATIC}


def able(stream: str, size: str = "") -> dict[str, EventReader]:
    """Return the readers that can read a kind of stream; with the name of a cut, those that need only seconds."""
    left_out = NOT_READ_BY.get(stream, set()) | TOO_SLOW.get((stream, size), set())
    return {name: read for name, read in READERS.items() if name not in left_out}


class Work(NamedTuple):
    """The description of a reader on the page, beside its figures."""

    reads: str
    leaves_out: str


def work_of(reader: object) -> Work:
    """Parse the docstring of a reader."""
    reads, _, leaves_out = (inspect.getdoc(reader) or "").partition("\n\nLeft out: ")
    return Work(reads, " ".join(leaves_out.split()))


def versions(names: Iterable[str] = LIBRARIES) -> dict[str, str]:
    """Return the installed versions."""
    found = {}
    for name in names:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
