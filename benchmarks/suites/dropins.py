"""The drop-ins, beside the libraries whose names they have, on the same responses.

The responses are httpx's and httpx2's own, from a mock transport, an event of 258 bytes a chunk: the time that the HTTP
library spends on them is in every figure.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from benchmarks.suites import payloads
from benchmarks.suites.measure import Group, Lab, Reader, Run, Target, compare
from benchmarks.suites.sdks import mock_client
from ssescan.dropin import httpx_sse

COUNT = 4000  # events
DROPIN, HTTPX_SSE, HTTPX2 = "drop-in", "httpx-sse", "httpx2's EventSource"


def request(client: Any) -> Any:
    """Send a request; return its response, not read yet (async: awaitable)."""
    return client.send(client.build_request("GET", "http://mock/"), stream=True)


def reader(lab: Lab, library: str, chunks: list[bytes], name: str, is_async: bool) -> Reader:
    """Return a reader of a response's events. The end of a response closes it."""
    client, events = lab.closing(mock_client(library, chunks, is_async)), events_by(name, is_async)

    async def opened() -> Any:
        return events(await request(client))

    return Reader(opened if is_async else lambda: events(request(client)), reads_data=True)


def events_by(name: str, is_async: bool = False) -> Callable[[Any], Any]:
    """Return the function that reads the events of a response."""
    if name == HTTPX2:
        source: Any = import_module("httpx2").EventSource
        return (lambda response: aiter(source(response))) if is_async else source
    module: Any = httpx_sse if name == DROPIN else import_module("httpx_sse")
    method = "aiter_sse" if is_async else "iter_sse"
    return lambda response: getattr(module.EventSource(response), method)()


def response_group(library: str, is_async: bool) -> Group:
    names = (DROPIN, HTTPX_SSE, HTTPX2) if library == "httpx2" else (DROPIN, HTTPX_SSE)

    def build(lab: Lab, count: int) -> dict[str, Run]:
        chunks = payloads.openai_chat(count)
        return compare(lab, {name: reader(lab, library, chunks, name, is_async) for name in names})

    targets = {
        "httpx": Target("drop-in, against httpx-sse, on a response of httpx", DROPIN, HTTPX_SSE, 4),
        "httpx2": Target("drop-in, against httpx2's EventSource, on its response", DROPIN, HTTPX2, 6),
    }
    if is_async:
        return Group(f"a mock response of {library}, async", build, names, COUNT)
    return Group(f"a mock response of {library}", build, names, COUNT, (targets[library],))


GROUPS = [response_group(library, is_async) for is_async in (False, True) for library in ("httpx", "httpx2")]
