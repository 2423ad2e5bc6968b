"""Read the streams of one framework with and without acceleration, in an environment that has it.

python -m benchmarks.frameworks.measure PROGRAM API ROUNDS COUNT URL COUNT URL

reads the streams of the two URLs, which have COUNT pieces of text, in turns without and with acceleration, and prints
`Found` as JSON. The CPU time of a chunk is the slope between the two, so that what a request costs is not in it. The
standard library and the framework are enough: the environment has nothing else.
"""

from __future__ import annotations

import gc
import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from importlib import import_module
from time import process_time
from typing import Any

import ssescan
from benchmarks.frameworks.answer import Answer, Read


def timed(read: Read) -> tuple[float, Answer]:
    """Return the CPU time of this process for a stream, seconds, and what was read."""
    gc.collect()
    start = process_time()
    answer = read()
    return process_time() - start, answer


def measured(reads: dict[int, Read], rounds: int) -> dict[str, Any]:
    """Read each stream, by its number of pieces, in each way; return the CPU times of a piece, and what differed."""
    times: dict[tuple[bool, int], float] = {}
    answers: dict[tuple[bool, int], list[Answer]] = {}
    streams: dict[str, dict[str, Any]] = {}
    left_alone: list[str] = []
    few, many = reads
    for _ in range(rounds):
        for is_on in (False, True):
            with ssescan.accelerate() if is_on else nullcontext() as acceleration:
                reads[few]()  # acceleration checks the models of an SDK at its first stream
                for count, read in reads.items():
                    seconds, answer = timed(read)
                    times[is_on, count] = min(seconds, times.get((is_on, count), seconds))
                    answers.setdefault((is_on, count), []).append(answer)
            if acceleration:
                report, found = acceleration.report, acceleration.streams
                streams = {name: {"report": report[name], **asdict(found[name])} for name in found if found[name].read}
                left_alone = [line for line in report.values() if "left alone" in line]
    off, on = ((times[is_on, many] - times[is_on, few]) / (many - few) for is_on in (False, True))
    expected = {count: asdict(answers[False, count][0]) for count in reads}
    different = [
        [count, is_on, expected[count], asdict(answer)]
        for (is_on, count), found_answers in answers.items()
        for answer in found_answers
        if asdict(answer) != expected[count]
    ]
    return {
        "off": off,
        "on": on,
        "streams": streams,
        "left_alone": left_alone,
        "read": 1 + len(reads),
        "answer": expected[few],
        "different": different,
    }


def main() -> None:
    program, api, rounds, *rest = sys.argv[1:]
    make = import_module(f"benchmarks.frameworks.programs.{program}").READERS[api]
    reads: dict[int, Read] = {}
    for count, url in zip(rest[::2], rest[1::2], strict=True):
        reads[int(count)] = read = make(url)
        read()  # a framework may make its client only now
    print(json.dumps(measured(reads, int(rounds)), default=repr))


if __name__ == "__main__":
    main()
