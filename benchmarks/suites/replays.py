"""Measures the replay server: many replays at once, and the times of one.

python -m benchmarks.suites.replays [COUNT]     2,000 by default; exit status 1 if a stream was damaged or a chunk moved

Many: the server runs in a process of its own, and COUNT clients read a tape at speed 1, all of them open at the same
time. Each body is compared by its hash. Linux shows the memory of the server, before and at its peak.

Times: a stream of the loopback is recorded, replayed at speed 1, and recorded again: the same chunks, how far apart.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from ssescan.testing import Tape, replay_server

DEFAULT_COUNT = 2_000
CHUNKS, CHUNK_SIZE, APART = 40, 300, 0.25  # of the tape of many: number, bytes, seconds
CONNECTING = 5.0  # seconds until the second chunk: all connect meanwhile
TIMED = [0.0, 0.01, 0.02, 0.05, 0.0, 0.1, 0.003, 0.2, 0.001, 0.03] * 5  # seconds before each chunk
REQUEST = b"GET / HTTP/1.1\r\nHost: replay\r\nConnection: close\r\n\r\n"


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT_COUNT
    with tempfile.TemporaryDirectory() as folder:
        return max(many(count, Path(folder)), times(Path(folder)))


def many(count: int, folder: Path) -> int:
    """Read one tape many times at once; return the exit status."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    pieces = [f"data: {number:03} {'x' * CHUNK_SIZE}\n\n".encode() for number in range(CHUNKS)]
    path = folder / "many.tape"
    with Tape.record(pieces, path) as recording:
        list(recording)
    # The recorded times are replaced: recording them would take as long as replaying.
    path.write_bytes(spread(path.read_bytes()))
    expected = hashlib.sha256(b"".join(pieces)).hexdigest()
    with serving(path) as (url, process):
        before = memory(process.pid)
        began = time.perf_counter()
        hashes, together = asyncio.run(read_all(url, count))
        seconds = time.perf_counter() - began
        peak = memory(process.pid, "VmHWM")
    right = sum(found == expected for found in hashes)
    print(f"{count:,} replays, {together:,} open at the same time: {right:,} whole by their hash, in {seconds:.1f} s")
    if before is not None and peak is not None:
        print(f"server: {before / 1024:.1f} MiB before, {peak / 1024:.1f} MiB at most")
        print(f"for each stream: {(peak - before) / count:.1f} KiB")
    return int(right != count or together != count)


def spread(tape: bytes) -> bytes:
    """Return the bytes of a tape with its reads at the times of CHUNKS."""
    numbers = iter(range(CHUNKS + 1))

    def at(_: re.Match[bytes]) -> bytes:
        number = next(numbers)
        return b'{"ns":%d,' % (0 if number == 0 else int((CONNECTING + number * APART) * 1e9))

    return re.sub(rb'^\{"ns":\d+,', at, tape, flags=re.MULTILINE)


async def read_all(url: str, count: int) -> tuple[list[str], int]:
    """Return the hash of each body, and how many streams were open when the last of them had begun."""
    parts = urlsplit(url)
    begun = asyncio.Semaphore(0)
    is_open = [False] * count
    gate = asyncio.Semaphore(200)  # connections that are made at the same time

    async def read(number: int) -> str:
        async with gate:
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
            writer.write(REQUEST)
            await reader.readuntil(b"\r\n\r\n")
        is_open[number] = True
        begun.release()
        found = hashlib.sha256()
        while size := int(await reader.readline(), 16):
            found.update(await reader.readexactly(size))
            await reader.readexactly(2)
        is_open[number] = False
        writer.close()
        return found.hexdigest()

    async def count_open() -> int:
        for _ in range(count):
            await begun.acquire()
        return sum(is_open)

    reading = [asyncio.create_task(read(number)) for number in range(count)]
    together = await count_open()
    return await asyncio.gather(*reading), together


@contextmanager
def serving(tape: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run `ssescan replay` at speed 1 in a process; yield its URL and the process."""
    command = [sys.executable, "-m", "ssescan", "replay", str(tape), "--port", "0", "--speed", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().decode().strip()
            httpx.get(url, headers={"x-ssescan-replay": "speed=0"}, trust_env=False)  # everything is imported then
            yield url, process
        finally:
            process.kill()


def memory(pid: int, field: str = "VmRSS") -> int | None:
    """Return the memory of a process, KiB; None on systems that do not show it."""
    status = Path(f"/proc/{pid}/status")
    if not status.exists():
        return None
    found = re.search(rf"^{field}:\s+(\d+) kB", status.read_text(), re.MULTILINE)
    return None if found is None else int(found[1])


def times(folder: Path) -> int:
    """Record a replay of a recording; return the exit status."""
    first, second = folder / "first.tape", folder / "second.tape"
    total, chunks = 0.0, []
    for number, pause in enumerate(TIMED):
        total += pause
        chunks.append((int(total * 1e9), f"data: {number} {'y' * (number * 37 % 900)}\n\n".encode()))
    with replay_server(Tape(chunks), speed=1) as server:
        record(server.url, first)
    with serving(first) as (url, _):
        record(url, second)
    before, after = Tape.open(first), Tape.open(second)
    same = [chunk.data for chunk in before.chunks] == [chunk.data for chunk in after.chunks]
    apart = sorted(
        abs((a.time_ns or 0) - (b.time_ns or 0)) / 1e6 for a, b in zip(before.chunks, after.chunks, strict=False)
    )
    middle, most = apart[len(apart) // 2], apart[-1]
    print(f"{len(after.chunks)} chunks again at speed 1: {'the same' if same else 'NOT the same'}, "
          f"{middle:.2f} ms apart in the middle, {most:.2f} ms at most")  # fmt: skip
    return int(not same)


def record(url: str, path: Path) -> None:
    with httpx.Client(trust_env=False, timeout=60) as client:
        list(client.get(url, headers={"x-ssescan-replay": "speed=0"}).iter_bytes())  # the connection is made
        request = client.build_request("GET", url)
        asked_ns = time.perf_counter_ns()
        response = client.send(request, stream=True)
        with closing(response):
            list(Tape.record(response, path, asked_ns=asked_ns))


if __name__ == "__main__":
    sys.exit(main())
