"""The workloads that the guard counts, and the process in which one is counted: two rounds to warm up, one counted.

`instructions.py` runs this module under valgrind. The package is the one on PYTHONPATH; this module and its imports are
the head's for base and head alike, so both do the same work. It uses public names only: the base may be older than any
private one.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

from benchmarks.suites.payloads import ANSWERS, KIB, anthropic_messages, cut, gemini, multibyte, openai_chat

# Reads its stream to the end, and returns how many events there were.
Round = Callable[[], int]


def feed(chunks: list[bytes]) -> Round:
    """Read by `feed`, and read `data` of each event."""
    scanner: Any = import_module("ssescan").Scanner

    def run() -> int:
        count = 0
        feed = scanner().feed
        for chunk in chunks:
            for event in feed(chunk):
                event.data  # noqa: B018 - reading it is part of the work
                count += 1
        return count

    return run


def events(opened: Callable[[], Iterable[Any]]) -> Round:
    """Read the events of a stream, and `data` of each."""

    def run() -> int:
        count = 0
        for event in opened():
            event.data  # noqa: B018 - reading it is part of the work
            count += 1
        return count

    return run


def iter_events(chunks: list[bytes]) -> Round:
    return events(partial(import_module("ssescan").iter_events, chunks))


def sseclient(chunks: list[bytes]) -> Round:
    client: Any = import_module("ssescan.dropin.sseclient").SSEClient
    return events(lambda: client(chunks).events())


def httpx_sse(chunks: list[bytes]) -> Round:
    """Read a response of httpx from a mock transport: the work of httpx is in the count."""
    from benchmarks.suites import dropins, sdks

    client, events_of = sdks.mock_client("httpx", chunks), dropins.events_by(dropins.DROPIN)
    return events(lambda: events_of(dropins.request(client)))


async def arriving(chunks: list[bytes]) -> AsyncIterator[bytes]:
    """Yield chunks without waiting, so that no event loop is in the count."""
    for chunk in chunks:
        yield chunk


def at_once(read: Callable[[], Coroutine[Any, Any, int]]) -> Round:
    """Run a coroutine that never waits."""

    def run() -> int:
        try:
            read().send(None)
        except StopIteration as end:
            return int(end.value)
        raise AssertionError("the coroutine waits")

    return run


def aiter_events(chunks: list[bytes]) -> Round:
    events_of: Any = import_module("ssescan").aiter_events

    async def read() -> int:
        count = 0
        async with events_of(arriving(chunks)) as stream:
            async for event in stream:
                event.data  # noqa: B018 - reading it is part of the work
                count += 1
        return count

    return at_once(read)


def parts(api: str, count: int, is_async: bool = False) -> Round:
    """Read bytes to parts, and count those that are text."""
    ssescan: Any = import_module("ssescan")
    kind: Any = import_module("ssescan.providers").TextDelta
    chunks = ANSWERS[api](count)

    async def aread() -> int:
        async with ssescan.astream(arriving(chunks), api) as stream:
            return sum([type(part) is kind async for part in stream])

    return at_once(aread) if is_async else lambda: sum(type(part) is kind for part in ssescan.stream(chunks, api))


def accelerated(library: str, api: str, count: int) -> Round:
    """Read the SDK's objects, the SDK accelerated; the SDK's work for the request is in the count."""
    from benchmarks.suites import sdks

    objects = sdks.objects_of(api, sdks.sdk_client(api, ANSWERS[api](count)))
    acceleration = import_module("ssescan").accelerate(library)  # for as long as this process lives
    if "is accelerated" not in acceleration.report[library]:
        raise AssertionError(f"{library}: {acceleration.report[library]}")
    return lambda: sum(bool(sdks.TEXT_OF[api](one)) for one in objects())


class Workload(NamedTuple):
    """A workload: the maker of its round, the number of events that the round must count, and the backend."""

    make: Callable[[], Round]
    events: int
    backend: str = "compiled"


# As few events as make the work on them outweigh the work on a stream twenty times: valgrind is fifty times slower.
# Anthropic's pings, one in twenty, have no text.
WORKLOADS: dict[str, Workload] = {
    "feed, an event a chunk": Workload(lambda: feed(openai_chat(4000)), 4000),
    "feed, 64 B": Workload(lambda: feed(cut(openai_chat(2000), 64)), 2000),
    "feed, 16 KiB": Workload(lambda: feed(cut(openai_chat(4000), 16 * KIB)), 4000),
    "feed, Anthropic's events": Workload(lambda: feed(anthropic_messages(4000)), 4000),
    "feed, multibyte": Workload(lambda: feed(multibyte(4000)), 4000),
    "feed, CRLF": Workload(lambda: feed(gemini(2000)), 2000),
    "feed, pure Python, 64 B": Workload(lambda: feed(cut(openai_chat(500), 64)), 500, "python"),
    "feed, pure Python, Anthropic's": Workload(lambda: feed(anthropic_messages(1000)), 1000, "python"),
    "feed, pure Python": Workload(lambda: feed(openai_chat(1000)), 1000, "python"),
    "iter_events": Workload(lambda: iter_events(openai_chat(4000)), 4000),
    "aiter_events": Workload(lambda: aiter_events(openai_chat(2000)), 2000),
    "openai-chat, async": Workload(lambda: parts("openai-chat", 1000, is_async=True), 1000),
    "openai-chat": Workload(lambda: parts("openai-chat", 1000), 1000),
    "openai-responses": Workload(lambda: parts("openai-responses", 1000), 1000),
    "anthropic": Workload(lambda: parts("anthropic", 1000), 950),
    "gemini": Workload(lambda: parts("gemini", 1000), 1000),
    "gemini-interactions": Workload(lambda: parts("gemini-interactions", 1000), 1000),
    "drop-in for httpx-sse": Workload(lambda: httpx_sse(openai_chat(1000)), 1000),
    "drop-in for sseclient": Workload(lambda: sseclient(openai_chat(2000)), 2000),
    "accelerate, openai": Workload(lambda: accelerated("openai", "openai-chat", 300), 300),
    "accelerate, anthropic": Workload(lambda: accelerated("anthropic", "anthropic", 300), 285),
    "accelerate, google-genai": Workload(lambda: accelerated("google-genai", "gemini", 300), 300),
}


def be_counted(name: str, folder: str, library: str) -> None:
    """Do the work of a workload with the package in `folder`, counting by the library in C."""
    import ctypes

    workload = WORKLOADS[name]
    os.environ["SSESCAN_BACKEND"] = workload.backend
    ssescan: Any = import_module("ssescan")
    if not str(ssescan.__file__).startswith(folder + os.sep):
        raise AssertionError(f"ssescan must come from {folder}, and came from {ssescan.__file__}")
    callgrind = ctypes.CDLL(library)
    run = workload.make()
    # Twice: the interpreter specialises its bytecode, and the SDKs make their types, during the first rounds.
    warmed = [run(), run()]
    # The collector stays on, as it is for users: objects that it must track cost more, and a change that makes ours
    # such objects must be seen. But it begins at nothing, without the objects of the imports: their number, and when it
    # would look through them, depend on the imports and not on the workload.
    gc.collect()
    gc.freeze()
    # The gaps that the imports left in the memory are filled: what the C library does with memory that is freed beside
    # a gap made 4 % of a count.
    filled = [bytes(size) for size in range(512, 8192, 16) for _ in range(32)]
    callgrind.start_counting()
    events = run()
    callgrind.stop_counting()
    del filled
    if [*warmed, events] != [workload.events] * 3:
        raise AssertionError(f"{name}: {[*warmed, events]} events were read, not {workload.events} each time")


if __name__ == "__main__":
    be_counted(*sys.argv[1:])
