"""The memory of idle scanners, of streams and messages beside peers.

Bytes are those that tracemalloc saw allocated while a thing was made, and that stay allocated while it lives: without
what it shares with others, and without its arguments (the source, the chunks). For a crowd, there is also the growth of
the process, which is what a server is billed for; each crowd is in a process of its own.
"""

from __future__ import annotations

import gc
import json
import mmap
import subprocess
import sys
import tracemalloc
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import ssescan
from benchmarks.suites import payloads
from benchmarks.suites.measure import Lab, Table
from benchmarks.suites.readers import OURS, PURE, pure_ssescan
from benchmarks.suites.sdks import sdk_client
from benchmarks.suites.server import ROOT

Make = Callable[[], Any]

IDLE_LIMIT = 256  # bytes
COUNT = 1000  # things of a kind, for the mean
BEFORE = 50  # events fed before an object is idle
CROWD = 100_000
DELTAS = 40_000

CHAT = payloads.openai_chat(BEFORE)
NAMED = payloads.anthropic_messages(BEFORE)


def owned(make: Make, count: int = COUNT, close: Callable[[list[Any]], None] = list.clear) -> float:
    """Return the bytes that are allocated for each of `count` things, and stay allocated while it lives."""
    close([make()])
    kept: list[Any] = [None] * count
    gc.collect()  # empties the free lists too: objects from them would not be seen
    tracemalloc.start()
    for index in range(count):
        kept[index] = make()
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    close(kept)
    return size / count


SCANNERS: dict[str, Callable[[], Any]] = {OURS: ssescan.Scanner, PURE: pure_ssescan().Scanner}


def used(scanner: Callable[[], Any], chunks: list[bytes]) -> Make:
    """Return a function that creates a scanner and feeds it the chunks."""

    def make() -> Any:
        made = scanner()
        for chunk in chunks:
            made.feed(chunk)
        return made

    return make


def scanner_rows(table: Table) -> None:
    """Add the row of an idle Scanner: the largest of its own account and of the allocator's."""
    sizes = {"by sys.getsizeof": float(sys.getsizeof(ssescan.Scanner()))}
    for name, chunks in (("new", []), ("after chat", CHAT), ("after events with names", NAMED)):
        sizes[name] = owned(used(ssescan.Scanner, chunks))
        sizes[f"{name}, python"] = owned(used(SCANNERS[PURE], chunks))
    size = max(size for name, size in sizes.items() if not name.endswith("python"))
    what = "an idle compiled Scanner, and what it alone owns"
    table.row(what, f"{IDLE_LIMIT} bytes", f"{size:.0f} bytes", size <= IDLE_LIMIT)
    table.sizes["an idle Scanner"] = sizes


# Streams


class Arriving:
    """An async iterator of chunks that never waits."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.left = iter(chunks)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for chunk in self.left:
            return chunk
        raise StopAsyncIteration


def at_once(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine that never waits. Not by an event loop: that keeps tasks, which would be seen too."""
    with suppress(StopIteration):
        coroutine.send(None)
        raise AssertionError("the coroutine waits")


def begun(stream: Any) -> Any:
    """Read the first event of a stream; return the stream."""
    if hasattr(stream, "__anext__"):
        at_once(stream.__anext__())
    else:
        next(stream)
    return stream


def close_all(kept: list[Any]) -> None:
    for stream in kept:
        if hasattr(stream, "aclose"):
            at_once(stream.aclose())
    kept.clear()


def stream_makers(count: int) -> dict[str, Make]:
    """Return how streams are made, after their first event; the sources are made before."""

    def maker(make: Callable[[Any], Any], source: Callable[[list[bytes]], Any] = iter) -> Make:
        sources: Iterator[Any] = iter([source(CHAT) for _ in range(count + 1)])
        return lambda: begun(make(next(sources)))

    openai, anthropic = (import_module(f"{library}._streaming").SSEDecoder for library in ("openai", "anthropic"))
    return {
        "iter_events": maker(ssescan.iter_events),
        "iter_events, python": maker(pure_ssescan().iter_events),
        "aiter_events": maker(ssescan.aiter_events, Arriving),
        "stream": maker(lambda chunks: ssescan.stream(chunks, "openai-chat")),
        "astream": maker(lambda chunks: ssescan.astream(chunks, "openai-chat"), Arriving),
        "openai's decoder": maker(lambda chunks: openai().iter_bytes(chunks)),
        "anthropic's decoder": maker(lambda chunks: anthropic().iter_bytes(chunks)),
    }


# Crowds


def resident() -> int:
    """Return the bytes that the process has in memory; 0 where the system does not say."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * mmap.PAGESIZE
    return 0


def crowd_here(kind: str, count: int) -> list[float]:
    """Return the bytes each by which the process grew, and that the allocator saw.

    For a process of its own: freed memory would be used again, and growth not be seen.
    """
    gc.collect()
    before = resident()
    kept = [SCANNERS[kind]() for _ in range(count)]
    growth = (resident() - before) / count
    kept.clear()
    return [growth, owned(SCANNERS[kind], count)]


def crowd(kind: str, count: int = CROWD) -> tuple[float, float]:
    """Run crowd_here in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.suites.memory", kind, str(count)]
    growth, seen = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    return growth, seen


# Messages


class Held(NamedTuple):
    """A message, and the memory of it and of making it; bytes."""

    message: Any
    held: int
    peak: int


def gathering(reader: str, api: Any, count: int) -> Callable[[], Any]:
    """Return a function that collects a message of `count` deltas, by ssescan or by the SDK's helper for streams."""
    chunks = payloads.ANSWERS[api](count)
    if reader == OURS:
        return lambda: ssescan.stream(chunks, api).collect()
    client = sdk_client(api, chunks)

    def run() -> Any:
        if api == "anthropic":
            opened, final = client.messages.stream(model="m", max_tokens=1, messages=[]), "get_final_message"
        else:
            opened, final = client.chat.completions.stream(model="m", messages=[]), "get_final_completion"
        with opened as stream:
            for _ in stream:
                pass
            return getattr(stream, final)()

    return run


APIS = ("openai-chat", "anthropic")
READERS = (OURS, "SDK")


def text_of(message: Any) -> str:
    """Return the text of a message, ssescan's or an SDK's."""
    if isinstance(message, ssescan.Message):
        return message.text
    content = message.content if hasattr(message, "content") else [message.choices[0].message]
    return "".join(getattr(block, "text", None) or block.content for block in content)


def gathered(reader: str, api: str, count: int) -> Held:
    """Gather a message; classes that are made once in a process, and the client, are there before."""
    # Kept: the SDK's model classes live as long as a message of them.
    before = gathering(reader, api, 20)()
    run = gathering(reader, api, count)
    gc.collect()
    tracemalloc.start()
    message = run()
    _, peak = tracemalloc.get_traced_memory()
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert text_of(before)
    return Held(message, held, peak)


# Writing, translating and relaying


class Passed(NamedTuple):
    """The text of an answer that was written or passed on, and the memory that this took; bytes."""

    text: str
    held: int
    peak: int


def gateway_makers() -> dict[str, Callable[[], Any]]:
    """Return how the writers, transcoders and relays of Chat streams are made."""
    redact = ssescan.Redact
    targets: tuple[Any, ...] = ("openai-chat", "openai-responses", "anthropic", "gemini", "ai-sdk-ui")
    return {f"Transcoder to {to}": lambda to=to: ssescan.Transcoder(to) for to in targets} | {
        "Relay": ssescan.Relay,
        "Relay, on_part": lambda: ssescan.Relay(on_part=lambda part: None),
        "Relay, model": lambda: ssescan.Relay(model="other"),
        "Relay, filter": lambda: ssescan.Relay(filter=lambda: redact("secret")),
    }


def gateway_streams() -> dict[str, Callable[[Iterator[bytes]], Any]]:
    """Return how a source is passed on."""
    return {
        "transcode": lambda source: ssescan.transcode(source, "anthropic"),
        "relay": ssescan.relay,
        "atranscode": lambda source: ssescan.atranscode(Arriving(source), "anthropic"),
        "arelay": lambda source: ssescan.arelay(Arriving(source)),
    }


def arriving(count: int) -> Iterator[bytes]:
    """Yield the chunks of a Chat stream of so many deltas, each made only then: what keeps it is seen."""
    for chunk in payloads.whole_chat(count):
        yield bytes(memoryview(chunk))


def passed(name: str, count: int) -> Passed:
    """Pass a stream of `count` deltas on by a maker above, and throw away what comes out."""
    source = arriving(count)
    first = next(source)  # the chunks are there, and what they are copied from is not counted
    chunks: Iterator[bytes] = chain([first], source)
    gc.collect()
    tracemalloc.start()
    if name in (makers := gateway_makers()):
        kept = makers[name]()
        for chunk in chunks:
            kept.feed(chunk)
        kept.close()
    else:
        kept = gateway_streams()[name](chunks)
        if hasattr(kept, "__anext__"):
            at_once(_read_out(kept))
        else:
            deque(kept, 0)
    chunks = source = iter(())
    gc.collect()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Passed(kept.message.text, held, peak)


def written(api: Any, count: int) -> Passed:
    """Write an answer of `count` deltas, and throw away the bytes."""
    text = "".join(payloads.words(count))
    gc.collect()
    tracemalloc.start()
    writer = ssescan.Writer(api)
    for word in payloads.words(count):
        writer.text(word)
    writer.finish()
    writer.close()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return Passed(text, held, peak)


async def _read_out(source: Any) -> None:
    async for _ in source:
        pass


def message_sizes(table: Table) -> None:
    for api in APIS:
        found = {reader: gathered(reader, api, DELTAS) for reader in READERS}
        text = text_of(found[OURS].message)
        if text_of(found["SDK"].message) != text:
            raise AssertionError(f"{api}: the SDK gathers something else than ssescan")
        alone = {"the text alone": float(sys.getsizeof(text))}
        what = f"{api}, a message of {DELTAS:,} deltas"
        table.sizes[f"{what}: held"] = {reader: float(of.held) for reader, of in found.items()} | alone
        table.sizes[f"{what}: at most, while it is made"] = {
            reader: float(of.peak) for reader, of in found.items()
        } | alone


def rows(table: Table, lab: Lab) -> None:
    """Add the row of an idle Scanner, and the sizes."""
    scanner_rows(table)
    table.sizes["an idle stream"] = {name: owned(make, COUNT, close_all) for name, make in stream_makers(COUNT).items()}
    for kind in SCANNERS:
        growth, seen = crowd(kind)
        table.sizes[f"{CROWD:,} idle scanners, {kind}, each"] = {"growth of the process": growth, "allocated": seen}
    message_sizes(table)


if __name__ == "__main__":
    print(json.dumps(crowd_here(sys.argv[1], int(sys.argv[2]))))
