"""Both scanners, and all cuts: the same events, attributes, exceptions and texts."""

from __future__ import annotations

from typing import Any

from ssescan.errors import EventTooLarge
from ssescan.scanner import _compiled, _python

from ..choices import Choices, cut

MARK = b"\xef\xbb\xbf"
PIECES = (
    *(b"data: a", b"data: ", b"data:", b"data", b"event: x", b"event: ", b"event", b"id: 1", b"id:\0", b"id", b" "),
    *(b"retry: 5", b"retry: x", b"retry", b": c", b":", b"foo: z", b"foo", MARK, b"\xff", b"\xe2\x82"),
    *(b"data: bb\n\n", b"event: e\ndata: cc\n\n", b"data: q\ndata: r\n\n", b"\r\n\r\n", b"x" * 9, b"data: " + b"y" * 70),
    *(b"\n", b"\n\n", b"\r\n", b"\r"),
)  # fmt: skip
# Case takes them from the end: each is the first one; all flags; payloads, and skipping with a limit of 20 bytes.
CHOICES = (bytes(9), bytes([0, 0, 0, 1, 1, 1, 1, 0, 0]), bytes([0, 0, 1, 0, 0, 0, 1, 1, 3]))
MAX_PLACES = 64  # of cuts, of a stream that is longer


class Case:
    """A stream in chunks, and the options to read it with."""

    def __init__(self, data: bytes) -> None:
        chosen = Choices(data)
        self.options: dict[str, Any] = {
            "max_event_size": chosen.one_of((None, 8, 12, 20, 100)),
            "oversize": chosen.one_of(("raise", "skip")),
            "unterminated": chosen.one_of(("drop", "dispatch")),
            "comments": chosen.flag(),
            "unknown": chosen.flag(),
            "empty_events": chosen.flag(),
        }
        self.payloads = chosen.flag()
        self.chunks = chosen.chunks()

    def results(self, module: Any) -> list[Any]:
        return [*self.feed(module), *self.iterate(module)]

    def feed(self, module: Any) -> list[Any]:
        """Feed a Scanner, and return its events and attributes after each chunk."""
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
        """Iterate over an EventReader, and return its events and attributes after each event."""
        chunks = self.chunks
        log: list[Any] = []

        class Events(module.EventIterator):  # type: ignore[misc]  # the base class is dynamic
            def _open(self) -> Any:
                return iter(chunks)

            def _finish(self, error: BaseException | None, cut: bool) -> bool:
                log.append((type(error).__name__, cut))
                return False

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


def feed(scanner: Any, chunks: list[bytes], payloads: bool = False) -> Any:
    """Return what no cut may change: the text of EventTooLarge may, it says how many bytes had come by then."""
    events: list[Any] = []
    is_too_large = False
    try:
        for chunk in chunks:
            events += scanner.feed(chunk)
    except EventTooLarge as error:
        events += error.events
        is_too_large = True
    events += scanner.close()
    return events, is_too_large, scanner.last_event_id, scanner.retry, scanner.skipped, scanner.cut


def check(data: bytes) -> int:
    """Read with both scanners, and with the compiled one in every two and every three bytes' cuts."""
    case = Case(data)
    ours, theirs = case.results(_python), case.results(_compiled)
    for mine, other in zip(ours, theirs, strict=True):
        assert mine == other, f"(python, compiled) = {mine!r}, {other!r}\n{case!r}"
    stream = b"".join(case.chunks)
    expected = feed(_compiled.Scanner(**case.options), [stream])
    step = len(stream) // MAX_PLACES + 1
    cuts = [[stream[:at], stream[at:]] for at in range(1, len(stream), step)]
    cuts += [cut(stream, [size]) for size in (1, 2, 3, 7)]
    for chunks in cuts:
        found = feed(_compiled.Scanner(**case.options), chunks)
        assert found == expected, f"(cut, whole) = {found!r}, {expected!r}\ncut = {chunks!r}\n{case!r}"
    return 4 + 1 + len(cuts)


def seeds() -> list[bytes]:
    """Return streams to begin with: pieces, and blocks with all line ends, marks and choices."""
    one = b"id: 7\nevent: e\nretry: 10\ndata: a\ndata: b\n: c\nfoo\n\n"
    marked = [mark + one for mark in (b"", MARK, MARK[:2], MARK * 2)]
    streams = [*marked, one * 2, one + b"data: d", one + b"data: d\n", b"\n".join(PIECES) + b"\n\n"]
    ends = [text.replace(b"\n", line_end) for text in streams for line_end in (b"\n", b"\r\n", b"\r")]
    return [*PIECES, b"".join(PIECES), *(text + choices for text in ends for choices in CHOICES)]
