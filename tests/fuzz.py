"""Feeds both scanners the same bytes for as long as is asked, and stops at the first difference: `make fuzz`.

python tests/fuzz.py --seconds 3600      exit status 1 where they differ; what was fed is printed, and kept

Beside the differential tests of tests/scanner, which run a fixed number of examples each time, this one is for hours.
The streams are made of pieces of lines, since random bytes hold no events. What is compared: events, the attributes
after each chunk and each event, exceptions and their texts.
"""

from __future__ import annotations

import random
import sys
import time
import traceback
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from ssescan.errors import EventTooLarge
from ssescan.scanner import _compiled, _python

PIECES = [
    *(b"data: a", b"data: ", b"data:", b"data", b"event: x", b"event: ", b"event", b"id: 1", b"id:\0", b"id", b" "),
    *(b"retry: 5", b"retry: x", b"retry", b": c", b":", b"foo: z", b"foo", b"\xef\xbb\xbf", b"\xff", b"\xe2\x82"),
    *(b"data: bb\n\n", b"event: e\ndata: cc\n\n", b"data: q\ndata: r\n\n", b"\r\n\r\n", b"x" * 9, b"data: " + b"y" * 70),
    *(b"\n", b"\n", b"\n\n", b"\n\n", b"\r\n", b"\r"),
]  # fmt: skip
MAX_CHUNK_SIZES = (1, 2, 5, 9, 20, 100)
KEPT = Path("build/fuzz")


class Case:
    """A stream in chunks, and how it is read."""

    def __init__(self, chance: random.Random) -> None:
        self.options: dict[str, Any] = {
            "max_event_size": chance.choice([None, 8, 12, 20, 100]),
            "oversize": chance.choice(["raise", "skip"]),
            "unterminated": chance.choice(["drop", "dispatch"]),
            **{name: chance.random() < 0.5 for name in ("comments", "unknown", "empty_events")},
        }
        self.payloads = chance.random() < 0.5
        stream = b"".join(chance.choices(PIECES, k=chance.randrange(1, 25)))
        longest = chance.choice(MAX_CHUNK_SIZES)
        self.chunks: list[bytes] = []
        while stream:
            size = chance.randrange(longest + 1)
            self.chunks.append(stream[:size])
            stream = stream[size:]

    def seen(self, module: Any) -> list[Any]:
        return [*self.fed(module), *self.read_by_reader(module)]

    def fed(self, module: Any) -> list[Any]:
        """Feed a Scanner; give all that can be seen of it."""
        scanner = module.Scanner(**self.options)
        log: list[Any] = []

        def note(items: object) -> None:
            log.append(
                (repr(items), scanner.last_event_id, scanner.retry, scanner.pending, scanner.skipped, scanner.cut)
            )

        try:
            for chunk in self.chunks:
                note(scanner.feed(chunk))
        except EventTooLarge as error:
            note((str(error), error.events))
        note(scanner.close())
        return log

    def read_by_reader(self, module: Any) -> list[Any]:
        """Iterate over an EventReader; give all that can be seen of it."""
        chunks = self.chunks

        class Events(module.EventIterator):  # type: ignore[misc]  # a base class known only now
            def _open(self) -> Any:
                return iter(chunks)

            def _finish(self, error: BaseException | None, cut: bool) -> bool:
                log.append((type(error).__name__, cut))
                return False

        log: list[Any] = []
        scanner = module.Scanner(**self.options)
        reader = module.EventReader(scanner, False, self.payloads)
        try:
            for item in Events(reader):
                log.append(
                    (repr(item), reader.event_name, reader.last_event_id, reader.retry, reader.skipped, reader.reads)
                )
                log.append((scanner.pending, scanner.cut))
        except EventTooLarge as error:
            log.append((str(error), repr(error.events)))
        return [*log, scanner.pending, scanner.cut, reader.cut_in_line]

    def __repr__(self) -> str:
        return f"chunks = {self.chunks!r}\noptions = {self.options!r}\npayloads = {self.payloads!r}"


def what_is_wrong(case: Case) -> str:
    """Read it with both; give how they differ, or what was raised that must not be, or ""."""
    try:
        ours, theirs = case.seen(_python), case.seen(_compiled)
    except Exception:
        return traceback.format_exc()
    if ours == theirs:
        return ""
    first = next((pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]), "one has more")
    return f"first difference (python, compiled) = {first!r}"


def main() -> int:
    parser = ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60, help="how long (default: 60)")
    parser.add_argument("--seed", type=int, help="the first of them again")
    options = parser.parse_args()
    seed = random.randrange(2**32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)  # a crash of the interpreter must not take it along
    chance, count, end = random.Random(seed), 0, time.monotonic() + options.seconds
    while time.monotonic() < end:
        case = Case(chance)
        if wrong := what_is_wrong(case):
            report = f"{case!r}\n{wrong}\n"
            KEPT.mkdir(parents=True, exist_ok=True)
            (KEPT / f"{seed}-{count}.txt").write_text(report, encoding="utf-8")
            print(report)
            return 1
        count += 1
    print(f"{count:,} streams, no difference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
