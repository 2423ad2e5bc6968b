"""Memory, threads and interpreters: no leaks and no crashes. Most tests run in a separate process."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

import ssescan


def run(script: str, backend: str) -> str:
    if sys.platform in ("emscripten", "ios", "android"):
        pytest.skip("no processes in a browser or on a phone")
    finished = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), backend],
        capture_output=True,
        text=True,
        timeout=900,  # an emulated machine is slow
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

class Events(module.EventIterator):
    def _open(self):
        return iter([b"data: a\\n\\ndata: b\\n\\n", b"data: " + b"c" * 600])
    def _finish(self, error, cut):
        pass

def reader():
    whole = Events(module.EventReader(module.Scanner(unterminated="dispatch"), True))
    assert len(list(whole)) == 3
    left = Events(module.EventReader(module.Scanner()))
    next(left)

jobs = [feed_whole, leave_half_fed, raise_too_large, skip_too_large, refuse, make_values, reader]

def rounds(count):
    for _ in range(count):
        for job in jobs:
            job()
    gc.collect()

rounds(200)
"""


def test_traced_memory_is_constant(backend: str) -> None:
    pytest.importorskip("tracemalloc", reason="needs tracemalloc to count memory")
    run(
        LEAKS
        + """
tracemalloc.start()
rounds(200)
before = tracemalloc.get_traced_memory()[0]
rounds(2000)
after = tracemalloc.get_traced_memory()[0]
tracemalloc.stop()
# One leaked reference in every round of one job is 2,000 objects of at least 50 bytes.
assert after - before < 20_000, f"{after - before} bytes more after 2,000 rounds"
""",
        backend,
    )


def test_memory_is_constant_over_100_000_calls(backend: str) -> None:
    """Without tracemalloc, which makes Python several times slower: objects everywhere, and resident memory on Linux."""
    pytest.importorskip("resource", reason="counts the memory of a Unix process")
    pytest.importorskip("tracemalloc", reason="in other interpreters compiled code counts too")
    run(
        LEAKS
        + """
import resource
def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
on_linux = sys.platform == "linux"
rounds(3000)
objects = sys.getallocatedblocks()
before = resident() if on_linux else 0
rounds(100_000 // len(jobs))
objects = sys.getallocatedblocks() - objects
# One leaked reference in every round of one job is 14,000 objects.
assert objects < 400, f"{objects} objects more"
if on_linux:
    assert resident() - before < 2**20, resident() - before
""",
        backend,
    )


@pytest.mark.skipif(sys.platform == "emscripten", reason="no threads in a browser")
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


def test_threads_that_reset_and_close_one_scanner(backend: str) -> None:
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

class Events(module.EventIterator):
    ended = None
    def _open(self):
        return iter([b"data: a\n\n" + large, b"data: after\n\n"])
    def _finish(self, error, cut):
        self.ended = error, cut

def without_memory(call):
    # The text of one large event needs more than the rest.
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 20 * 2**20, -1))
    try:
        call()
    except MemoryError as error:
        return error
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
    raise AssertionError("there was enough memory")

try:
    without_memory(lambda: bytearray(2**28))
except AssertionError:
    print("no limit")
    sys.exit()
large = b"data: " + "\U0001F600".encode() * 10_000_000 + b"\n\n"
scanner = module.Scanner(unterminated="dispatch")
without_memory(lambda: scanner.feed(large))
try:
    scanner.feed(b"data: more\n\n")
except ValueError:
    pass
else:
    raise AssertionError("the scanner continued after the gap")
assert scanner.close() == [] and scanner.cut
scanner.reset()
assert [event.data for event in scanner.feed(b"data: again\n\n")] == ["again"]

reader = Events(module.EventReader(module.Scanner(), False))
assert next(reader).data == "a"
error = without_memory(lambda: next(reader))
assert reader.ended == (error, False)
assert list(reader) == []

class Forgiving(Events):
    def _finish(self, error, cut):
        return True

reader = Forgiving(module.EventReader(module.Scanner(), False))
assert next(reader).data == "a"
try:
    without_memory(lambda: next(reader))
except StopIteration:  # _finish returned True
    pass
else:
    raise AssertionError("the result of _finish was ignored")
"""


@pytest.mark.skipif(
    sys.platform != "linux" or sys.implementation.name != "cpython",
    reason="needs the memory limit of Linux and the allocator of CPython",
)
def test_scanner_does_not_continue_after_memory_error(backend: str) -> None:
    if run(NO_MEMORY, backend).strip() == "no limit":
        pytest.skip("an emulated machine ignores the limit")


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


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="no subinterpreters")
def test_scanner_works_in_a_subinterpreter() -> None:
    run(SUBINTERPRETER, "either")


def test_idle_compiled_scanner_is_small(both: tuple[Any, Any]) -> None:
    scanner = both[0].Scanner()
    assert sys.getsizeof(scanner) <= 256
    scanner.feed(b"id: 1\ndata: " + b"x" * 100_000)
    assert sys.getsizeof(scanner) > 100_000
    scanner.feed(b"\n\n")
    assert sys.getsizeof(scanner) <= 256


@pytest.mark.skipif(sys.platform == "emscripten", reason="no threads in a browser")
def test_eight_threads_on_eight_scanners(scanners: Any) -> None:
    stream = b"id: 1\r\nevent: a\r\ndata: b\r\n\r\n: c\n\ndata: d\ndata: e\n\n" * 200
    expected = [("a", "b", "1"), ("message", "d\ne", "1")] * 200
    results: list[list[Any]] = [[] for _ in range(8)]

    def read(number: int) -> None:
        scanner = scanners.Scanner()
        size = number + 1  # each thread cuts the stream differently
        for start in range(0, len(stream), size):
            results[number] += scanner.feed(stream[start : start + size])

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    for events in results:
        assert [(event.event, event.data, event.id) for event in events] == expected


SOURCE = Path(ssescan.__file__).with_name("scanner") / "_compiled.c"


@pytest.mark.skipif(sys.version_info < (3, 13), reason="modules cannot declare that they need no GIL before 3.13")
@pytest.mark.skipif(
    not SOURCE.exists() or shutil.which("cc") is None,
    reason="no C file next to the module (installed from a wheel), or no compiler",
)
def test_free_threaded_extension_declares_no_gil(tmp_path: Path) -> None:
    # Without such an interpreter, check the preprocessed source, and that it compiles.
    free_threaded = ["-DPy_GIL_DISABLED=1", f"-I{sysconfig.get_path('include')}"]
    probe = tmp_path / "probe.c"
    probe.write_text(f'#include "{SOURCE}"\nshould_be {{Py_mod_gil, Py_MOD_GIL_NOT_USED}}\n', encoding="utf-8")
    text = subprocess.run(["cc", "-E", "-P", *free_threaded, probe], capture_output=True, text=True, check=True).stdout
    slots = re.search(r"PyModuleDef_Slot __pyx_moduledef_slots\[\] = \{(.*?)\};", text, re.DOTALL)
    should_be = re.search(r"should_be (\{.*\})", text)
    assert slots is not None
    assert should_be is not None
    assert should_be[1].replace(" ", "") in slots[1].replace(" ", "")
    subprocess.run(["cc", "-fsyntax-only", "-w", *free_threaded, SOURCE], check=True)


free_threaded_only = pytest.mark.skipif(
    not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="not a free-threaded interpreter"
)


@free_threaded_only
def test_extension_leaves_the_gil_off(backend: str) -> None:
    script = """
    import importlib, sys
    assert not sys._is_gil_enabled(), "the GIL was on before: unset PYTHON_GIL"
    importlib.import_module(f"ssescan.scanner._{sys.argv[1]}")
    print(sys._is_gil_enabled())
    """
    assert run(script, backend).strip() == "False"


@free_threaded_only
@pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="needs two processors")
def test_eight_threads_on_eight_scanners_run_in_parallel(backend: str) -> None:
    # The sum of the threads' processor time: with a GIL it cannot be more than the elapsed time.
    script = """
    import importlib, sys, threading, time
    Scanner = importlib.import_module(f"ssescan.scanner._{sys.argv[1]}").Scanner
    stream = b"id: 1\\ndata: " + b"x" * 50 + b"\\n\\n"

    def parallel():
        worked, barrier = [], threading.Barrier(8)

        def read():
            scanner, chunk = Scanner(), stream * 100
            barrier.wait()
            begin = time.thread_time()
            for _ in range(300):
                assert len(scanner.feed(chunk)) == 100
            worked.append(time.thread_time() - begin)

        threads = [threading.Thread(target=read) for _ in range(8)]
        begin = time.perf_counter()
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        return sum(worked) / (time.perf_counter() - begin)

    best = max(parallel() for _ in range(5))
    assert best > 1.3, f"only {best:.2f} threads ran at the same time"
    """
    run(script, backend)
