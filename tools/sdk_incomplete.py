"""Measure how many times as fast accelerate() builds events of Responses that lack one or two of their fields.

python tools/sdk_incomplete.py          make sdk-incomplete ARGS='--only ResponseCreatedEvent'

For each event of the installed OpenAI SDK, the tool makes one with all fields, optional and required, and copies:
without each one and each two of its fields, and without each field of an object in it (`response.created` without the
`output` of its response). Each is read from memory many times by the plain SDK, and then by the accelerated one; the
objects must be equal, their `model_fields_set` included. The time of an event is that of a long stream less that of a
stream of one event, which is the time of the request; the least of several counts, and both times of a low ratio are
taken again. Printed are the median of the ratios, and the lowest ones. Exit status 1 if objects differ or a ratio is
below --least.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import openai.types.responses

import ssescan

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from accelerate.incomplete import complete, models_of  # noqa: E402 - the tests are not installed
from accelerate.sdks import snapshot  # noqa: E402

from benchmarks.suites.measure import Lab  # noqa: E402
from benchmarks.suites.sdks import sdk_reader  # noqa: E402

API = "openai-responses"
STREAM_TIME = 0.015  # seconds, of a long stream
FEWEST_EVENTS = 20
MORE_EVENTS = 10  # times as many in a stream that the accelerated SDK reads
ROUNDS = 3
ATTEMPTS = 6
LOW = 1.1  # times the least ratio
SHOWN = 12


def incomplete(event: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield copies of an event, and the names of their missing fields. The type stays: it says what the event is."""
    fields = [field for field in event if field != "type"]
    for missing in (*itertools.combinations(fields, 1), *itertools.combinations(fields, 2)):
        yield ", ".join(missing), {field: value for field, value in event.items() if field not in missing}
    for field in fields:
        inner = event[field]
        if isinstance(inner, dict):
            for missing_one in inner:
                yield f"{field}.{missing_one}", {**event, field: {k: v for k, v in inner.items() if k != missing_one}}


class Streams:
    """Streams of equal events, which one client of the SDK reads from memory."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._chunks: list[bytes] = []
        self._reader = sdk_reader(lab, API, self._chunks)

    def objects(self, chunk: bytes) -> list[Any]:
        """Return snapshots of the objects of a stream of one event."""
        self._chunks[:] = [chunk]
        return [snapshot(one) for one in self._reader.open()]

    def stream_time(self, chunk: bytes, count: int) -> float:
        """Return the CPU time for a stream of events, seconds."""
        self._chunks[:] = [chunk] * count
        start = process_time()
        self._reader.drain(self._lab)
        return process_time() - start

    def event_time(self, chunk: bytes, count: int) -> float:
        """Return the CPU time for an event of a stream of so many events, seconds."""
        request = min(self.stream_time(chunk, 1) for _ in range(ROUNDS))
        return (min(self.stream_time(chunk, count) for _ in range(ROUNDS)) - request) / (count - 1)


def ratios_of(model: Any, streams: Streams, least: float) -> list[tuple[float, str]]:
    """Return the ratio for each incomplete event of a model. Raises AssertionError if the objects differ."""
    chunks = {
        f"{model.__name__} without {missing}": f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
        for missing, event in incomplete(complete(model))
    }
    counts = {
        name: max(FEWEST_EVENTS, int(FEWEST_EVENTS * STREAM_TIME / streams.stream_time(chunk, FEWEST_EVENTS)))
        for name, chunk in chunks.items()
    }
    objects = {name: streams.objects(chunk) for name, chunk in chunks.items()}
    plain = dict.fromkeys(chunks, float("inf"))
    accelerated = plain.copy()
    measured = list(chunks)
    for _ in range(ATTEMPTS):
        for name in measured:
            plain[name] = min(plain[name], streams.event_time(chunks[name], counts[name]))
        with ssescan.accelerate("openai"):
            for name in measured:
                if streams.objects(chunks[name]) != objects[name]:
                    raise AssertionError(f"{name}: the objects differ")
                accelerated[name] = min(accelerated[name], streams.event_time(chunks[name], counts[name] * MORE_EVENTS))
        measured = [name for name in chunks if plain[name] < LOW * least * accelerated[name]]
    return [(plain[name] / accelerated[name], name) for name in chunks]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="TEXT", help="the events whose class has this in its name")
    parser.add_argument("--least", type=float, default=10, metavar="RATIO", help="default: 10")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    ratios: list[tuple[float, str]] = []
    with Lab() as lab:
        streams = Streams(lab)
        for model in models_of(openai.types.responses.ResponseStreamEvent):
            if options.only in model.__name__:
                of_model = ratios_of(model, streams, options.least)
                print(f"{min(of_model)[0]:6.1f} at least, {model.__name__}", flush=True)
                ratios += of_model
    ratios.sort()
    print(f"\n{len(ratios)} incomplete events, all of them equal; times as fast:")
    print(f"{statistics.median(ratio for ratio, _ in ratios):6.1f} is the median")
    for ratio, name in ratios[:SHOWN]:
        print(f"{ratio:6.1f} {name}")
    return 0 if ratios[0][0] >= options.least else 1


if __name__ == "__main__":
    sys.exit(main())
