"""Memory, threads and interpreters: nothing leaks, nothing crashes. Each in a process of its own where it matters."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import threading
from typing import Any

import pytest


def run(script: str, backend: str) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), backend],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr[-3000:]
    return finished.stdout


LEAKS = """
import gc, importlib, sys, tracemalloc
from ssescan import EventTooLarge
module = importlib.import_module(f"ssescan.scanner._{sys.argv[1]}")

def feed_whole(scanner=module.Scanner(comments=True, unknown=True, empty_events=True)):
    scanner.feed(b": c\\nevent: x\\nid: 1\\nretry: 1000\\ndata: a\\ndata: \\xf0\\x9f\\xab\\x96\\n\\nevent\\n\\nunknown\\n")

def leave_half_fed():
    scanner = module.Scanner(unterminated="dispatch")
    scanner.feed(b"event: x\\nid: 1\\ndata: a\\nretry: 70000\\ndata: " + b"x" * 2000)
    if half[0]:
        scanner.close()
    half[0] = not half[0]
half = [False]

def raise_too_large(scanner=module.Scanner(max_event_size=20)):
    try:
        scanner.feed(b"data: a\\n\\nid: 9\\ndata: b\\ndata: " + b"x" * 30)
    except EventTooLarge as error:
        assert len(error.events) == 1
    scanner.reset()

def skip_too_large(scanner=module.Scanner(max_event_size=20, oversize="skip")):
    scanner.feed(b"id: 9\\ndata: b\\ndata: " + b"x" * 30 + b"\\nevent: y\\n\\n")

def refuse(scanner=module.Scanner()):
    for chunk in ("x", None, memoryview(b"abcd")[::2]):
        try:
            scanner.feed(chunk)
        except TypeError:
            pass
    for wrong in ({"max_event_size": -1}, {"wrong": 1}):
        try:
            module.Scanner(**wrong)
        except (TypeError, ValueError):
            pass
    try:
        module.ServerSentEvent(1)
    except TypeError:
        pass

def make_values():
    event = module.ServerSentEvent("a", "b" * 100, "c", 100000)
    assert event == module.ServerSentEvent("a", "b" * 100, "c", 100000)
    hash(event), repr(event), event.__reduce__(), module.Comment("x"), module.UnknownLine(text="y")

class Pump(module.EventPump):
    def _open(self):
        return iter([b"data: a\\n\\ndata: b\\n\\n", b"data: " + b"c" * 600])
    def _finish(self, error, cut):
        pass

def pump():
    whole = Pump(module.Scanner(unterminated="dispatch"), True)
    assert len(list(whole)) == 3
    left = Pump(module.Scanner())
    next(left)

jobs = [feed_whole, leave_half_fed, raise_too_large, skip_too_large, refuse, make_values, pump]

def rounds(count):
    for _ in range(count):
        for job in jobs:
            job()
    gc.collect()

rounds(200)
tracemalloc.start()
rounds(200)
before = tracemalloc.get_traced_memory()[0]
rounds(100_000 // len(jobs))
after = tracemalloc.get_traced_memory()[0]
tracemalloc.stop()
# A reference lost in every round of one job would be 14,000 objects, of 50 bytes and more.
assert after - before < 20_000, f"{after - before} bytes more after 100,000 rounds"
"""


def test_memory_stays_flat_over_100_000_rounds(backend: str) -> None:
    run(LEAKS, backend)


def test_memory_of_the_process_stays_flat(backend: str) -> None:
    pytest.importorskip("resource", reason="counts the process's memory as Unix does")
    run(
        LEAKS.partition("rounds(200)")[0]
        + """
import resource
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
if sys.platform == "linux":
    rounds(3000)
    before = resident()
    rounds(12_000)
    assert resident() - before < 2**20, resident() - before
""",
        backend,
    )


def test_two_threads_on_one_scanner_lose_nothing(scanners: Any) -> None:
    scanner = scanners.Scanner()
    events: list[Any] = []
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def feed() -> None:
        for number in range(3000):
            events.extend(scanner.feed(b"event: x\ndata: %d\ndata: more\n\n" % number))

    threads = [threading.Thread(target=feed) for _ in range(2)]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert sorted(event.data for event in events) == sorted(f"{n}\nmore" for n in range(3000) for _ in range(2))


def test_threads_that_cut_reset_and_close_one_scanner_do_not_crash(backend: str) -> None:
    run(
        """
        import importlib, random, sys, threading
        from ssescan import EventTooLarge
        module = importlib.import_module(f"ssescan.scanner._{sys.argv[1]}")
        scanner = module.Scanner(max_event_size=500, comments=True, unknown=True)
        sys.setswitchinterval(1e-6)
        body = (b"id: 1\\ndata: " + b"x" * 90 + b"\\r\\n" + b": c\\r" + b"data: y\\n\\n") * 5

        def work(seed):
            chance = random.Random(seed)
            for _ in range(5000):
                try:
                    scanner.feed(body[chance.randrange(300):chance.randrange(len(body))])
                    scanner.pending, scanner.last_event_id, scanner.retry, scanner.cut
                    if chance.random() < 0.01:
                        scanner.close()
                    if chance.random() < 0.05:
                        scanner.reset()
                except EventTooLarge:
                    scanner.reset()
                except ValueError:  # closed by another thread
                    scanner.reset()

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        scanner.reset()
        assert [event.data for event in scanner.feed(b"data: a\\n\\n")] == ["a"]
        """,
        backend,
    )


NO_MEMORY = r"""
import importlib, resource, sys
module = importlib.import_module(f"ssescan.scanner._{sys.argv[1]}")

class Pump(module.EventPump):
    ended = None
    def _open(self):
        return iter([b"data: a\n\n" + large, b"data: after\n\n"])
    def _finish(self, error, cut):
        self.ended = error, cut

def without_memory(call):
    # What the text of one large event takes is more than is left.
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 20 * 2**20, -1))
    try:
        call()
    except MemoryError as error:
        return error
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
    raise AssertionError("there was memory enough")

large = b"data: " + "\U0001F600".encode() * 10_000_000 + b"\n\n"
scanner = module.Scanner(unterminated="dispatch")
without_memory(lambda: scanner.feed(large))
try:
    scanner.feed(b"data: more\n\n")
except ValueError:
    pass
else:
    raise AssertionError("what came after the gap was taken for a continuation")
assert scanner.close() == [] and scanner.cut
scanner.reset()
assert [event.data for event in scanner.feed(b"data: again\n\n")] == ["again"]

pump = Pump(module.Scanner(), False)
assert next(pump).data == "a"
error = without_memory(lambda: next(pump))
assert pump.ended == (error, False)
assert list(pump) == []
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of a process as Linux does")
def test_what_comes_after_memory_ran_out_is_not_joined_to_what_came_before(backend: str) -> None:
    run(NO_MEMORY, backend)


SUBINTERPRETER = """
import sys
code = '''
import ssescan
scanner = ssescan.Scanner()
assert [event.data for event in scanner.feed(b"data: a" + bytes([10, 10]))] == ["a"]
assert ssescan.backend in ("compiled", "python")
if ssescan.backend == "python":
    assert ssescan.scanner.backend_reason
del scanner
'''
import ssescan
held = ssescan.Scanner()
held.feed(b"data: before")
try:
    import _interpreters as interpreters  # 3.13 and newer
except ImportError:
    import _xxsubinterpreters as interpreters
for round in range(3):
    number = interpreters.create()
    try:
        failure = interpreters.run_string(number, code)  # 3.13 returns it, older versions raise
        assert failure is None, failure
    finally:
        interpreters.destroy(number)
assert [event.data for event in held.feed(b" and after\\n\\n")] == ["before and after"]
"""


def test_a_scanner_works_in_a_subinterpreter() -> None:
    run(SUBINTERPRETER, "either")


def test_an_idle_compiled_scanner_is_small(both: tuple[Any, Any]) -> None:
    scanner = both[0].Scanner()
    assert sys.getsizeof(scanner) <= 256
    scanner.feed(b"id: 1\ndata: " + b"x" * 100_000)
    assert sys.getsizeof(scanner) > 100_000
    scanner.feed(b"\n\n")
    assert sys.getsizeof(scanner) <= 256
