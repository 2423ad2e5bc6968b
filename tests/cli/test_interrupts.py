"""Ctrl-C in commands that take long: the status that a shell shows, no traceback, and a restored terminal."""

from contextlib import closing

import pytest

from .answers import INTERRUPTED
from .test_watch import HIDE, SHOW, Terminal


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [(("demo",), "$ ssescan read"), (("demo",), "tonight"), (("bench",), "measuring")],
)
def test_interrupt(arguments: tuple[str, ...], shown: str) -> None:
    with closing(Terminal(80, *arguments)) as opened:
        opened.until(shown)
        opened.press(b"\x03")
        status = opened.end()
    # Interrupted within exec(), as while dataclasses are imported, CPython ends itself by the signal: a shell shows 130.
    assert (128 - status if status < 0 else status) == INTERRUPTED
    assert "Traceback" not in opened.written
    assert opened.written.count(HIDE) == opened.written.count(SHOW)
