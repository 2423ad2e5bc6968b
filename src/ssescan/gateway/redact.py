"""Text filters: what changes text that comes in pieces. `Redact` replaces the matches of a pattern.

No I/O, and no knowledge of events. The output of a filter must not depend on where the pieces were cut.
"""

from __future__ import annotations

from typing import Any, Protocol


class TextFilter(Protocol):
    """Changes one text that comes in pieces: `feed` each, then `flush`; both return text to pass on."""

    def feed(self, text: str) -> str:
        """Return the text that can pass on now. What may still change is held back."""
        ...

    def flush(self) -> str:
        """Return what was held back, at the end of the text."""
        ...


class Redact:
    """A text filter that replaces what a pattern matches, also if the match comes in pieces. Needs the extra `redact`.

    `pattern`: of the package `regex`, whose syntax is a superset of that of `re`. Text that cannot become a match is
    not held back. `hold`: characters; what still may become a match when it is longer than that is replaced at once,
    and what goes on with it is dropped until nothing could go on with it any more.

    The same text gives the same result in any pieces. Raises ImportError without `regex`, ValueError for a pattern that
    is not valid, or that matches the empty text.
    """

    __module__ = "ssescan"
    __slots__ = ("_before", "_dropping", "_held", "_hold", "_pattern", "_replacement", "_unseen")

    def __init__(self, pattern: str, replacement: str = "[redacted]", *, hold: int = 64) -> None:
        if not isinstance(pattern, str) or not isinstance(replacement, str):
            raise TypeError(
                f"pattern and replacement must be str, not {type(pattern).__name__}, {type(replacement).__name__}"
            )
        if isinstance(hold, bool) or not isinstance(hold, int) or hold < 1:
            raise ValueError(f"hold must be a number of characters, 1 or more, not {hold!r}")
        self._pattern = _compiled(pattern)
        self._replacement = replacement
        self._hold = hold
        self._start()

    def _start(self) -> None:
        self._before = ""  # the text before the held one, for what looks back
        self._held = ""  # it may become a match, from its first character
        self._dropping = False  # `_held` was replaced: it is the begin of a match that goes on
        self._unseen = 0  # characters at the end of `_held` that say nothing without the next one

    def feed(self, text: str) -> str:
        """Return the text that can pass on now, with each match replaced."""
        made: list[str] = []
        seen = len(self._held) - self._unseen
        self._held += text
        self._unseen = 0
        while seen < len(self._held) - self._unseen:
            if self._dropping:
                seen = self._drop(seen)
            elif seen:
                seen = self._go_on(seen, made)
            else:
                seen = self._search(min(len(self._held), self._hold), 0, made)
        return "".join(made)

    def flush(self) -> str:
        """Return what was held back, with each match in it replaced; ready for another text then."""
        made: list[str] = []
        while self._held and not self._dropping:
            found = self._pattern.match(self._before + self._held, len(self._before))
            size = len(found[0]) if found is not None else 0
            made.append(self._replacement if size else self._held[0])
            self._pass(size or 1)
            self._search(len(self._held), 0, made)
        self._start()
        return "".join(made)

    # `seen` is the number of characters of `_held` that were looked at. Each step does what reading one character after
    # the other would do, only quicker: so the pieces do not matter.

    def _search(self, end: int, begin: int, made: list[str]) -> int:
        """Look for the first place in `_held[begin:end]` where a match may begin; pass on what is before it."""
        before = len(self._before)
        found = self._pattern.search(self._before + self._held, before + begin, before + end, partial=True)
        at = end if found is None else found.start() - before
        made.append(self._held[:at])
        self._pass(at)
        # Of a match, it is not known how far it goes on. What is not one yet goes on to the end.
        return end - at if found is None or found.partial else len(found[0])

    def _go_on(self, seen: int, made: list[str]) -> int:
        """Look how far the begin of a match goes on: replace it, hold it, or, if it is not a match, pass it on."""
        end = min(len(self._held), self._hold + 1)
        size = self._size_of_match(seen, end)
        if size > self._hold:
            made.append(self._replacement)
            self._dropping = True
            return size
        if size == len(self._held):
            return size
        # The next character is not part of it. Only now the match, if there is one, is what it will be.
        before, known = len(self._before), size + 1
        if self._held[size] == "\n":  # `$` is also before a line feed, if that is the last character
            if len(self._held) == known and self._pattern.match(self._before + self._held, before) is not None:
                self._unseen = 1
                return size
            known += 1
        found = self._pattern.match(self._before + self._held, before, before + known)
        if found is not None and (matched := len(found[0])):
            made.append(self._replacement)
            self._pass(matched)
            return self._search(size + 1 - matched, 0, made)
        return self._search(size + 1, 1, made)

    def _drop(self, seen: int) -> int:
        """Drop what goes on with a match that was replaced."""
        # A long match is looked at without its middle: the work must not grow with it.
        end = min(len(self._held), 4 * self._hold)
        size = self._size_of_match(seen, end)
        if size == end:
            if end == 4 * self._hold:
                self._held = self._held[: self._hold] + self._held[3 * self._hold :]
                return 2 * self._hold
            return size
        self._dropping = False
        self._pass(size)
        return 0

    def _size_of_match(self, least: int, most: int) -> int:
        """Return how many characters of `_held` a match may have, from `least`, which it may, to `most`."""
        text, before = self._before + self._held, len(self._before)
        fullmatch = self._pattern.fullmatch
        if fullmatch(text, before, before + most, partial=True) is not None:
            return most
        while least < most - 1:  # each beginning of what may become a match may become one
            middle = (least + most) // 2
            if fullmatch(text, before, before + middle, partial=True) is not None:
                least = middle
            else:
                most = middle
        return least

    def _pass(self, size: int) -> None:
        if size:
            self._before = (self._before + self._held[:size])[-self._hold :]
            self._held = self._held[size:]


def _compiled(pattern: str) -> Any:
    try:
        import regex
    except ModuleNotFoundError as error:
        raise ImportError(
            "ssescan.Redact needs the package regex, which is not installed: pip install 'ssescan[redact]'",
            name="regex",
        ) from error
    try:
        compiled = regex.compile(pattern)
    except regex.error as error:
        raise ValueError(f"the pattern {pattern!r} is not valid: {error}") from error
    if compiled.fullmatch("") is not None:
        raise ValueError(f"the pattern {pattern!r} matches the empty text; it must match at least one character")
    return compiled
