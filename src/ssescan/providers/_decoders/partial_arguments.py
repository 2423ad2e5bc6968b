"""The arguments of a call, assembled from values with JSON paths, as Gemini streams them (`partialArgs`).

Knows JSON paths of the plain kind (`$.a[0].b`, `$['a']`), and nothing of events.
"""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

__all__ = ["PartialArguments"]


class PartialArguments:
    """The arguments of a call, assembled from values with JSON paths."""

    __slots__ = ("_open", "lost", "tree")

    def __init__(self) -> None:
        self.tree: Any = {}
        self.lost: bool = False  # something could not be put in its place
        self._open: dict[str, StringIO] = {}  # strings that go on, by their paths

    def add(self, value: Any) -> None:
        """Put a value in its place. Keep the pieces of a string until its last piece arrives."""
        if not isinstance(value, dict) or not isinstance(path := value.get("jsonPath"), str):
            self.lost = True
            return
        if isinstance(text := value.get("stringValue"), str):
            pieces = self._open.setdefault(path, StringIO(newline="\n"))
            pieces.write(text)
            if value.get("willContinue") is not True:
                self._put(path, self._open.pop(path).getvalue())
        elif isinstance(value.get("boolValue"), bool):
            self._put(path, value["boolValue"])
        elif isinstance(number := value.get("numberValue"), (int, float)) and not isinstance(number, bool):
            self._put(path, number)
        elif "nullValue" in value:
            self._put(path, None)
        elif value.get("willContinue") is not True:
            self.lost = True  # a value of a kind that is not known

    def close(self) -> None:
        """Put the strings without a last piece in their places: they are cut."""
        self.lost |= bool(self._open)
        for path, pieces in self._open.items():
            self._put(path, pieces.getvalue())
        self._open.clear()

    def _put(self, path: str, value: Any) -> None:
        steps = _steps(path)
        if not steps or not isinstance(steps[0], str):
            self.lost = True
            return
        place: Any = self.tree
        for step, following in zip(steps, [*steps[1:], None], strict=True):
            new: Any = value if following is None else {} if isinstance(following, str) else []
            if isinstance(step, str) and isinstance(place, dict):
                if following is None or step not in place:
                    place[step] = new
            elif isinstance(step, int) and isinstance(place, list) and step <= len(place):
                if step == len(place):
                    place.append(new)
                elif following is None:
                    place[step] = new
            else:
                self.lost = True  # a list with a gap, a field of something that is not an object
                return
            within: Any = place
            place = within[step]


STEP = re.compile(r"""\.([^.\[\]]+)|\[(\d{1,9})\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]""")
MAX_STEPS = 100  # steps of a path


def _steps(path: str) -> list[str | int] | None:
    """Split a path such as `$.a[0].b`; return None if it is not a path, or too deep."""
    steps: list[str | int] = []
    at = 1
    while at < len(path):
        step = STEP.match(path, at)
        if step is None or len(steps) == MAX_STEPS:
            return None
        steps.append(
            int(step[2]) if step[2] is not None else step[1] or re.sub(r"\\(.)", r"\1", step[3] or step[4] or "")
        )
        at = step.end()
    return steps if path[:1] == "$" else None
