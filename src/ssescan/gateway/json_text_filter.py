"""A text filter over JSON that comes in pieces, such as the arguments of a call: what comes out is JSON still."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ..providers.json_bytes import encode_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from .redact import TextFilter

_OUTSIDE = re.compile(r"[\s{}\[\],:]+|[^\s{}\[\],:\"]+|\"")
_INSIDE = re.compile(
    r"(?:[^\"\\]|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[0-9a-fA-F]{4}|\\u(?![dD][89abAB])[0-9a-fA-F]{4}|\\[^u])+"
)
_SPACE = frozenset(" \t\r\n{}[],:")
MAX_ESCAPE = 12  # characters of an escaped pair of surrogates


class JsonTextFilter:
    """Changes each text of a JSON value, and each number, which then becomes a text. `new`: makes a text filter."""

    __slots__ = ("_escape", "_filter", "_made", "_new", "_passed", "_token", "_token_filter")

    def __init__(self, new: Callable[[], TextFilter]) -> None:
        self._new = new
        self._filter: TextFilter | None = None  # of the text that is open
        self._escape = ""  # the begin of an escape in it
        # Of the number or word that is open: what came, what its filter made of it, and how much of that has passed.
        self._token = self._made = ""
        self._passed = 0
        self._token_filter: TextFilter | None = None

    def feed(self, text: str) -> str:
        """Return the JSON that can pass on now."""
        made: list[str] = []
        at = 0
        while at < len(text):
            if self._filter is None:
                at = self._outside(text, at, made)
            else:
                text, at = self._escape + text[at:], 0
                self._escape = ""
                at = self._inside(self._filter, text, made)
        return "".join(made)

    def _outside(self, text: str, at: int, made: list[str]) -> int:
        found = _OUTSIDE.match(text, at)
        if found is None:  # pragma: no cover # every character matches
            return len(text)
        piece = found[0]
        if piece == '"':
            made += [self._end_token(), piece]
            self._filter = self._new()
        elif piece[0] in _SPACE:
            made += [self._end_token(), piece]
        else:
            made.append(self._begin_token(piece))
        return found.end()

    def _inside(self, of: TextFilter, text: str, made: list[str]) -> int:
        found = _INSIDE.match(text)
        at = 0
        if found is not None:
            at = found.end()
            made.append(_changed(of.feed, found[0]))
        if text[at : at + 1] == '"':
            made += [_encoded(of.flush()), '"']
            self._filter = None
            return at + 1
        rest = text[at:]
        if len(rest) < MAX_ESCAPE and _may_go_on(rest):
            self._escape = rest
        elif rest:  # not an escape of JSON
            made.append(_encoded(of.flush()) + rest[:1])
            return at + 1
        return len(text)

    def _end_token(self) -> str:
        """Return the rest of a number or a word, as a text if a filter changed it."""
        token, self._token = self._token, ""
        of, self._token_filter = self._token_filter, None
        if of is None:
            return ""
        passed, made = self._passed, self._made + of.flush()
        self._passed, self._made = 0, ""
        if made == token:
            return token[passed:]
        if not passed:
            return encode_text(made).decode()
        # A word stays, as it is one of three. A number of which the first digits have passed ends there.
        if token[0] not in "-0123456789":
            return token[passed:]
        return "" if token[passed - 1].isdigit() else "0"

    def _begin_token(self, piece: str) -> str:
        """Add a piece of a number or a word; return what can pass on of it."""
        if self._token_filter is None:
            self._token_filter = self._new()
        self._token += piece
        self._made += self._token_filter.feed(piece)
        if not self._token.startswith(self._made):
            return ""
        passed, self._passed = self._passed, len(self._made)
        return self._made[passed:]

    def flush(self) -> str:
        """Return what was held back, at the end of the JSON, whole or not."""
        of, self._filter = self._filter, None
        escape, self._escape = self._escape, ""
        return self._end_token() if of is None else _encoded(of.flush()) + escape


def _may_go_on(rest: str) -> bool:
    return re.fullmatch(r"\\(?:u[0-9a-fA-F]{0,4}(?:\\(?:u[0-9a-fA-F]{0,3})?)?)?", rest) is not None


def _changed(feed: Callable[[str], str], spelled: str) -> str:
    """Return a piece of a text of JSON as a filter changes it: as it is spelled, if it stays."""
    try:
        text = json.loads(f'"{spelled}"', strict=False)
    except ValueError:
        text = spelled
    made = feed(text)
    return spelled if made == text else _encoded(made)


def _encoded(text: str) -> str:
    return encode_text(text)[1:-1].decode()
