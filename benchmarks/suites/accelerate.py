"""`accelerate()`: the objects of the SDKs, plain and accelerated.

A library is accelerated and let go around each of its rounds, and that is not timed; nor is the work that it does once,
at its first events. The targets are about reading from memory: over HTTP, the client's time is in every figure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import process_time

import ssescan
from benchmarks.suites import payloads
from benchmarks.suites.measure import Group, Lab, Reader, Run, Target, compare
from benchmarks.suites.sdks import LIBRARIES, helper_reader, sdk_reader

COUNT = 4000  # events
FIRST = 20  # events, of the stream that is read before each round
PLAIN, ACCELERATED = "plain", "accelerated"
HELPER_FASTER_THAN_SDK = {"openai-chat": 4, "openai-responses": 4, "anthropic": 2.5}
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


def incomplete_group() -> Group:
    """Return the group of Responses without a required field, as compatible servers send them."""

    def build(lab: Lab, count: int) -> dict[str, Run]:
        def make(events: int) -> Reader:
            chunks = [re.sub(rb'"sequence_number":\d+,', b"", event) for event in payloads.openai_responses(events)]
            return sdk_reader(lab, "openai-responses", chunks)

        return plain_and_accelerated(lab, "openai", make, count)

    target = Target("accelerate(), openai: Responses without sequence_number, from memory", ACCELERATED, PLAIN, 10)
    name = "openai-responses without sequence_number, objects of the SDK, from memory"
    return Group(name, build, (PLAIN, ACCELERATED), COUNT, (target,), rounds=9, clock=process_time)


def helper_group(api: str) -> Group:
    """Return the group of the `.stream()` helper of an API."""

    def build(lab: Lab, count: int) -> dict[str, Run]:
        def make(events: int) -> Reader:
            return helper_reader(lab, api, payloads.ANSWERS[api](events))

        return plain_and_accelerated(lab, LIBRARIES[api], make, count)

    what = f"accelerate(), {LIBRARIES[api]}: the .stream() helper of {api}, from memory"
    target = Target(what, ACCELERATED, PLAIN, HELPER_FASTER_THAN_SDK[api])
    name = f"{api}, the .stream() helper of the SDK, from memory"
    return Group(name, build, (PLAIN, ACCELERATED), COUNT // 10, (target,), rounds=9, clock=process_time)


GROUPS = [
    *(sdk_group(api, http, is_async) for api in LIBRARIES for http in (False, True) for is_async in (False, True)),
    incomplete_group(),
    *map(helper_group, HELPER_FASTER_THAN_SDK),
]
