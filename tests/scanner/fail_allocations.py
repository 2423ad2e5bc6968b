"""Make each allocation of one operation fail in turn: python fail_allocations.py BACKEND OPERATION.

CPython's `_testcapi.set_nomemory` makes the allocators of Python fail, from which the compiled scanner takes all its
memory: its objects, and by PyMem_Realloc its buffers. Each allocation fails alone, then together with all after it.

After each failure the same must hold. Either nothing happened, and the operation can be repeated; or it ended the
stream, as `check` of each operation says. A swallowed failure must not change the result. Prints how many failed.
"""

from __future__ import annotations

import _testcapi  # type: ignore[import-not-found]
import gc
import importlib
import sys
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from ssescan.errors import EventTooLarge
from ssescan.scanner import _shared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIXED = (
    b": c\nevent: a\nid: 7\nretry: 70000\ndata: x\ndata: \xf0\x9f\xab\x96\n\ndata: y\n\ndata: \xff\n\nunknown\n"
    b"event: much longer than any name that is kept, since it has more than sixty-four bytes\ndata: z\n\nevent: b\n\n"
)
REST = b"event: c\nid: 8\ndata: 1\ndata: 2\ndata: " + b"3" * 300
OPTIONS = {"comments": True, "unknown": True, "empty_events": True}


def shown(item: Any) -> str:
    return repr(item)


class Operation(ABC):
    """One operation on a new object. `act` runs without memory; `check` looks at the object after a MemoryError.

    `counted`: compare the blocks of memory before and after. CPython 3.11 itself leaks the arguments if memory ends
    within `super().__init__()` or the call of a Python function, which the errors of ssescan use.
    """

    counted = True

    def __init__(self, module: Any) -> None:
        self.module = module

    @abstractmethod
    def act(self) -> Any:
        """Do the operation; return what must be the same each time."""

    def check(self, expected: Any) -> None:
        """Repeat the operation."""
        assert self.act() == expected


class Construct(Operation):
    def act(self) -> Any:
        return type(self.module.Scanner(max_event_size=70_000, oversize="skip", unterminated="dispatch", **OPTIONS))


class ConstructReader(Operation):
    def act(self) -> Any:
        module = self.module
        return type(Events(module, [b""]).stream(module.EventReader(module.Scanner(), True)))


class Values(Operation):
    def __init__(self, module: Any) -> None:
        super().__init__(module)
        self.event = module.ServerSentEvent("a", '{"b": [1, "\U0001f600"]}', "c", 70_000)

    def act(self) -> Any:
        event, module = self.event, self.module
        same = module.ServerSentEvent(event.event, event.data, id=event.id, retry=event.retry)
        texts = module.Comment("x"), module.UnknownLine(text="y")
        return same == event, hash(same), repr(same), repr(texts), same.json(), repr(same.__reduce__())


class Refusals(Operation):
    counted = False

    def act(self) -> Any:
        refused: list[str] = []
        scanner, event = self.module.Scanner(), self.module.ServerSentEvent()
        scanner.close()
        for call in (
            lambda: scanner.feed("text"),
            lambda: scanner.feed(None),
            lambda: scanner.feed(memoryview(b"abcd")[::2]),
            lambda: scanner.feed(b"closed"),
            scanner.__reduce__,
            lambda: self.module.Scanner(max_event_size=-1),
            lambda: self.module.ServerSentEvent(1),
            lambda: setattr(event, "data", "x"),
        ):
            try:
                call()
            except (TypeError, ValueError, AttributeError) as error:
                refused.append(str(error))
        return refused


class Feed(Operation):
    """One chunk, after another. Returns the items; those of EventTooLarge too."""

    before = b""
    chunk: Any = MIXED + REST
    options: ClassVar[dict[str, Any]] = OPTIONS

    def __init__(self, module: Any) -> None:
        super().__init__(module)
        self.scanner = module.Scanner(**self.options)
        self.scanner.feed(self.before)

    def act(self) -> Any:
        try:
            return self.scanner.feed(self.chunk)
        except EventTooLarge as error:
            return error.limit, error.size, error.events

    def check(self, expected: Any) -> None:
        try:
            again = self.act()
        except ValueError:
            assert self.scanner.close() == []
            assert self.scanner.cut, "the stream was cut, and the scanner says that it was not"
        else:
            assert again == expected, "the scanner went on after a gap"
        assert_reset_works(self.scanner)


class FeedRest(Feed):
    before = MIXED + REST
    chunk = b"3\ndata: 4\n\n" + MIXED


class FeedBytearray(Feed):
    chunk = bytearray(MIXED + REST)


class FeedPartOfMark(Feed):
    before = b"\xef\xbb"
    chunk = b"data: after a part of the byte order mark\n\n" + MIXED


class FeedTooLarge(Feed):
    counted = False
    before = MIXED
    chunk = b"data: 1\n\nid: 9\ndata: 2\ndata: " + b"3" * 400
    options: ClassVar[dict[str, Any]] = {"max_event_size": 200}


class FeedSkipped(FeedTooLarge):
    counted = True
    chunk = FeedTooLarge.chunk + b"\n\ndata: 4\n\n"
    options: ClassVar[dict[str, Any]] = {"max_event_size": 200, "oversize": "skip"}


class Close(Operation):
    fed = MIXED + REST
    unterminated = "dispatch"

    def __init__(self, module: Any) -> None:
        super().__init__(module)
        self.scanner = module.Scanner(unterminated=self.unterminated, **OPTIONS)
        self.scanner.feed(self.fed)

    def act(self) -> Any:
        return self.scanner.close(), self.scanner.cut

    def check(self, expected: Any) -> None:
        again = self.act()
        assert again[1] == expected[1], "the scanner does not know any more whether the stream was cut"
        assert again[0] in ([], expected[0])
        assert_reset_works(self.scanner)


class CloseDropping(Close):
    unterminated = "drop"


class CloseInMark(Close):
    fed = b"\xef\xbb"


class CloseInMarkDropping(CloseInMark):
    unterminated = "drop"


class Reset(Operation):
    def __init__(self, module: Any) -> None:
        super().__init__(module)
        self.scanner = module.Scanner(**OPTIONS)
        self.scanner.feed(MIXED + REST)

    def act(self) -> Any:
        self.scanner.reset()
        return self.scanner.last_event_id, self.scanner.retry, self.scanner.pending

    def check(self, expected: Any) -> None:
        super().check(expected)
        assert_reset_works(self.scanner)


class Iterate(Operation):
    """All events of an EventIterator, some of which are ready when memory ends."""

    chunks = (b"\xef\xbb", b"data: 0\n\n" + MIXED, REST, b"\n\nda", b"ta: 4\n\n" + MIXED, REST)
    ready = 2
    payloads = False

    def __init__(self, module: Any) -> None:
        super().__init__(module)
        self.scanner = module.Scanner(unterminated="dispatch", **OPTIONS)
        self.reader = module.EventReader(self.scanner, True, self.payloads)
        self.stream = Events(module, self.chunks).stream(self.reader)
        self.items: list[Any] = [None] * 40  # no memory is needed to store an item
        self.count = 0
        self.run(self.ready)

    def run(self, count: int) -> None:
        # One function: in CPython 3.11, a call for whose frame there is no memory raises SystemError.
        while self.count < count:
            self.items[self.count] = next(self.stream)
            self.count += 1

    def act(self) -> Any:
        try:
            self.run(len(self.items))
        except StopIteration:
            pass
        return self.items

    def check(self, expected: Any) -> None:
        before = self.count
        self.act()
        if self.count == before:
            assert self.stream.finished or self.reader.is_over
            assert self.items[:before] == expected[:before]
        else:
            assert self.items == expected, "the stream went on after a gap"
        assert_reset_works(self.scanner)


class IterateCold(Iterate):
    ready = 0


class Read(Iterate):
    """The same by EventReader, as the async streams use it."""

    def __init__(self, module: Any) -> None:
        self.fed = 0
        super().__init__(module)

    def run(self, count: int) -> None:
        reader = self.reader
        while self.count < count:
            item = reader.pop()
            if item is not None:
                self.items[self.count] = item
                self.count += 1
            elif reader.is_over:
                break
            elif self.fed < len(self.chunks):
                reader.feed(self.chunks[self.fed])
                self.fed += 1
            else:
                reader.close()


class ReadCold(Read):
    ready = 0


class ReadPayloads(Read):
    payloads = True


class JoinEvents(Operation):
    """Events that an EventRun joins, and one that ends the run. Returns what was read."""

    counted = False
    shape = b'data: {"a":"b"}\n\n', [(0, 12, 13)]
    chunks = (shape[0], b'data: {"a":"\xc3\xbc"}\n\n' * 3, b'data: {"a":"' + b"c" * 900 + b'"}\n\n', b"data: d\n\n")

    def __init__(self, module: Any) -> None:
        super().__init__(module)
        self.run = module.EventRun(self.read)
        self.fed = 0
        self.items: list[Any] = [None] * 20
        self.count = 0

    def read(self, data: bytes, is_alike: bool) -> Any:
        self.items[self.count] = data
        self.count += 1
        return self.shape

    def act(self) -> Any:
        while self.fed < len(self.chunks):
            self.run.feed(self.chunks[self.fed])
            self.fed += 1
        return self.items

    def check(self, expected: Any) -> None:
        assert self.run.unsent in (b"", self.chunks[self.fed])
        if not self.run.unsent:  # memory ended before feed()
            super().check(expected)
        assert self.run.feed(b"data: e\n\n") == b"data: e\n\n"
        assert self.run.unsent == b""


class Events:
    """Makes an EventIterator of one backend that remembers the call of _finish."""

    classes: ClassVar[dict[Any, Any]] = {}

    def __init__(self, module: Any, chunks: Any) -> None:
        self.chunks = chunks
        self.cls = self.classes.get(module) or self.classes.setdefault(module, self.make(module))

    @staticmethod
    def make(module: Any) -> Any:
        class Finishing(module.EventIterator):  # type: ignore[misc]
            finished = False

            def _finish(self, error: Any, cut: Any) -> None:
                self.finished = True

        return Finishing

    def stream(self, reader: Any) -> Any:
        return self.cls(reader, iter(self.chunks))


def assert_reset_works(scanner: Any) -> None:
    scanner.reset()
    assert [shown(item) for item in scanner.feed(b"data: again\n\n")][-1:]
    scanner.reset()


OPERATIONS: dict[str, type[Operation]] = {
    cls.__name__: cls
    for cls in (
        *(Construct, ConstructReader, Values, Refusals, Feed, FeedRest, FeedBytearray, FeedPartOfMark, FeedTooLarge),
        *(FeedSkipped, Close, CloseDropping, CloseInMark, CloseInMarkDropping, Reset, Iterate, IterateCold, Read),
        *(ReadCold, ReadPayloads, JoinEvents),
    )
}


def without_memory(act: Callable[[], Any], first: int, stop: int) -> tuple[bool, Any]:
    """Return whether there was a MemoryError, and the result if not."""
    remove, result = _testcapi.remove_mem_hooks, None
    gc.collect()  # drops the free lists of CPython, which would serve some objects without an allocation
    _testcapi.set_nomemory(first, stop)
    try:
        result = act()
    except MemoryError:
        remove()
        return True, None
    except SystemError as error:
        remove()
        # CPython (3.11 to 3.13) loses an exception that passes a frame, if there is no memory for its traceback.
        if "without" not in str(error):
            raise
        return True, None
    finally:
        remove()
    return False, result


def fail_each(cls: type[Operation], module: Any, alone: bool, expected: Any) -> int:
    """Fail each allocation of an operation; return how many there were."""
    first = passed = failed = 0
    while passed < (20 if alone else 1):  # alone, a failure that changed nothing is not the end
        operation = cls(module)
        drained = [module.ServerSentEvent() for _ in range(9)]  # the free list of events keeps eight
        no_memory, result = without_memory(operation.act, first, first + 1 if alone else 0)
        if no_memory:
            failed += 1
            passed = 0
            operation.check(expected)
        else:
            passed += 1
            assert result == expected, f"allocation {first} failed, which changed the result: {result} != {expected}"
        assert not _shared.asking
        del operation, drained, result
        first += 1
    return failed


def counts() -> Iterator[int]:
    gc.collect()
    yield sys.getallocatedblocks()
    if hasattr(sys, "gettotalrefcount"):
        yield sys.gettotalrefcount()


def main(backend: str, name: str) -> None:
    module = importlib.import_module(f"ssescan.scanner._{backend}")
    cls = OPERATIONS[name]
    expected = cls(module).act()
    gc.collect()
    gc.freeze()
    failed = [0]
    for alone in (False, True):
        failed[0] += fail_each(cls, module, alone, expected)
        fail_each(cls, module, alone, expected)
        before = list(counts())
        for _ in range(3):
            fail_each(cls, module, alone, expected)
        after = list(counts())
        grown = [now - then for now, then in zip(after, before, strict=True)]
        assert max(grown) < 10 or not cls.counted, f"{name}: {grown} more blocks or references after three rounds"
    print(failed[0], "allocations failed")


if __name__ == "__main__":
    main(*sys.argv[1:])
