"""Both backends get the same bytes, cuts and options, and must agree on all events, attributes and errors."""

from __future__ import annotations

import pickle
from itertools import accumulate, pairwise, starmap
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Iterator

Backends = tuple[Any, Any]

# Pieces of lines, valid and damaged. Half of the generated lines consist of these.
PIECES = [
    b"data", b"data:", b"data: ", b"data: a", b"data:b ", b"event", b"event:", b"event: ping", b"event: message",
    b"id", b"id:", b"id: 7", b"id: \0", b"retry", b"retry: 10", b"retry: -1", b"retry: 999999999999999",
    b"retry: 1000000000000000", b"retry:1 ", b"retry: \xd9\xa1", b":", b": comment", b":comment", b"unknown: x", b"DATA: x",
    b"data :x", b"\xef\xbb\xbf", b"\xef\xbb", b"\xef", b"\xff", b"\xe2\x82\xac", b"\xe2\x82", b"\xf0\x9f\xab\x96", b"\0",
    b" ", b"\t", b"\x0b", b"\x0c", b"\x1c", b"\xe2\x80\xa8", b"\xc2\x85", b"x" * 40,
]  # fmt: skip
ENDS = [b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r", b"\n\r\n"]

streams = st.lists(st.one_of(st.sampled_from(PIECES + ENDS), st.sampled_from(ENDS), st.binary(max_size=6))).map(
    b"".join
)
options = st.fixed_dictionaries(
    {},
    optional={
        "max_event_size": st.one_of(st.none(), st.integers(1, 60)),
        "oversize": st.sampled_from(["raise", "skip"]),
        "empty_events": st.booleans(),
        "comments": st.booleans(),
        "unknown": st.booleans(),
        "unterminated": st.sampled_from(["drop", "dispatch"]),
    },
)
# A step: a number of bytes to feed, or close, or reset for the next stream.
steps = st.lists(st.one_of(st.integers(0, 30), st.sampled_from(["close", "reset"])), max_size=40)


def plain(item: Any) -> tuple[Any, ...]:
    return type(item).__name__, *(getattr(item, name) for name in item.__match_args__)


def state(scanner: Any) -> tuple[Any, ...]:
    return scanner.last_event_id, scanner.retry, scanner.pending, scanner.skipped, scanner.cut


def outcome(call: Any, *arguments: Any) -> Any:
    """Return the result of a call, or its exception with all details."""
    try:
        return [plain(item) for item in call(*arguments) or []]
    except Exception as error:
        details = {name: value for name, value in vars(error).items() if name != "events"}
        events = [plain(item) for item in getattr(error, "events", [])]
        return type(error), str(error), details, events


def history(module: Any, body: bytes, cuts: list[Any], chosen: dict[str, Any]) -> list[Any]:
    scanner = module.Scanner(**chosen)
    seen: list[Any] = []
    for step in cuts:
        if step == "close":
            seen.append(outcome(scanner.close))
        elif step == "reset":
            seen.append(outcome(scanner.reset))
        else:
            seen.append(outcome(scanner.feed, body[:step]))
            body = body[step:]
        seen.append(state(scanner))
    seen += [
        outcome(scanner.feed, body),
        state(scanner),
        outcome(scanner.close),
        state(scanner),
        outcome(scanner.close),
    ]
    return seen


@settings(max_examples=3000, deadline=None)
@given(body=streams, cuts=steps, chosen=options)
@example(body=b"\xef\xbb\xbf\r\n\ndata: x\r\r", cuts=[1, 1, 2, 1], chosen={})
@example(body=b"\xef\xbbx\ndata: y\n\n", cuts=[2], chosen={"max_event_size": 1, "unterminated": "dispatch"})
@example(body=b": " + b"x" * 30 + b"\ndata: y\n\n", cuts=[3, 3], chosen={"max_event_size": 10, "oversize": "skip"})
@example(
    body=b":" + b"a" * 30 + b"\ndata: x\n\nevent: e\ndata: y\n\ndata: z\n\n",
    cuts=[32, 9],
    chosen={"max_event_size": 20, "oversize": "skip"},
)
def test_backends_agree(both: Backends, body: bytes, cuts: list[Any], chosen: dict[str, Any]) -> None:
    compiled, python = both
    assert history(compiled, body, cuts, chosen) == history(python, body, cuts, chosen)


@settings(max_examples=1500, deadline=None)
@given(body=streams, cuts=st.lists(st.integers(0, 30), max_size=40), chosen=options)
def test_events_do_not_depend_on_cuts(scanners: Any, body: bytes, cuts: list[int], chosen: dict[str, Any]) -> None:
    def read(chunks: list[bytes]) -> Any:
        scanner = scanners.Scanner(**chosen)
        items: list[Any] = []
        try:
            for chunk in chunks:
                items += scanner.feed(chunk)
            items += scanner.close()
        except Exception as error:
            # Only the size in the error depends on the cuts.
            return [plain(item) for item in items + list(error.events)], type(error)  # type: ignore[attr-defined]
        return [plain(item) for item in items], state(scanner)

    chunks, rest = [], body
    for cut in cuts:
        chunks.append(rest[:cut])
        rest = rest[cut:]
    whole = read([body])
    assert read([*chunks, rest]) == whole
    assert read([body[i : i + 1] for i in range(len(body))]) == whole


@settings(max_examples=1000, deadline=None)
@given(body=streams, cuts=st.lists(st.integers(0, 30), max_size=40), chosen=options, payloads=st.booleans())
def test_backends_agree_on_reader_and_feed(
    both: Backends, body: bytes, cuts: list[int], chosen: dict[str, Any], payloads: bool
) -> None:
    def plain_or_bytes(reader: Any, item: Any) -> Any:
        return (reader.event_name, item) if type(item) is bytes else plain(item)

    def read_by_reader(module: Any) -> list[Any]:
        reader = module.EventReader(module.Scanner(**chosen), False, payloads)
        seen: list[Any] = []
        rest = body
        try:
            for cut in [*cuts, len(body)]:
                reader.feed(rest[:cut])
                rest = rest[cut:]
                while (item := reader.pop()) is not None:
                    seen += [plain_or_bytes(reader, item), reader.last_event_id]
            reader.close()
            seen += [reader.cut, reader.cut_in_line]
            while (item := reader.pop()) is not None:
                seen.append(plain_or_bytes(reader, item))
        except Exception as error:
            seen += [type(error), str(error)]
        return [*seen, reader.events, reader.reads, reader.bytes_read]

    compiled, python = both
    assert read_by_reader(compiled) == read_by_reader(python)


class Watched:
    """A scanner under a reader. `seen` has the result of each call, and all attributes of both after it."""

    def __init__(self, module: Any, chosen: dict[str, Any], flags: list[bool], chunks: Any = None) -> None:
        self.seen: list[Any] = []
        timing, payloads, self.forgives = flags
        watched = self

        class Events(module.EventIterator):  # type: ignore[misc]  # the base class is dynamic
            def _open(self) -> Any:
                return chunks

            def _finish(self, error: BaseException | None, cut: bool) -> bool:
                watched.seen.append((repr(error), cut))
                return watched.forgives

        self.scanner = module.Scanner(**chosen)
        self.reader = module.EventReader(self.scanner, timing, payloads)
        self.events = Events(self.reader)

    def do(self, call: Any, *arguments: Any) -> Any:
        """Return the result of a call, or None if it raised an error."""
        result = error = None
        try:
            result = call(*arguments)
        except Exception as caught:
            error = caught
        reader = self.reader
        self.seen += [
            call.__name__, repr(result), repr(error), state(self.scanner),
            (reader.last_event_id, reader.retry, reader.skipped, reader.reads, reader.bytes_read, reader.received_ns is None),
            (reader.events, reader.events_before_close, reader.event_name, reader.cut_in_line, reader.is_over),
        ]  # fmt: skip
        return result

    def read(self, call: Any, left: int) -> int:
        """Read to the end twice. Stop the reader after `left` items. Return how many are left."""
        for _ in range(2):
            while self.do(call) is not None:
                left -= 1
                if not left:
                    self.do(self.reader.stop)
        return left

    def afterwards(self) -> list[Any]:
        """Continue to use the scanner, and return all results."""
        for _ in range(2):
            self.do(self.scanner.close)
            self.do(self.scanner.feed, b"data: z\n\n")
            self.do(self.scanner.reset)
            self.do(self.scanner.feed, b"data: z\n\n: c")
        return self.seen


def pieces(body: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *accumulate(cuts)]
    return [*map(body.__getitem__, starmap(slice, pairwise(places))), body[places[-1] :]]


reader_cases = {
    "body": streams,
    "cuts": st.lists(st.integers(0, 30), max_size=40),
    "chosen": options,
    "flags": st.lists(st.booleans(), min_size=3, max_size=3),
    "stop": st.one_of(st.just(-1), st.integers(1, 10)),  # after how many items the reader is stopped
}


@settings(max_examples=1500, deadline=None)
@given(fails=st.one_of(st.just(-1), st.integers(0, 20)), **reader_cases)
def test_backends_agree_after_every_next(
    both: Backends, body: bytes, cuts: list[int], chosen: dict[str, Any], flags: list[bool], stop: int, fails: int
) -> None:
    def chunks() -> Iterator[bytes]:
        for number, chunk in enumerate(pieces(body, cuts)):
            if number == fails:
                raise OSError("gone")
            yield chunk

    def seen(module: Any) -> list[Any]:
        watched = Watched(module, chosen, flags, chunks())
        watched.read(watched.events.__next__, stop)
        return watched.afterwards()

    compiled, python = both
    assert seen(compiled) == seen(python)


@settings(max_examples=1500, deadline=None)
@given(**reader_cases)
def test_backends_agree_after_every_pop(
    both: Backends, body: bytes, cuts: list[int], chosen: dict[str, Any], flags: list[bool], stop: int
) -> None:
    def seen(module: Any) -> list[Any]:
        watched = Watched(module, chosen, flags)
        reader, left = watched.reader, stop
        for chunk in pieces(body, cuts):
            if reader.is_over:  # stopped, or the limit was passed
                break
            reader.feed(chunk)
            left = watched.read(reader.pop, left)
        watched.do(reader.close)
        watched.read(reader.pop, left)
        watched.do(reader.stop)
        return watched.afterwards()

    compiled, python = both
    assert seen(compiled) == seen(python)


@settings(max_examples=500, deadline=None)
@given(body=streams, cuts=st.lists(st.integers(0, 30), max_size=40), chosen=options)
def test_payloads_equal_events(scanners: Any, body: bytes, cuts: list[int], chosen: dict[str, Any]) -> None:
    def read_by_reader(payloads: bool) -> list[Any]:
        reader = scanners.EventReader(scanners.Scanner(**chosen), False, payloads)
        seen: list[Any] = []
        rest = body

        def pop() -> None:
            while (item := reader.pop()) is not None:
                if type(item) is bytes:
                    seen.append((reader.event_name or "message", item.decode("utf-8", "replace")))
                elif isinstance(item, scanners.ServerSentEvent):
                    seen.append((item.event, item.data))
                else:
                    seen.append(plain(item))

        try:
            for cut in [*cuts, len(body)]:
                reader.feed(rest[:cut])
                rest = rest[cut:]
                pop()
            reader.close()
            pop()
        except Exception as error:
            seen.append(str(error))
        return seen

    chosen = {**chosen, "empty_events": False}  # an event without data has no payload
    assert read_by_reader(True) == read_by_reader(False)


@settings(max_examples=200, deadline=None)
@given(
    event=st.one_of(st.text(), st.none(), st.binary(), st.integers()),
    data=st.one_of(st.text(), st.none(), st.integers()),
    last_id=st.one_of(st.text(), st.none()),
    retry=st.one_of(st.none(), st.integers(), st.booleans(), st.floats(), st.text()),
)
def test_backends_agree_on_new_events(both: Backends, event: Any, data: Any, last_id: Any, retry: Any) -> None:
    def made(module: Any) -> Any:
        try:
            one = module.ServerSentEvent(event, data, last_id, retry)
        except TypeError as error:
            return str(error)
        assert pickle.loads(pickle.dumps(one)).data == one.data
        return repr(one), hash(one), plain(one), one == module.ServerSentEvent(event, data, last_id, retry)

    compiled, python = both
    assert made(compiled) == made(python)


def test_backends_agree_on_wrong_use(both: Backends) -> None:
    wrong: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
        ("Scanner", (1,), {}),
        ("Scanner", (), {"max_size": 1}),
        *[("Scanner", (), {"max_event_size": value}) for value in (0, -1, True, 1.5, "1", 10**30)],
        *[("Scanner", (), {"oversize": value}) for value in ("drop", None, 1, True)],
        *[("Scanner", (), {"unterminated": value}) for value in ("raise", None, False)],
        *[
            ("Scanner", (), {name: value})
            for name in ("comments", "unknown", "empty_events")
            for value in (None, 1, "")
        ],
        ("ServerSentEvent", ("a", "b", "c", 1, 2), {}),
        ("ServerSentEvent", (), {"name": "x"}),
        ("Comment", (), {}),
        ("Comment", (b"x",), {}),
        ("UnknownLine", (), {}),
        ("UnknownLine", (1,), {}),
        ("Scanner", (), {"self": 1}),
        ("Comment", (), {"cls": 1, "text": "a"}),
        ("ServerSentEvent", (), {"cls": 1}),
    ]
    for name, arguments, keywords in wrong:
        texts = []
        for module in both:
            try:
                texts.append(repr(type(getattr(module, name)(*arguments, **keywords)).__name__))
            except (TypeError, ValueError) as error:
                texts.append(f"{type(error).__name__}: {error}")
        assert texts[0] == texts[1], (name, arguments, keywords)


def test_reader_without_open_cannot_be_iterated(scanners: Any) -> None:
    with pytest.raises(TypeError, match="override _open, which returns an iterator of chunks"):
        next(scanners.EventIterator(scanners.EventReader(scanners.Scanner())))


HALF_READ = b"id: 1\ndata: 1\n\n: c\ndata: 2\n: d\nid: 3\ndata: 3\n\n"


def test_feed_drops_the_rest_of_a_half_read_chunk(scanners: Any) -> None:
    # Only code with a reference to both can do this, and streams do not share their scanner. Memory must stay safe.
    for read in range(5):
        scanner = scanners.Scanner(comments=True)
        reader = scanners.EventReader(scanner)
        reader.feed(HALF_READ.replace(b"data: 2", b"data: " + b"2" * 100_000))
        for _ in range(read):
            assert reader.pop() is not None
        (event,) = scanner.feed(b"data: 4\n\n")  # the backends may keep different parts of an unfinished block
        assert event.data in ("4", "2" * 100_000 + "\n4")
        reader.feed(b"data: 5\n\ndata: 6\n\n")
        assert reader.pop().data in ("5", "2" * 100_000 + "\n5")
        reader.feed(b"data: 7\n\n")
        assert reader.pop().data == "7"
        assert reader.pop() is None
