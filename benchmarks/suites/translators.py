"""Translators of Chat streams into Anthropic's events, on recorded streams: how many come out faulty, and at what cost.

python -m benchmarks.suites.translators ../shared/corpus

Reads every recorded stream of OpenAI Chat Completions that is complete, translates it with each translator that is
installed, and reads the output with the official SDK of Anthropic. A translation is faulty if the translator or the SDK
raises, if the output has no `message_stop`, or if the message has another text, other calls, or another stop reason
than the stream. `make translators` installs the rivals in an environment of their own. Costs are minima of CPU time, in
one run, in turn.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

import ssescan
from benchmarks.suites.payloads import whole_chat

Translate = Callable[[list[bytes]], bytes]
ROUNDS = 3
LONG = 4000  # events: in such a stream, what is done once for a stream does not count
STOP_REASONS = {
    "stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal",
    "refusal": "refusal", "pause": "pause_turn", "other": "end_turn",
}  # fmt: skip


class Recorded(NamedTuple):
    """A stream: its name, its events, and the message that it is."""

    name: str
    events: list[bytes]
    message: ssescan.Message


def payloads(events: list[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the JSON of each event, as a program that uses a rival has to get it: with a JSON parser in C."""
    import msgspec

    for event in ssescan.iter_events(events):
        if event.data != "[DONE]":
            yield msgspec.json.decode(event.data)


def framed(event: dict[str, Any]) -> bytes:
    """Return an event of Anthropic as bytes."""
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def ours(events: list[bytes]) -> bytes:
    transcoder = ssescan.Transcoder("anthropic")
    return b"".join([transcoder.feed(event) for event in events]) + transcoder.close()


def llm_rosetta() -> Translate:
    from llm_rosetta import AnthropicConverter, OpenAIChatConverter

    def translate(events: list[bytes]) -> bytes:
        source, target = OpenAIChatConverter(), AnthropicConverter()
        source_state, target_state = source.create_stream_context(), target.create_stream_context()
        made = []
        for payload in payloads(events):
            for event in source.stream_response_from_provider(payload, source_state):
                out = target.stream_response_to_provider(event, target_state)
                made += [framed(one) for one in (out if isinstance(out, list) else [out]) if one]
        return b"".join(made)

    return translate


def litellm() -> Translate:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it would ask the network for prices
    from litellm.llms.anthropic.messages.adapters.streaming_iterator import AnthropicStreamWrapper
    from litellm.types.utils import ModelResponseStream

    def translate(events: list[bytes]) -> bytes:
        chunks = iter([ModelResponseStream(**payload) for payload in payloads(events)])
        return b"".join(AnthropicStreamWrapper(completion_stream=chunks, model="a-model").anthropic_sse_wrapper())

    return translate


def any_llm() -> Translate:
    from any_llm.types.completion import ChatCompletionChunk
    from any_llm.utils import messages_compat as compat

    def translate(events: list[bytes]) -> bytes:
        state, made = compat.StreamingState(), []
        for payload in payloads(events):
            made += compat.chat_completion_chunk_to_message_stream_events(ChatCompletionChunk(**payload), state)
        made += compat.close_open_blocks(state)
        frames = [framed(event.model_dump(mode="json", exclude_none=True)) for event in made]
        delta = {"stop_reason": state.stop_reason or "end_turn", "stop_sequence": None}
        end = {"type": "message_delta", "delta": delta, "usage": {"output_tokens": state.output_tokens}}
        return b"".join([*frames, framed(end), framed({"type": "message_stop"})])

    return translate


def agent_wire_proxy() -> Translate:
    from agent_wire_proxy.stream_converters import AnthropicStreamConverter

    def translate(events: list[bytes]) -> bytes:
        converter, made = AnthropicStreamConverter(requested_model="a-model"), []
        for payload in payloads(events):
            made += converter.consume(payload)
        return b"".join([*made, *converter.finish()])

    return translate


RIVALS: dict[str, Callable[[], Translate]] = {
    "llm-rosetta": llm_rosetta, "litellm": litellm, "any-llm-sdk": any_llm, "agent-wire-proxy": agent_wire_proxy,
}  # fmt: skip


def recorded(folder: Path) -> list[Recorded]:
    """Return the complete streams of Chat Completions in a folder."""
    found = []
    for file in sorted(folder.glob("**/*.sse")):
        body = file.read_bytes()
        try:
            message = ssescan.stream(body, strict=False).collect()
        except ssescan.UnknownFormat:
            continue
        if message.api == "openai-chat" and message.complete:
            end = b"\r\n\r\n" if b"\r\n\r\n" in body else b"\n\n"
            found.append(Recorded(file.name, [part + end for part in body.split(end) if part], message))
    return found


def fault(output: bytes, message: ssescan.Message) -> str:
    """Return the fault of a translation, as the official SDK reads it; "" if it has none."""
    from anthropic import Anthropic, DefaultHttpxClient

    base: Any = DefaultHttpxClient.__base__
    httpx = import_module(base.__module__.partition(".")[0])  # httpx2, for newer versions
    headers = {"content-type": "text/event-stream"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, content=output))
    client = Anthropic(api_key="none", http_client=httpx.Client(transport=transport), max_retries=0)
    if b"message_stop" not in output:
        return "no message_stop"
    try:
        with client.messages.stream(model="m", max_tokens=1, messages=[{"role": "user", "content": "?"}]) as stream:
            final = stream.get_final_message()
    except Exception as error:  # noqa: BLE001 - whatever it is, the SDK cannot read the output
        return f"the SDK raises {type(error).__name__}"
    text = "".join(block.text for block in final.content if block.type == "text")
    if text != message.text + message.refusal:
        return "another text"
    uses = [block for block in final.content if block.type == "tool_use"]
    calls = [*zip(uses, message.tool_calls, strict=False)]
    if len(uses) != len(message.tool_calls) or any(use.name != call.name for use, call in calls):
        return "other calls"
    if any(use.input != json.loads(call.arguments) for use, call in calls if not (call.invalid or call.cut)):
        return "other arguments"
    wanted = STOP_REASONS[message.finish_reason or "stop"]
    return "" if final.stop_reason in (wanted, "stop_sequence") else f"stop reason {final.stop_reason}, not {wanted}"


def main() -> None:
    """Print the table."""
    streams = recorded(Path(sys.argv[1]))
    translators: dict[str, Translate] = {"ssescan": ours}
    for name, make in RIVALS.items():
        try:
            translators[name] = make()
        except ImportError as error:
            print(f"without {name}: {error}", file=sys.stderr)
    long = whole_chat(LONG)
    best = dict.fromkeys(translators, float("inf"))
    best_of_long = best.copy()
    faults: dict[str, dict[str, str]] = {name: {} for name in translators}
    for number in range(ROUNDS):
        for name, translate in translators.items():
            taken = 0.0
            for one in streams:
                begin = time.process_time()
                try:
                    output = translate(one.events)
                except Exception as error:  # noqa: BLE001 - a fault of the translator
                    output, faults[name][one.name] = b"", f"{name} raises {type(error).__name__}"
                taken += time.process_time() - begin
                if not number and one.name not in faults[name] and (found := fault(output, one.message)):
                    faults[name][one.name] = found
            best[name] = min(best[name], taken)
            begin = time.process_time()
            translate(long)
            best_of_long[name] = min(best_of_long[name], time.process_time() - begin)
    events = sum(len(one.events) for one in streams)
    columns = ("translator", "faulty", f"of {len(streams)}", "us per event", f"of {LONG:,} events")
    table = Table(*columns, title="Chat into Anthropic's events")
    for name in translators:
        of = max(set(faults[name].values()), key=[*faults[name].values()].count) if faults[name] else ""
        costs = best[name] / events, best_of_long[name] / len(long)
        table.add_row(name, str(len(faults[name])), of, *(f"{cost * 1e6:.2f}" for cost in costs))
    Console().print(table)
    for body, found in faults["ssescan"].items():
        print(f"{body}: {found}")


if __name__ == "__main__":
    main()
