"""Print a digest of all that ssescan makes of a folder of recorded streams: to compare two states of the code.

For every file and three ways to cut it: the events, comments and unknown lines, how the stream ended, the parts, the
message and the turn, and the provider's own objects. Uses public names only. Run it before and after a change that must
not change what is read; with `--lines` each record is printed, for `diff`.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

import ssescan
from ssescan.providers import anthropic, gemini, gemini_interactions, openai_chat, openai_responses

OBJECTS: dict[str, Callable[..., Iterable[Any]]] = {
    "openai-chat": openai_chat.iter_chunks,
    "openai-responses": openai_responses.iter_events,
    "anthropic": anthropic.iter_events,
    "gemini": gemini.iter_responses,
    "gemini-interactions": gemini_interactions.iter_events,
}


def cuts(body: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the body whole, in pieces of seven bytes, and cut at random places that are the same each time."""
    yield "whole", [body]
    yield "sevens", [body[at : at + 7] for at in range(0, len(body), 7)]
    places = sorted(random.Random(len(body)).randrange(len(body) + 1) for _ in range(len(body) // 100 + 1))
    yield "random", [body[start:end] for start, end in zip([0, *places], [*places, len(body)], strict=True)]


def drained(iterator: Iterable[Any], show: Callable[[Any], Any]) -> list[Any]:
    """Return what an iterator yields, and last the type of the exception that it ends with, if it does."""
    found: list[Any] = []
    try:
        found.extend(show(item) for item in iterator)
    except Exception as error:
        found.append(type(error).__name__)
    return found


def records(chunks: list[bytes]) -> Iterator[tuple[str, Any]]:
    """Yield the name and the content of each thing that is read from these chunks."""
    events = ssescan.iter_events(chunks, comments=True, unknown=True)
    yield "events", drained(events, repr)
    yield "end", [events.outcome, events.last_event_id, events.retry]
    for strict in (True, False):
        reading = ssescan.stream(chunks, strict=strict)
        yield f"parts, strict={strict}", drained(reading, msgspec.to_builtins)
        message = reading.message
        yield "message", [reading.api, reading.outcome, message.to_dict()]
        turn = drained([None], lambda _: message.to_turn())  # noqa: B023
        yield "turn", turn
        if strict and reading.api in OBJECTS:
            yield "objects", drained(OBJECTS[reading.api](chunks), repr)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="folders with .sse files, at any depth")
    parser.add_argument("--lines", action="store_true", help="print each record as a line of JSON")
    options = parser.parse_args()
    digest, count = hashlib.sha256(), 0
    for folder in options.folders:
        for file in sorted(folder.rglob("*.sse")):
            for cut, chunks in cuts(file.read_bytes()):
                for name, content in records(chunks):
                    line = json.dumps([str(file.relative_to(folder)), cut, name, content], default=repr)
                    digest.update(line.encode())
                    count += 1
                    if options.lines:
                        print(line)
    print(f"{count} records, sha256 {digest.hexdigest()}", file=sys.stderr)
    return 0 if count else 1


if __name__ == "__main__":
    sys.exit(main())
