"""The transports under an accelerated SDK: httpcore2, plain and accelerated, and aiohttp (`DefaultAioHttpClient`).

The SDK is accelerated in every reader, so the ratios show the transport. The server is another process; the CPU time of
the whole process counts. Where each event is a read of its own, waking up and reading is most of the work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from time import process_time
from typing import Any

import ssescan
from benchmarks.suites.measure import Group, Lab, Reader, Run, Target, compare
from benchmarks.suites.sdks import LIBRARIES, TEXT_OF, objects_of, sdk_reader
from benchmarks.suites.server import TOGETHER

FIRST = 20  # events, of the stream that is read before each round
MODEL_PACE = 0.3  # ms
SYNC, ASYNC = "httpcore2", "httpcore2, async"
SYNC_FASTER, ASYNC_FASTER = "httpcore2 accelerated", "httpcore2 accelerated, async"
AIOHTTP = "aiohttp"
READERS = (SYNC, SYNC_FASTER, ASYNC, ASYNC_FASTER, AIOHTTP)
FASTER = 1.6  # times, wanted


@contextmanager
def accelerated(*names: str) -> Iterator[None]:
    """Accelerate libraries within the block. AssertionError where one was not read by ssescan."""
    with ssescan.accelerate(*names) as acceleration:
        before = acceleration.events
        yield
        if unread := [name for name in names if acceleration.events[name] == before[name]]:
            raise AssertionError(f"{unread} not read by ssescan: {acceleration.report}")


def aiohttp_reader(lab: Lab, api: str, url: str) -> Reader:
    """Return the SDK over aiohttp as a reader of its objects. Raises ImportError without aiohttp."""
    import_module("aiohttp")
    name = "Anthropic" if api == "anthropic" else "OpenAI"
    sdk: Any = import_module(name.lower())

    def make() -> Any:
        http = sdk.DefaultAioHttpClient()
        return getattr(sdk, f"Async{name}")(api_key="none", base_url=url, http_client=http, max_retries=0)

    return Reader(objects_of(api, lab.closing(lab.call(make))), TEXT_OF[api])


def build(api: str, pace: float | str, lab: Lab, count: int) -> dict[str, Run]:
    def reader(name: str, events: int) -> Reader:
        url = lab.url(api, events, pace)
        return aiohttp_reader(lab, api, url) if name == AIOHTTP else sdk_reader(lab, api, url, "async" in name)

    readers = {}
    for name in READERS:
        few = reader(name, FIRST)
        names = (LIBRARIES[api], "httpcore") if "accelerated" in name else (LIBRARIES[api],)
        readers[name] = reader(name, count)._replace(
            warm_up=partial(few.drain, lab), around=partial(accelerated, *names)
        )
    return compare(lab, readers)


def group(api: str, pace: float | str) -> Group:
    many = pace == TOGETHER
    targets: tuple[Target, ...] = ()
    if many and api == "openai-chat":
        targets = (
            Target("accelerate('httpcore'), OpenAI SDK over HTTP", SYNC_FASTER, SYNC, FASTER),
            Target("accelerate('httpcore'), OpenAI SDK over HTTP, async", ASYNC_FASTER, ASYNC, FASTER),
        )
    return Group(
        f"{api}, transports, {'many events a read' if many else 'an event a read'}",
        partial(build, api, pace),
        READERS,
        2000 if many else 500,
        targets,
        rounds=9 if many else 5,
        clock=process_time,
    )


GROUPS = [group(api, pace) for api in ("openai-chat", "anthropic") for pace in (TOGETHER, MODEL_PACE)]
