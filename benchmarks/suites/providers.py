"""Bytes to parts, beside the SDKs' own objects and beside bare JSON decoding, from memory.

The work differs: the SDK's iteration builds the SDK's objects, and does not notice a cut; `stream` builds parts,
gathers the message, and notices a cut; msgspec decodes the payload, cut out for it before, and does nothing else.
"""

from __future__ import annotations

from typing import Any

import msgspec

import ssescan
from benchmarks.suites import payloads
from benchmarks.suites.measure import Group, Lab, Reader, Run, Target, compare
from benchmarks.suites.sdks import sdk_reader
from ssescan.providers import TextDelta

PARTS, SDK, BARE = "ssescan", "SDK", "bare msgspec"
FEW, MANY = "ten short streams", "a stream ten times as long"
COUNT = 4000  # events

FASTER_THAN_SDK = {"openai-chat": 60, "anthropic": 15, "gemini": 80}
WITHIN_BARE = {"openai-chat": 3, "openai-responses": 3, "anthropic": 5, "gemini": 3}
# An event of a stream ten times as long may cost so much more: it varies from run to run, and must not grow.
SAME_PER_EVENT = 1.25


def text_of(part: object) -> str | None:
    return part.text if type(part) is TextDelta else None


def parts_reader(chunks: list[bytes], api: Any) -> Reader:
    """Return ssescan as a reader of parts. It leaves out nothing."""
    return Reader(lambda: ssescan.stream(chunks, api), text_of)


def bare_decoding(json: list[bytes]) -> None:
    """Decode each payload to dicts and lists, and drop it."""
    decode = msgspec.json.Decoder().decode
    for payload in json:
        decode(payload)


def parts_group(api: str) -> Group:
    def build(lab: Lab, count: int) -> dict[str, Run]:
        chunks = payloads.ANSWERS[api](count)
        runs = compare(lab, {PARTS: parts_reader(chunks, api), SDK: sdk_reader(lab, api, chunks)})
        json = payloads.json_of(chunks)
        return runs | {BARE: Run(lambda: bare_decoding(json))}

    targets = [Target(f"{api}: bytes to parts, against bare msgspec", PARTS, BARE, WITHIN_BARE[api], faster=False)]
    if api in FASTER_THAN_SDK:
        targets.insert(0, Target(f"{api}: bytes to parts, against the SDK", PARTS, SDK, FASTER_THAN_SDK[api]))
    return Group(f"{api}, bytes to parts", build, (PARTS, SDK, BARE), COUNT, tuple(targets), rounds=7)


def growth_group(api: str) -> Group:
    def build(lab: Lab, count: int) -> dict[str, Run]:
        few, many = (compare(lab, {"": parts_reader(payloads.ANSWERS[api](n), api)})[""] for n in (count // 10, count))
        return {FEW: Run(lambda: [few.call() for _ in range(10)]), MANY: many}

    what = f"{api}: an event of {10 * COUNT:,}, against one of {COUNT:,}"
    target = Target(what, MANY, FEW, SAME_PER_EVENT, faster=False)
    # Interference passes, and growth does not: measured up to three times.
    return Group(f"{api}, {MANY}", build, (FEW, MANY), 10 * COUNT, (target,), rounds=7, attempts=3)


GROUPS = [make(api) for api in WITHIN_BARE for make in (parts_group, growth_group)]
