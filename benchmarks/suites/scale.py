"""Gateways with two workers, Messages in front of a Chat server: the recipe of docs/servers.md, and LiteLLM's proxy.

python -m benchmarks.suites.scale          prints a table

Server, gateways and clients are processes of their own on this machine. The figures are of the gateway alone: its CPU
time for each event of the Chat server, the kernel's included, the lowest of the rounds, in turn; and the growth of its
resident memory for each stream that is open. `make scale` installs LiteLLM in an environment of its own.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from importlib.metadata import version
from pathlib import Path

import httpx

from benchmarks.suites.server import ROOT, serving

WORKERS, ROUNDS = 2, 3
STARTUP = 120  # s
PACE, COUNT = 50, 100  # ms between the events of a stream, so that each is a read of its own; events
STREAMS, OPEN = 10, 50  # at a time: for the CPU time, for the memory
EVENTS_A_SECOND = 50  # of one model, for the row of streams
ASKED = {"model": "m", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "?"}]}
MODEL = "  - {{model_name: m, litellm_params: {{model: hosted_vllm/m, api_base: '{}', api_key: none}}}}\n"
TICK, PAGE_SIZE = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGESIZE")


def ssescan_gateway(folder: Path, upstream: str) -> list[str]:
    """Save the recipe; return the command that starts it."""
    recipe = re.search(r"```python\n(import asyncio\n.*?)```", (ROOT / "docs/servers.md").read_text("utf-8"), re.DOTALL)
    assert recipe is not None
    program = recipe[1].replace("https://example.com/v1/chat/completions", f"{upstream}/chat/completions")
    (folder / "gateway.py").write_text(program, "utf-8")
    return [sys.executable, "-m", "uvicorn", "gateway:app", "--no-access-log", "--workers"]


def litellm_gateway(folder: Path, upstream: str) -> list[str]:
    (folder / "config.yaml").write_text("model_list:\n" + MODEL.format(upstream), "utf-8")
    command = [str(Path(sys.executable).with_name("litellm")), "--config", "config.yaml"]
    return [*command, "--timeout_worker_healthcheck", str(STARTUP), "--num_workers"]


GATEWAYS = {"ssescan": ssescan_gateway, "litellm": litellm_gateway}


class Gateway:
    """A gateway that runs. `url`: where it answers."""

    def __init__(self, process: subprocess.Popen[bytes], url: str) -> None:
        self.url = url
        self._process = process

    def processes(self) -> list[int]:
        """Return the ids of its processes."""
        found = [self._process.pid]
        for process in found:
            found += map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())
        return found

    def cpu(self) -> float:
        """Return the CPU time that it has used, in s."""
        fields = [Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split() for process in self.processes()]
        return sum(int(field[11]) + int(field[12]) for field in fields) / TICK

    def memory(self) -> int:
        """Return its resident memory, in bytes."""
        return sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in self.processes()) * PAGE_SIZE


@contextmanager
def running(name: str, upstream: str) -> Iterator[Gateway]:
    """Start a gateway, and wait until each worker has answered."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}
    with tempfile.TemporaryDirectory() as folder:
        command = [*GATEWAYS[name](Path(folder), upstream), str(WORKERS), "--host", "127.0.0.1", "--port", str(port)]
        with (Path(folder) / "log").open("wb") as log, subprocess.Popen(
            command, cwd=folder, env=os.environ | quiet, stdout=log, stderr=subprocess.STDOUT
        ) as process:  # fmt: skip
            gateway = Gateway(process, f"http://127.0.0.1:{port}/v1/messages")
            try:
                wait_for(Path(folder) / "log", process)
                yield gateway
            finally:
                process.terminate()


def wait_for(log: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until each worker says that it has started."""
    limit = time.monotonic() + STARTUP
    while log.read_bytes().count(b"Application startup complete") < WORKERS:
        if process.poll() is not None or time.monotonic() > limit:
            raise RuntimeError(f"the gateway did not start:\n{log.read_text()[-3000:]}")
        time.sleep(0.2)


async def read(client: httpx.AsyncClient, url: str, first: asyncio.Semaphore) -> None:
    """Read one stream to its end. `first`: released after the first text."""
    received = b""
    try:
        async with client.stream("POST", url, json=ASKED) as response:
            async for chunk in response.aiter_raw():
                if b"text_delta" in chunk and b"text_delta" not in received:
                    first.release()
                received += chunk
    finally:
        if b"text_delta" not in received:  # it failed: nobody may wait for it
            first.release()
    if b"message_stop" not in received or received.count(b'"text_delta"') < COUNT - 10:
        raise RuntimeError(f"not the whole answer: {received[-500:]!r}")


@asynccontextmanager
async def reading(url: str, streams: int) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Open streams; yield their tasks once each has its first text, and end them."""
    limits, first = httpx.Limits(max_connections=None), asyncio.Semaphore(0)
    async with httpx.AsyncClient(limits=limits, timeout=STARTUP) as client:
        tasks = [asyncio.create_task(read(client, url, first)) for _ in range(streams)]
        for _ in tasks:
            await first.acquire()
        failed = [task for task in tasks if task.done()]
        await asyncio.gather(*failed)  # raises what they raised
        yield tasks
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def cpu_of_event(gateway: Gateway, streams: int) -> float:
    """Return the us of CPU time for each event, over whole streams."""
    begin = gateway.cpu()
    async with reading(gateway.url, streams) as tasks:
        await asyncio.gather(*tasks)
    return (gateway.cpu() - begin) / streams / COUNT * 1e6


async def memory_of_stream(gateway: Gateway) -> float:
    """Return the bytes by which a gateway grows for each open stream."""
    before = gateway.memory()
    async with reading(gateway.url, OPEN):
        return (gateway.memory() - before) / OPEN


def measure() -> dict[str, tuple[float, float]]:
    """Return, for each gateway, the us for each event, and the bytes for each open stream."""
    with serving() as url, ExitStack() as stack:
        upstream = url("openai-chat", COUNT, PACE)
        gateways = {name: stack.enter_context(running(name, upstream)) for name in GATEWAYS}
        for gateway in gateways.values():  # what a first request loads is not measured
            asyncio.run(cpu_of_event(gateway, 2 * WORKERS))
        memory = {name: asyncio.run(memory_of_stream(gateway)) for name, gateway in gateways.items()}
        cpu = dict.fromkeys(gateways, float("inf"))
        for _ in range(ROUNDS):
            for name, gateway in gateways.items():
                cpu[name] = min(cpu[name], asyncio.run(cpu_of_event(gateway, STREAMS)))
    return {name: (cpu[name], memory[name]) for name in gateways}


def table(found: dict[str, tuple[float, float]]) -> str:
    """Return the figures as a table of the page."""
    cpu, memory = zip(*found.values(), strict=True)
    each = 1e6 / EVENTS_A_SECOND  # us of a core for each second of a stream
    rows = {
        f"{WORKERS} workers": ["ssescan", f"LiteLLM's proxy {version('litellm')}"],
        "---": ["---"] * len(found),
        "CPU time for an event": [f"{us:,.0f} us" for us in cpu],
        f"streams for each core, of {EVENTS_A_SECOND} events a second": [f"{each / us:,.0f}" for us in cpu],
        f"memory for an open stream, with {OPEN} open": [f"{size / 1024:,.0f} KiB" for size in memory],
    }
    return "\n".join(f"| {' | '.join([what, *cells])} |" for what, cells in rows.items())


if __name__ == "__main__":
    print(table(measure()))
