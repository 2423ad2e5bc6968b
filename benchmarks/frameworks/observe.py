"""Read streams under a tool that observes an SDK, with and without acceleration, in an environment that has both.

python -m benchmarks.frameworks.observe TOOL ORDER STREAM URL STREAM URL

reads the streams of the URLs in each way, in the rounds of ORDER, and prints for each round what the program saw and
what the tool did. The standard library, the tool and the SDKs are enough: the environment has nothing else.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import ssescan
from benchmarks.frameworks.answer import wait_for
from benchmarks.frameworks.tools import TOOLS, Spans

# Whether acceleration is on, in each round. In the second order it is on before the tool is.
ROUNDS = {"tool first": (False, False, True, False), "acceleration first": (True, False, False, True)}
STOP = 3  # chunks, after which a program leaves the loop
MESSAGES = [{"role": "user", "content": "Hello!"}]
OPTIONS: dict[str, Any] = {"api_key": "none", "max_retries": 0}


def clients(api: str, url: str) -> tuple[Any, Any]:
    """Return the SDK's two clients for an API."""
    if api == "anthropic":
        import anthropic

        return anthropic.Anthropic(base_url=url, **OPTIONS), anthropic.AsyncAnthropic(base_url=url, **OPTIONS)
    import openai

    return openai.OpenAI(base_url=url, **OPTIONS), openai.AsyncOpenAI(base_url=url, **OPTIONS)


def request(client: Any, api: str, is_helper: bool) -> Any:
    """Start a stream, by `create(stream=True)` or by the helper."""
    if api == "anthropic":
        place, options = client.messages, {"model": "claude-sonnet-5", "max_tokens": 1000, "messages": MESSAGES}
    elif api == "openai-responses":
        place, options = client.responses, {"model": "gpt-5.1", "input": "Hello!"}
    else:
        usage = {"include_usage": True}
        place, options = client.chat.completions, {"model": "gpt-5.1", "messages": MESSAGES, "stream_options": usage}
    return place.stream(**options) if is_helper else place.create(stream=True, **options)


def read(client: Any, api: str, is_helper: bool, stop: int) -> list[str]:
    """Read a stream: to its end, or as many chunks as that. Return the chunks, and the error."""
    seen: list[str] = []
    try:
        stream = request(client, api, is_helper)
        with stream if is_helper or stop else nullcontext(stream) as chunks:
            for chunk in chunks:
                seen.append(repr(chunk))
                if len(seen) == stop:
                    break
    except Exception as error:  # noqa: BLE001 - any error is compared
        seen.append(repr(error))
    return seen


async def aread(client: Any, api: str, is_helper: bool, stop: int) -> list[str]:
    seen: list[str] = []
    try:
        stream = request(client, api, is_helper)
        stream = stream if is_helper else await stream
        async with stream if is_helper or stop else nullcontext(stream) as chunks:
            async for chunk in chunks:
                seen.append(repr(chunk))
                if len(seen) == stop:
                    break
    except Exception as error:  # noqa: BLE001
        seen.append(repr(error))
    return seen


def reads(streams: dict[str, tuple[Any, Any]]) -> Iterator[tuple[str, list[str]]]:
    """Read each stream in each way; yield the name of the way, and what the program saw."""
    for stream, (client, async_client) in streams.items():
        api = next(api for api in ("openai-chat", "openai-responses", "anthropic") if stream.startswith(api))
        for is_helper in (False, True):
            for stop in (0, STOP) if stream == api else (0,):
                name = f"{stream}, {'stream()' if is_helper else 'create()'}, {'left early' if stop else 'to the end'}"
                yield name, read(client, api, is_helper, stop)
                yield f"{name}, async", wait_for(aread(async_client, api, is_helper, stop))


def collected(done: Spans) -> list[Any]:
    """Return the spans, also those of a stream that was left: a tool may end them when the stream is collected."""
    gc.collect()
    wait_for(asyncio.sleep(0))  # the event loop closes what was collected
    gc.collect()
    return done()


def main() -> None:
    tool, order, *rest = sys.argv[1:]
    rounds = ROUNDS[order]
    acceleration = ssescan.accelerate() if rounds[0] else None
    done = TOOLS[tool]()
    streams = {
        stream: clients(stream.removesuffix("-calls").removesuffix("-error"), url)
        for stream, url in zip(rest[::2], rest[1::2], strict=True)
    }
    gc.freeze()  # what is collected later is ours
    seen = []
    for is_on in rounds:
        acceleration = acceleration or (ssescan.accelerate() if is_on else None)
        found = [{"name": name, "chunks": chunks, "spans": collected(done)} for name, chunks in reads(streams)]
        counts = {name: of.read for name, of in acceleration.streams.items()} if acceleration else {}
        seen.append({"is_on": is_on, "reads": found, "accelerated": sum(counts.values())})
        if acceleration and not all(rounds[len(seen) :][:1]):
            acceleration.undo()
            acceleration = None
    print(json.dumps(seen, default=repr))


if __name__ == "__main__":
    main()
