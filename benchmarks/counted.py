"""What the guard counts, and the process in which it is counted: a workload, read once to warm up and once counted.

Run by instructions.py under valgrind. The package is whichever PYTHONPATH names; this file and those that it imports
are the head's for base and head alike, so that both do the same work.
"""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from itertools import cycle, islice

from workloads import KIB, WORDS, anthropic_messages, cut, gemini, multibyte, openai_chat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from typing import Any

    # Reads its stream to the end, and gives how many events there were.
    Round = Callable[[], int]

LEFT_OUT = 77  # exit status: a library that the workload needs is not installed
SDKS = {"openai": "openai", "anthropic": "anthropic", "google-genai": "google", "httpx": "httpx", "httpx2": "httpx2"}


def interactions_events(count: int) -> list[bytes]:
    """Text deltas of Gemini Interactions, with what begins and ends them; `event_type` comes last, as it is sent."""
    interaction = '{"id":"v1_1","status":"%s","object":"interaction","model":"gemini-small-2026"}'
    payloads = [
        ("interaction.created", f'"interaction":{interaction % "in_progress"}'),
        ("step.start", '"index":0,"step":{"type":"model_output"}'),
        *(
            ("step.delta", f'"index":0,"delta":{{"text":" {word}","type":"text"}}')
            for word in islice(cycle(WORDS), count)
        ),
        ("step.stop", '"index":0'),
        ("interaction.completed", f'"interaction":{interaction % "completed"}'),
    ]
    return [f'event: {name}\ndata: {{{rest},"event_type":"{name}"}}\n\n'.encode() for name, rest in payloads]


def feed(backend: str, chunks: list[bytes]) -> Round:
    """Read by `feed`, and take `data` of each event."""
    scanner: Any = import_module(f"ssescan.scanner._{backend}").Scanner

    def run() -> int:
        count = 0
        feed = scanner().feed
        for chunk in chunks:
            for event in feed(chunk):
                event.data  # noqa: B018 - reading it is part of what is counted
                count += 1
        return count

    return run


def iter_events(chunks: list[bytes]) -> Round:
    events_of: Any = import_module("ssescan").iter_events

    def run() -> int:
        count = 0
        for event in events_of(chunks):
            event.data  # noqa: B018 - as above
            count += 1
        return count

    return run


def parts(api: str, count: int) -> Round:
    """Read bytes to parts; those that are text are counted."""
    import sdks

    ssescan: Any = import_module("ssescan")
    kind: Any = import_module("ssescan.providers").TextDelta
    chunks = (sdks.EVENTS.get(api) or interactions_events)(count)

    def run() -> int:
        return sum(type(part) is kind for part in ssescan.stream(chunks, api))

    return run


async def arriving(chunks: list[bytes]) -> AsyncIterator[bytes]:
    """Give chunks that need not be waited for, so that no event loop is in the count."""
    for chunk in chunks:
        yield chunk


def at_once(work: Coroutine[Any, Any, int]) -> int:
    """Run what waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        count: int = end.value
        return count
    raise AssertionError("this was to wait for nothing")


def aiter_events(chunks: list[bytes]) -> Round:
    events_of: Any = import_module("ssescan").aiter_events

    async def read() -> int:
        count = 0
        async with events_of(arriving(chunks)) as stream:
            async for event in stream:
                event.data  # noqa: B018 - as above
                count += 1
        return count

    return lambda: at_once(read())


def aparts(api: str, count: int) -> Round:
    """As parts, asynchronously."""
    import sdks

    ssescan: Any = import_module("ssescan")
    kind: Any = import_module("ssescan.providers").TextDelta
    chunks = sdks.EVENTS[api](count)

    async def read() -> int:
        async with ssescan.astream(arriving(chunks), api) as stream:
            return sum([type(part) is kind async for part in stream])

    return lambda: at_once(read())


def dropin_httpx_sse(chunks: list[bytes]) -> Round:
    """Read a response of httpx from a mock transport: what httpx itself does for it is in the count."""
    import dropins

    source: Any = import_module("ssescan.dropin.httpx_sse").EventSource
    http = dropins.client("httpx", chunks)
    return lambda: len(dropins.seen(http, lambda response: source(response).iter_sse()))


def dropin_sseclient(chunks: list[bytes]) -> Round:
    client: Any = import_module("ssescan.dropin.sseclient").SSEClient

    def run() -> int:
        count = 0
        for event in client(chunks).events():
            event.data  # noqa: B018 - as above
            count += 1
        return count

    return run


def accelerated(library: str, api: str, count: int) -> Round:
    """Read the SDK's objects, the SDK accelerated; what the SDK does for the request is in the count."""
    import sdks

    ssescan: Any = import_module("ssescan")
    read = sdks.sdk(api, sdks.EVENTS[api](count))
    acceleration = ssescan.accelerate(library)  # for as long as this process lives
    if "is accelerated" not in acceleration.report[library]:
        raise AssertionError(f"{library}: {acceleration.report[library]}")
    return lambda: sum(text != "" for text in read())


class Counted:
    """A workload: how its round is made, and how many events the round must tell."""

    def __init__(self, make: Callable[[], Round], events: int) -> None:
        self.make = make
        self.events = events


# As few events as make the work on them outweigh the work on a stream twenty times: valgrind is fifty times slower.
# Anthropic's pings, one in twenty, tell no text.
WORKLOADS: dict[str, Counted] = {
    "feed, an event a chunk": Counted(lambda: feed("compiled", openai_chat(4000)), 4000),
    "feed, 64 B": Counted(lambda: feed("compiled", cut(openai_chat(2000), 64)), 2000),
    "feed, 16 KiB": Counted(lambda: feed("compiled", cut(openai_chat(4000), 16 * KIB)), 4000),
    "feed, Anthropic's events": Counted(lambda: feed("compiled", anthropic_messages(4000)), 4000),
    "feed, multibyte": Counted(lambda: feed("compiled", multibyte(4000)), 4000),
    "feed, CRLF": Counted(lambda: feed("compiled", gemini(2000)), 2000),
    "feed, pure Python, 64 B": Counted(lambda: feed("python", cut(openai_chat(500), 64)), 500),
    "feed, pure Python, Anthropic's": Counted(lambda: feed("python", anthropic_messages(1000)), 1000),
    "feed, pure Python": Counted(lambda: feed("python", openai_chat(1000)), 1000),
    "iter_events": Counted(lambda: iter_events(openai_chat(4000)), 4000),
    "aiter_events": Counted(lambda: aiter_events(openai_chat(2000)), 2000),
    "openai-chat, async": Counted(lambda: aparts("openai-chat", 1000), 1000),
    "openai-chat": Counted(lambda: parts("openai-chat", 1000), 1000),
    "openai-responses": Counted(lambda: parts("openai-responses", 1000), 1000),
    "anthropic": Counted(lambda: parts("anthropic", 1000), 950),
    "gemini": Counted(lambda: parts("gemini", 1000), 1000),
    "gemini-interactions": Counted(lambda: parts("gemini-interactions", 1000), 1000),
    "drop-in for httpx-sse": Counted(lambda: dropin_httpx_sse(openai_chat(1000)), 1000),
    "drop-in for sseclient": Counted(lambda: dropin_sseclient(openai_chat(2000)), 2000),
    "accelerate, openai": Counted(lambda: accelerated("openai", "openai-chat", 300), 300),
    "accelerate, anthropic": Counted(lambda: accelerated("anthropic", "anthropic", 300), 285),
    "accelerate, google-genai": Counted(lambda: accelerated("google-genai", "gemini", 300), 300),
}


def be_counted(name: str, folder: str, library: str) -> int:
    """Do the work of a workload with the package in `folder`, counting by the library in C; give the exit status."""
    import ctypes

    import ssescan

    if not str(ssescan.__file__).startswith(folder + os.sep):
        raise AssertionError(f"ssescan was to come from {folder}, and came from {ssescan.__file__}")
    if ssescan.backend != "compiled":
        raise AssertionError(f"the compiled scanner was to be loaded, and not the one in {ssescan.backend}")
    callgrind = ctypes.CDLL(library)
    workload = WORKLOADS[name]
    try:
        run = workload.make()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in SDKS.values():
            raise
        print(f"{error.name} is not installed: pip install 'ssescan[peers]'")
        return LEFT_OUT
    # Twice: the interpreter specialises its bytecode, and the SDKs make their types, while the stream is first read.
    warmed = [run(), run()]
    # The collector stays on, as it is for users: objects that it must track cost more, and a change that makes ours
    # such objects is to be seen. But it begins at nothing, and what the imports made is out of its sight: how much
    # that is, and when it would be looked through, depends on what was imported, not on what is counted.
    gc.collect()
    gc.freeze()
    callgrind.start_counting()
    events = run()
    callgrind.stop_counting()
    if [*warmed, events] != [workload.events] * 3:
        raise AssertionError(f"{name}: {[*warmed, events]} events were read, not {workload.events} each time")
    return 0


if __name__ == "__main__":
    sys.exit(be_counted(*sys.argv[1:]))
