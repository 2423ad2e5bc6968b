"""Each allocation of the scanner fails in turn: no crash, no leak, nothing lost without an error; reset() works."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("fail_allocations.py")

# The operation, and how many of its allocations fail at least, on every version of CPython.
OPERATIONS = {
    "Construct": 20,
    "ConstructReader": 20,
    "Values": 50,
    "Refusals": 50,
    "Feed": 30,
    "FeedRest": 30,
    "FeedBytearray": 30,
    "FeedPartOfMark": 30,
    "FeedTooLarge": 10,
    "FeedSkipped": 5,
    "Close": 8,
    "CloseDropping": 2,
    "CloseInMark": 4,
    "CloseInMarkDropping": 2,
    "Reset": 0,
    "Iterate": 60,
    "IterateCold": 60,
    "Read": 60,
    "ReadCold": 60,
    "ReadPayloads": 40,
    "JoinEvents": 10,
}

needs_testcapi = pytest.mark.skipif(
    sys.implementation.name != "cpython" or importlib.util.find_spec("_testcapi") is None,
    reason="CPython's _testcapi makes allocations fail (Debian, Ubuntu: apt-get install libpython3-testsuite)",
)


def fail_all(backend: str, operation: str) -> int:
    command = [sys.executable, str(SCRIPT), backend, operation]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    failed = re.fullmatch(r"(\d+) allocations failed\n", done.stdout)
    assert failed is not None, done.stdout
    return int(failed[1])


@needs_testcapi
@pytest.mark.parametrize("operation", OPERATIONS)
def test_each_allocation_fails_in_turn(both: object, operation: str) -> None:
    if operation == "Refusals" and sys.version_info >= (3, 12):
        pytest.skip(
            "CPython 3.12 and 3.13 release the code of a function once too often, if there is no memory for its frame"
        )
    assert fail_all("compiled", operation) >= OPERATIONS[operation]
