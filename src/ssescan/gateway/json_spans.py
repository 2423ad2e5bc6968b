"""The places of values in the bytes of JSON, so that one can be replaced and all else stays as it is spelled.

The JSON was parsed before, so it is not checked here. Knows no format.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection

    from ..providers.text_fields import Path

Span: TypeAlias = tuple[int, int]

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"|[{}\[\],]|[^\s"{}\[\],:]+', re.DOTALL)


def spans(payload: bytes, wanted: Collection[Path]) -> list[tuple[Path, Span]]:
    """Return where the values at these paths stand, in order; one twice if its key stands there twice."""
    found: list[tuple[Path, Span]] = []
    path: list[str | int] = []  # to the value that comes next
    begins: list[tuple[Path, int]] = []  # of the lists and objects that are open, if they are wanted
    is_key = False
    for token in _TOKEN.finditer(payload):
        first = token[0][:1]
        if first in b"{[":
            begins.append((tuple(path), token.start()))
            is_key = first == b"{"
            path.append("" if is_key else 0)
        elif first in b"}]":
            if not begins:
                break
            path.pop()
            whole, start = begins.pop()
            is_key = False
            if whole in wanted:
                found.append((whole, (start, token.end())))
        elif first == b",":
            if path and isinstance(path[-1], int):
                path[-1] += 1
            is_key = bool(path) and isinstance(path[-1], str)
        elif is_key:
            path[-1] = _key(token[0])
            is_key = False
        elif (here := tuple(path)) in wanted:
            found.append((here, token.span()))
    return found


def _key(token: bytes) -> str:
    if b"\\" not in token:
        return token[1:-1].decode("utf-8", "replace")
    try:
        return str(json.loads(token))
    except ValueError:
        return ""
