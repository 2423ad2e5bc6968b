"""Feed both scanners the same bytes for a given time, and stop at the first difference: `make fuzz`.

python tests/fuzz.py --seconds 3600      exit status 1 if they differ; prints and keeps the bytes

The differential tests of tests/scanner run a fixed number of examples; this one can run for hours. The streams consist
of pieces of lines, since random bytes have no events. It compares events, the attributes after each chunk and event,
exceptions and their texts.
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
    """A stream in chunks, and the options to read it with."""

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

    def results(self, module: Any) -> list[Any]:
        return [*self.feed(module), *self.iterate(module)]

    def feed(self, module: Any) -> list[Any]:
        """Feed a Scanner, and return its events and attributes."""
        scanner = module.Scanner(**self.options)
        log: list[Any] = []

        def record(items: object) -> None:
            log.append(
                (repr(items), scanner.last_event_id, scanner.retry, scanner.pending, scanner.skipped, scanner.cut)
            )

        try:
            for chunk in self.chunks:
                record(scanner.feed(chunk))
        except EventTooLarge as error:
            record((str(error), error.events))
        record(scanner.close())
        return log

    def iterate(self, module: Any) -> list[Any]:
        """Iterate over an EventReader, and return its events and attributes."""
        chunks = self.chunks

        class Events(module.EventIterator):  # type: ignore[misc]  # the base class is dynamic
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


def difference(case: Case) -> str:
    """Read with both scanners. Return their first difference or the traceback of an error, else ""."""
    try:
        ours, theirs = case.results(_python), case.results(_compiled)
    except Exception:
        return traceback.format_exc()
    if ours == theirs:
        return ""
    first = next((pair for pair in zip(ours, theirs, strict=False) if pair[0] != pair[1]), "one has more")
    return f"first difference (python, compiled) = {first!r}"


def main() -> int:
    parser = ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60, help="duration (default: 60)")
    parser.add_argument("--seed", type=int, help="repeat the run with this seed")
    options = parser.parse_args()
    seed = random.randrange(2**32) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)  # the interpreter may crash
    chance, count, end = random.Random(seed), 0, time.monotonic() + options.seconds
    while time.monotonic() < end:
        case = Case(chance)
        if found := difference(case):
            report = f"{case!r}\n{found}\n"
            KEPT.mkdir(parents=True, exist_ok=True)
            (KEPT / f"{seed}-{count}.txt").write_text(report, encoding="utf-8")
            print(report)
            return 1
        count += 1
    print(f"{count:,} streams, no difference")
    return 0


if __name__ == "__main__":
    sys.exit(main())
