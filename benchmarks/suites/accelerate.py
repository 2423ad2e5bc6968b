"""`accelerate()`: the objects of the SDKs, plain and accelerated.

A library is accelerated and let go around each of its rounds, and that is not timed; nor is the work that it does once,
at its first events. The targets are about reading from memory: over HTTP, the client's time is in every figure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import process_time

import ssescan
from benchmarks.suites import payloads
from benchmarks.suites.measure import Group, Lab, Reader, Run, Target, compare
from benchmarks.suites.sdks import LIBRARIES, sdk_reader

COUNT = 4000  # events
FIRST = 20  # events, of the stream that is read before each round
PLAIN, ACCELERATED = "plain", "accelerated"
FASTER_THAN_SDK = {"openai-chat": 10, "anthropic": 2.5, "gemini": 4}


@contextmanager
def accelerated(library: str) -> Iterator[None]:
    """Accelerate a library within the block. AssertionError where ssescan read nothing."""
    with ssescan.accelerate(library) as acceleration:
        if "is accelerated" not in acceleration.report[library]:
            raise AssertionError(f"{library}: {acceleration.report[library]}")
        before = acceleration.events[library]
        yield
        if acceleration.events[library] == before:
            raise AssertionError(f"{library} was not read by ssescan")


def plain_and_accelerated(lab: Lab, library: str, make: Callable[[int], Reader], count: int) -> dict[str, Run]:
    """Return the runs to time; `make` returns the reader of a stream with a given number of events."""
    few = make(FIRST)
    plain = make(count)._replace(warm_up=lambda: few.drain(lab))
    return compare(lab, {PLAIN: plain, ACCELERATED: plain._replace(around=partial(accelerated, library))})


def sdk_group(api: str, over_http: bool, is_async: bool) -> Group:
    def build(lab: Lab, count: int) -> dict[str, Run]:
        def make(events: int) -> Reader:
            source = lab.url(api, events) if over_http else payloads.ANSWERS[api](events)
            return sdk_reader(lab, api, source, is_async)

        return plain_and_accelerated(lab, LIBRARIES[api], make, count)

    way = ("over HTTP" if over_http else "from memory") + (", async" if is_async else "")
    targets: tuple[Target, ...] = ()
    if api in FASTER_THAN_SDK and way == "from memory":
        what = f"accelerate(), {LIBRARIES[api]}: objects of the SDK, from memory"
        targets = (Target(what, ACCELERATED, PLAIN, FASTER_THAN_SDK[api]),)
    return Group(
        f"{api}, objects of the SDK, {way}", build, (PLAIN, ACCELERATED), COUNT, targets, rounds=9, clock=process_time
    )


GROUPS = [sdk_group(api, http, is_async) for api in LIBRARIES for http in (False, True) for is_async in (False, True)]
