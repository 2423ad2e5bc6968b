"""The providers' rows of the speed table: bytes to parts, beside the SDKs and beside bare JSON decoding.

python benchmarks/providers.py        exit status 1 where a row is not reached, or could not be measured

As scanner.py: all who are compared take turns in one process, and the least CPU time of each counts. That they read the
same text is asserted before they are timed; what is timed does nothing with the objects or parts that come. Wants the
extra `peers`.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import sdks
import table as tables
from table import race

if TYPE_CHECKING:
    from table import Runs, Table

COUNT = 4000  # events
ROUNDS = 7  # the SDKs take a third of a second each

FASTER_THAN_SDK = {"openai-chat": 60, "anthropic": 15, "gemini": 80}
WITHIN_BARE = {"openai-chat": 3, "openai-responses": 3, "anthropic": 5, "gemini": 3}
# Ten times the events may cost so much more for each: what varies from run to run, and not what grows. Where it is
# more, it is measured again, twice at most: interference passes, and growth does not.
SAME_PER_EVENT = 1.25
ATTEMPTS = 3

PARTS, SDK, BARE = "ssescan", "SDK", "bare msgspec"


def runs_for(api: str, table: Table) -> Runs:
    """Give what is timed, once all have shown that they read the same text."""
    chunks = sdks.EVENTS[api](COUNT)
    text = sdks.parts_reader(api)(chunks)
    runs: Runs = {
        PARTS: lambda: sdks.drain_parts(chunks, api),
        BARE: sdks.bare_decoding(sdks.payloads(chunks)),
    }
    try:
        read = sdks.sdk(api, chunks)
    except ImportError as error:
        table.note(f"{api}: the SDK is left out: {error}")
        return runs
    if "".join(read()) != text:
        raise AssertionError(f"{api}: the SDK reads something else than ssescan")
    objects = sdks.sdk_objects(api, chunks)
    runs[SDK] = lambda: sdks.drain_sdk(objects)
    return runs


def same_per_event(table: Table, api: str) -> None:
    """Add a row of what an event costs in a stream of ten times as many."""
    few, many = sdks.EVENTS[api](COUNT), sdks.EVENTS[api](10 * COUNT)
    runs: Runs = {
        "few": lambda: sdks.drain_parts(few, api),
        "many": lambda: sdks.drain_parts(many, api),
    }
    for _ in range(ATTEMPTS):
        times = race(runs, ROUNDS)
        ratio = times["many"] / 10 / times["few"]
        if ratio <= SAME_PER_EVENT:
            break
    what = f"{api}: an event of {10 * COUNT:,}, against one of {COUNT:,}"
    table.row(what, f"within {SAME_PER_EVENT:g}x", f"{ratio:.2f}x", ratio <= SAME_PER_EVENT)


def rows(table: Table) -> None:
    for api in sdks.EVENTS:
        times = race(runs_for(api, table), ROUNDS)
        if api in FASTER_THAN_SDK:
            table.faster(f"{api}: bytes to parts, against the SDK", times, PARTS, SDK, FASTER_THAN_SDK[api])
        table.within(f"{api}: bytes to parts, against bare msgspec", times, PARTS, BARE, WITHIN_BARE[api])
        same_per_event(table, api)
        table.keep(f"{api}, bytes to parts", times, COUNT)


if __name__ == "__main__":
    sys.exit(tables.main(rows, str(__doc__)))
