"""The memory row of the speed table, and what streams, messages and a hundred thousand idle scanners take beside peers.

python benchmarks/memory.py        exit status 1 where the row is not reached, or could not be measured

Bytes are those that tracemalloc saw allocated while the thing was made, and that stay allocated while it lives: what it
shares with others and what it was given (the source, the chunks) is not in them. For a crowd it is also told by how
much the process grew, which is what a server is billed for: the allocator's own share is in that, and each crowd is
in a process of its own. Wants the extra `peers`.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tracemalloc
from codecs import getincrementaldecoder
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import sdks
import table as tables
import workloads
from peers import OURS, PURE, PythonStream
from table import in_bytes

import ssescan
from ssescan.scanner import _python

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator

    from table import Table

    # Gives the objects that belong together, in a tuple that is not kept.
    Make = Callable[[], tuple[Any, ...]]
    # Takes the chunks; gives what reads all of them and gives the message.
    Accumulator = Callable[[list[bytes]], Callable[[], Any]]

IDLE_LIMIT = 256  # bytes
COUNT = 1000  # things of a kind, of which the mean is taken
BEFORE = 50  # events that what is idle has taken before
CROWD = 100_000
CROWD_BEFORE = 5  # the same, where they are many
DELTAS = 40_000
KEPT = 4000  # objects that are kept one by one

CHAT = workloads.openai_chat(BEFORE)
NAMED = workloads.anthropic_messages(BEFORE)


def owned(make: Make, count: int = COUNT, close: Callable[[list[Any]], None] = list.clear) -> float:
    """Give the bytes that are allocated for each of `count` things, and stay allocated while it lives."""
    first = [*make()]
    width = len(first)
    close(first)
    kept: list[Any] = [None] * (count * width)
    gc.collect()  # empties the free lists too: what came from them would not be seen
    tracemalloc.start()
    for start in range(0, count * width, width):
        kept[start : start + width] = make()
    gc.collect()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    close(kept)
    return size / count


# Decoders


class Decoder(NamedTuple):
    """How the objects are made that a decoder consists of, and how they take a chunk."""

    make: Make
    feed: Callable[..., None]


def scanner_decoder(scanner: type[Any]) -> Decoder:
    def feed(scanner: Any, chunk: bytes) -> None:
        scanner.feed(chunk)

    return Decoder(lambda: (scanner(),), feed)


def httpx_sse_decoder() -> Decoder:
    """Make its decoders of lines and events, and that of text, which httpx has for each response."""
    decoders: Any = import_module("httpx_sse._decoders")
    new_text = getincrementaldecoder("utf-8")

    def feed(text: Any, lines: Any, events: Any, chunk: bytes) -> None:
        for line in lines.decode(text.decode(chunk)):
            events.decode(line)

    return Decoder(lambda: (new_text("replace"), decoders.SSELineDecoder(), decoders.SSEDecoder()), feed)


def httpx2_decoder() -> Decoder:
    """Make the parser beneath its EventSource, and the decoder of text."""
    sse: Any = import_module("httpx2._sse")
    new_text = getincrementaldecoder("utf-8")

    def feed(text: Any, parser: Any, chunk: bytes) -> None:
        for _ in parser.decode(text.decode(chunk)):
            pass

    return Decoder(lambda: (new_text("replace"), sse._SSEParser(64 * workloads.MIB)), feed)


def sdk_decoder(library: str) -> Decoder:
    """Make the SDK's decoder of events; what it keeps of an unfinished event is its generator's, and not in this."""
    streaming: Any = import_module(f"{library}._streaming")

    def feed(decoder: Any, chunk: bytes) -> None:
        for line in chunk.decode().splitlines():
            decoder.decode(line)

    return Decoder(lambda: (streaming.SSEDecoder(),), feed)


DECODERS: dict[str, Callable[[], Decoder]] = {
    OURS: lambda: scanner_decoder(ssescan.Scanner),
    PURE: lambda: scanner_decoder(_python.Scanner),
    "httpx-sse": httpx_sse_decoder,
    "httpx2": httpx2_decoder,
    "openai": lambda: sdk_decoder("openai"),
    "anthropic": lambda: sdk_decoder("anthropic"),
}


def used(decoder: Decoder, chunks: list[bytes]) -> Make:
    """Have what is made take the chunks before it is idle."""

    def make() -> tuple[Any, ...]:
        made = decoder.make()
        for chunk in chunks:
            decoder.feed(*made, chunk)
        return made

    return make


def idle_size(table: Table) -> None:
    """Tell what an idle Scanner takes, by its own account and by the allocator's, which is all that it alone owns."""
    scanner = scanner_decoder(ssescan.Scanner)
    by_itself, new, after = sys.getsizeof(ssescan.Scanner()), owned(scanner.make), owned(used(scanner, CHAT))
    after_names = owned(used(scanner, NAMED))
    size = max(by_itself, new, after, after_names)
    what = "an idle compiled Scanner, and what it alone owns"
    table.row(what, f"{IDLE_LIMIT} bytes", f"{size:.0f} bytes", size <= IDLE_LIMIT)
    table.note(
        f"a Scanner, bytes: by sys.getsizeof {by_itself}; by tracemalloc new {new:.0f}, after chat {after:.0f}, "
        f"after events with names {after_names:.0f} (the last name is kept, and shared with other scanners)"
    )


def decoder_sizes(table: Table) -> None:
    new: dict[str, float] = {}
    after: dict[str, float] = {}
    for name, load in DECODERS.items():
        try:
            decoder = load()
        except ImportError as error:
            table.note(f"{name} is left out of the memory of decoders: {error}")
            continue
        new[name] = owned(decoder.make)
        after[name] = owned(used(decoder, CHAT))
    table.keep_sizes("an idle decoder, new", new)
    table.keep_sizes(f"an idle decoder, after {BEFORE} events", after)


# Streams


class Arriving:
    """Chunks that need not be waited for."""

    def __init__(self, chunks: list[bytes]) -> None:
        self.left = iter(chunks)

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        for chunk in self.left:
            return chunk
        raise StopAsyncIteration


def begun(stream: Any) -> tuple[Any]:
    next(stream)
    return (stream,)


def at_once(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run what waits for nothing. Not by an event loop: what that keeps of its tasks would be seen too."""
    with suppress(StopIteration):
        coroutine.send(None)
        raise AssertionError("this was to wait for nothing")


def abegun(stream: Any) -> tuple[Any]:
    at_once(stream.__anext__())
    return (stream,)


def aclosed(kept: list[Any]) -> None:
    for stream in kept:
        if hasattr(stream, "aclose"):
            at_once(stream.aclose())


def stream_makers(count: int) -> dict[str, Make]:
    """Give how streams are made, new and after their first event; the sources are made beforehand."""

    def sources(make: Callable[[list[bytes]], Any] = iter) -> Iterator[Any]:
        return iter([make(CHAT) for _ in range(count + 1)])

    new, first, python, anew, afirst = sources(), sources(), sources(), sources(Arriving), sources(Arriving)
    parts, first_part, aparts, first_apart = sources(), sources(), sources(Arriving), sources(Arriving)
    return {
        "iter_events, not begun": lambda: (ssescan.iter_events(next(new)),),
        "iter_events": lambda: begun(ssescan.iter_events(next(first))),
        "iter_events, python": lambda: begun(PythonStream(next(python))),
        "aiter_events, not begun": lambda: (ssescan.aiter_events(next(anew)),),
        "aiter_events": lambda: abegun(ssescan.aiter_events(next(afirst))),
        "stream, not begun": lambda: (ssescan.stream(next(parts), "openai-chat"),),
        "stream": lambda: begun(ssescan.stream(next(first_part), "openai-chat")),
        "astream, not begun": lambda: (ssescan.astream(next(aparts), "openai-chat"),),
        "astream": lambda: abegun(ssescan.astream(next(first_apart), "openai-chat")),
    }


def peer_stream_makers(table: Table, count: int) -> dict[str, Make]:
    """Give how the peers' own iterators over chunks are made, and begun: their state is in generators."""
    made: dict[str, Make] = {}
    for library in ("openai", "anthropic"):
        try:
            streaming: Any = import_module(f"{library}._streaming")
        except ImportError as error:
            table.note(f"{library} is left out of the memory of streams: {error}")
            continue
        sources = iter([iter(CHAT) for _ in range(count + 1)])
        made[library] = lambda s=streaming, left=sources: begun(s.SSEDecoder().iter_bytes(next(left)))  # type: ignore[misc]
    return made


def stream_sizes(table: Table, count: int = COUNT) -> None:
    sizes = {name: owned(make, count, aclosed) for name, make in stream_makers(count).items()}
    table.keep_sizes("an idle stream", sizes)
    theirs = {name: owned(make, count) for name, make in peer_stream_makers(table, count).items()}
    if theirs:
        table.keep_sizes("an idle stream of a peer's decoder", theirs)


# Crowds


def resident() -> int | None:
    """Give the bytes that the process has in memory; None where the system does not say."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return None


def crowd_here(kind: str, chunks: list[bytes], count: int) -> tuple[float, float | None]:
    """Give the bytes each that the allocator saw, and by how many the process grew, None where that is not known.

    To be called in a process of its own: what was freed before would be used again, and growth not be seen.
    """
    make = used(DECODERS[kind](), chunks)
    width = len(make())
    kept: list[Any] = [None] * (count * width)
    gc.collect()
    before = resident()
    for start in range(0, count * width, width):
        kept[start : start + width] = make()
    after = resident()
    kept.clear()
    growth = None if before is None or after is None else (after - before) / count
    return owned(make, count), growth


def crowd(kind: str, events: int, count: int = CROWD) -> tuple[float, float | None]:
    """As crowd_here, in a process of its own; `events`: how many each took before."""
    command = [sys.executable, __file__, "crowd", kind, str(events), str(count)]
    seen, growth = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return seen, growth


def crowd_sizes(table: Table) -> None:
    seen: dict[str, float] = {}
    grown: dict[str, float] = {}
    for kind in (OURS, PURE, "httpx-sse"):
        try:
            DECODERS[kind]()
        except ImportError:
            continue  # told of already
        for events in (0, CROWD_BEFORE):
            who = f"{kind}, after {events} events" if events else f"{kind}, new"
            seen[who], growth = crowd(kind, events)
            if growth is not None:
                grown[who] = growth
    table.keep_sizes(f"{CROWD:,} idle decoders, each", seen)
    if grown:
        table.keep_sizes(f"{CROWD:,} idle decoders, growth of the process for each", grown)
        table.note(f"{CROWD:,} idle compiled scanners take {in_bytes(CROWD * grown[f'{OURS}, new'])} of the process")


# Messages


class Held(NamedTuple):
    """What there is of a message, and of making it; bytes."""

    message: Any
    held: int
    peak: int


def ours(api: Any) -> Accumulator:
    return lambda chunks: lambda: ssescan.stream(chunks, api).collect()


def openai_accumulator(chunks: list[bytes]) -> Callable[[], Any]:
    """Have the SDK gather the completion, as its helper for streams does."""
    client = sdks._made("openai-chat", chunks)

    def run() -> Any:
        with client.chat.completions.stream(model="m", messages=[]) as stream:
            for _ in stream:
                pass
            return stream.get_final_completion()

    return run


def anthropic_accumulator(chunks: list[bytes]) -> Callable[[], Any]:
    client = sdks._made("anthropic", chunks)

    def run() -> Any:
        with client.messages.stream(model="m", max_tokens=1, messages=[]) as stream:
            for _ in stream:
                pass
            return stream.get_final_message()

    return run


SDK_ACCUMULATORS: dict[str, Accumulator] = {"openai-chat": openai_accumulator, "anthropic": anthropic_accumulator}


def text_of(message: Any) -> str:
    """Give the text of a message, ours or an SDK's."""
    if isinstance(message, ssescan.Message):
        return message.text
    content = message.content if hasattr(message, "content") else [message.choices[0].message]
    return "".join(getattr(block, "text", None) or block.content for block in content)


def accumulated(accumulator: Accumulator, api: str, count: int) -> Held:
    """Gather a message of `count` deltas; what is made once in a process, and the client, is there before."""
    # Kept: the SDK's model classes live as long as a message that is of them.
    before = accumulator(sdks.EVENTS[api](20))()
    run = accumulator(sdks.EVENTS[api](count))
    gc.collect()
    tracemalloc.start()
    message = run()
    _, peak = tracemalloc.get_traced_memory()
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert text_of(before)
    return Held(message, held, peak)


def message_sizes(table: Table, count: int = DELTAS) -> None:
    for api, theirs in SDK_ACCUMULATORS.items():
        found = {OURS: accumulated(ours(api), api, count)}
        try:
            found["SDK"] = accumulated(theirs, api, count)
        except ImportError as error:
            table.note(f"{api}: the SDK is left out of the memory of a message: {error}")
        text = text_of(found[OURS].message)
        for who, of in found.items():
            if text_of(of.message) != text:
                raise AssertionError(f"{api}: {who} gathers something else than ssescan")
        alone: dict[str, float] = {"the text alone": sys.getsizeof(text)}
        held: dict[str, float] = {who: of.held for who, of in found.items()}
        peaks: dict[str, float] = {who: of.peak for who, of in found.items()}
        what = f"{api}, a message of {count:,} deltas"
        table.keep_sizes(f"{what}: held", held | alone)
        table.keep_sizes(f"{what}: at most, while it is made", peaks | alone)
        table.keep_sizes(f"{what}: at most, a delta", peaks | alone, count)


def short_message_size(table: Table) -> None:
    chunks = sdks.chat_events(BEFORE)
    text = ssescan.stream(chunks, "openai-chat").collect().text
    size = owned(lambda: (ssescan.stream(chunks, "openai-chat").collect(),))
    table.keep_sizes(f"a Message of {BEFORE} deltas", {OURS: size, "the text alone": sys.getsizeof(text)})


def kept_sizes(table: Table) -> None:
    """Tell what each thing takes that a stream gives, where a program keeps all of them."""
    chunks = sdks.chat_events(KEPT)
    sizes = {
        "ServerSentEvent": owned(lambda: (list(ssescan.iter_events(chunks)),), 1) / KEPT,
        "part": owned(lambda: (list(ssescan.stream(chunks, "openai-chat")),), 1) / KEPT,
    }
    try:
        client = sdks._made("openai-chat", chunks)
        create = client.chat.completions.create
        sizes["SDK's object"] = owned(lambda: (list(create(model="m", messages=[], stream=True)),), 1) / KEPT
    except ImportError as error:
        table.note(f"openai-chat: the SDK is left out of the memory of what is kept: {error}")
    table.keep_sizes("openai-chat, kept one by one, each", sizes)


def rows(table: Table) -> None:
    idle_size(table)
    decoder_sizes(table)
    stream_sizes(table)
    crowd_sizes(table)
    short_message_size(table)
    kept_sizes(table)
    message_sizes(table)


if __name__ == "__main__":
    if sys.argv[1:2] == ["crowd"]:
        who, taken, size = sys.argv[2:]
        print(json.dumps(crowd_here(who, workloads.openai_chat(int(taken)), int(size))))
    else:
        sys.exit(tables.main(rows, str(__doc__)))
