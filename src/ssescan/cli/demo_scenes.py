"""The scenes of the demo: answers on tapes, played by the replay server at the pace of a model.

`ssescan read` shows each, in a process with the same standard output.
"""

import os
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass

import httpx
from rich.console import Console
from rich.text import Text

from .. import Writer, backend, scanner, stream
from ..providers import Message
from ..testing import Tape, replay_server
from . import sdk_streams
from .bench import ACCELERATED, sdk_group, with_version
from .command import installed, version
from .exits import Exit
from .output import counted
from .terminal import accept_any_text
from .visible import visible

WAIT_LIMIT = 20.0  # seconds, for a scene that takes three
FIRST, BETWEEN = 0.4, 0.025  # seconds: before the first piece, and between two
SDK_EVENTS, SDK_SECONDS = 400, 0.5
PATHS: dict[str, str] = {
    "openai-chat": "/v1/chat/completions", "openai-responses": "/v1/responses", "anthropic": "/v1/messages",
    "gemini": "/v1beta/models/m:streamGenerateContent",
}  # fmt: skip
REASONING = (
    "They want to cross tonight. The timetable changes with the season, so I should look the time up, and not guess. "
)
TEXT = "The last ferry to Ærø leaves from Svendborg in the evening: I'll look up the exact time for you. ⛴"
CALL = ("ferry_times", '{"from": "Svendborg", "to": "Ærøskøbing", "after": "18:00"}')


@dataclass(frozen=True)
class Scene:
    """An answer that `ssescan read` shows, and the exit status that it should have. `verdict`: that status in words."""

    title: str
    path: str
    pieces: list[bytes]
    expected: Exit
    verdict: str


def words(text: str) -> list[str]:
    """Return the words of a text, each with the space after it."""
    return re.findall(r"\S+\s*", text)


def answer() -> list[bytes]:
    """Return the pieces of an answer with reasoning, text and a tool call, in Anthropic's format."""
    writer = Writer("anthropic", model="claude-demo")
    pieces = [*map(writer.reasoning, words(REASONING)), *map(writer.text, words(TEXT)), writer.tool_call(*CALL)]
    writer.usage(input=412, output=87)
    return [*pieces, writer.finish("tool_calls"), writer.close()]


def failed_answer() -> list[bytes]:
    """Return the pieces of an answer that ends in an error of the provider."""
    writer = Writer("anthropic", model="claude-demo")
    pieces = [*map(writer.text, words("The first ferry of the morning leaves at"))]
    return [*pieces, writer.error("Overloaded", kind="overloaded_error", status=529)]


def cut_answer() -> list[bytes]:
    """Return the pieces of an answer that ends within an event, as if a proxy had given up."""
    chat = sdk_streams.own_stream("openai-chat")[:7000]
    return [chat[start : start + 200] for start in range(0, len(chat), 200)]


def scenes() -> list[Scene]:
    """Return the scenes in their order."""
    return [
        Scene("Reasoning, text and a tool call", PATHS["anthropic"], answer(), Exit.ENDED, "the answer is complete"),
        Scene("An answer that is cut off", PATHS["openai-chat"], cut_answer(), Exit.CUT, "it was cut"),
        Scene("An error within an answer", PATHS["anthropic"], failed_answer(), Exit.PROVIDER, "the provider's error"),
    ]


def play_all(pace: float) -> Exit:
    """Play the whole demo. `pace`: stretches all pauses; 0: none."""
    accept_any_text()
    console = Console(highlight=False)
    name = "the compiled scanner"
    if backend != "compiled":
        name = (
            f"the pure-Python scanner, not the compiled one: {scanner.backend_reason} (ssescan doctor says what to do)"
        )
    console.print(Text(visible(f"ssescan {version()}, {name}")))
    first, *others = scenes()
    right = play(first, pace, console)
    right &= show_formats(first.pieces, console)
    for scene in others:
        right &= play(scene, pace, console)
    right &= show_sdk(console)
    console.rule(style="dim")
    console.print("Everything is as expected." if right else "NOT everything is as expected.")
    console.print(Text('Next: ssescan ask "Why is the sky blue?", ssescan bench, ssescan --help', style="dim"))
    return Exit.ENDED if right else Exit.OTHER


def heading(title: str, console: Console) -> None:
    """Print the title of a scene."""
    console.print()
    console.rule(Text(title, style="bold"), align="left", style="dim")


def play(scene: Scene, pace: float, console: Console) -> bool:
    """Run `ssescan read` on one scene; return whether its exit status is the right one."""
    heading(scene.title, console)
    times = [int((FIRST + BETWEEN * number) * 1e9) for number in range(len(scene.pieces))]
    tape = Tape(zip(times, scene.pieces, strict=True))
    with replay_server(tape, speed=1 / pace if pace else 0) as server:
        url = f"{server.url}{scene.path}"
        console.print(Text(f"$ ssescan read {url}\n", style="bold"))
        sys.stdout.flush()
        # The local server is not behind a proxy.
        environment = os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
        status: int | None = None
        with suppress(subprocess.TimeoutExpired):
            command_line = [sys.executable, "-m", "ssescan", "read", url]
            status = subprocess.call(command_line, env=environment, timeout=WAIT_LIMIT)  # noqa: S603 - no part of it is input
    shown = "none, stopped" if status is None else status
    right = status == scene.expected
    wrong = "" if right else f", expected {scene.expected.value}"
    console.print(Text(f"\nexit status {shown}{wrong}: {scene.verdict}", style="green" if right else "red"))
    return right


def show_formats(pieces: list[bytes], console: Console) -> bool:
    """Ask for the same answer in each format; return whether it is the same."""
    heading("The same answer in other formats", console)
    expected = facts_of(stream(pieces).collect())
    right = True
    with replay_server(Tape(pieces)) as server, httpx.Client(trust_env=False, timeout=WAIT_LIMIT) as client:
        for api, path in PATHS.items():
            body = client.post(server.url + path, json={"stream": True}).content
            reading = stream([body])
            same = facts_of(reading.collect()) == expected and reading.api == api
            right &= same
            verdict = "the same answer" if same else "NOT the same answer"
            console.print(Text(path, style="bold"))
            console.print(Text(f"  {counted(reading.events, 'event')}, {verdict}"))
            sample = next(line for line in body.decode().splitlines() if "Svendborg" in line)
            console.print(Text(f"  {visible(sample)}", style="dim"), no_wrap=True, overflow="ellipsis")
    console.print(Text("ssescan convert --to NAME writes them.", style="dim"))
    return right


def facts_of(message: Message) -> object:
    """Return what must be the same in every format."""
    calls = [(call.name, call.json()) for call in message.tool_calls]
    return message.text, calls, message.finish_reason, message.complete


def show_sdk(console: Console) -> bool:
    """Read the objects of the first SDK that is installed, as it is and accelerated; return whether they are equal."""
    heading("An SDK, accelerated", console)
    for name in filter(installed, sdk_streams.SDKS):
        try:
            with console.status(f"measuring {name}"):
                plain, fast, equal = sdk_times(name)
        except Exception as error:  # noqa: BLE001 - a library that cannot be imported may raise anything
            console.print(Text(visible(f"{name} cannot be accelerated here: {error}")))
            continue
        console.print(Text(f'ssescan.accelerate("{name}")', style="bold"))
        for way, taken in ((f"{name} {installed(name)}", plain), ("accelerated", fast)):
            console.print(Text(f"  {way:18} {taken:6.1f} us an event"))
        verdict = f"{plain / fast:.1f} times as fast, with equal objects" if equal else "NOT with equal objects"
        console.print(Text(f"  {verdict}", style="green" if equal else "red"))
        return equal
    console.print(f"None is here. If a program uses {', '.join(sdk_streams.SDKS)}:")
    console.print(Text("$ python -m ssescan run program.py", style="bold"))
    return True


def sdk_times(name: str) -> tuple[float, float, bool]:
    """Return the microseconds an event of an SDK, plain and accelerated, and whether the objects are equal."""
    begin = sdk_streams.objects_of(name, sdk_streams.long_stream(sdk_streams.SDKS[name].api, SDK_EVENTS))
    expected = list(begin())
    with sdk_streams.accelerated(name):
        equal = list(begin()) == expected
    group = sdk_group(name)
    group.measure(SDK_SECONDS)
    return group.times[with_version(name)], group.times[ACCELERATED], equal
