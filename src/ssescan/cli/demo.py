"""`ssescan demo`: play streams of four LLM APIs on this machine, and read each with `ssescan cat` in a process.

`playback.py` is the server.
"""

import os
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .. import backend, scanner
from .command import version
from .exits import Exit
from .playback import PlaybackServer, Scene, playing, scenes
from .visible import visible

WAIT_LIMIT = 10.0  # seconds, for a scene that takes two


@dataclass(frozen=True)
class Result:
    """The result of playing a scene."""

    scene: Scene
    status: int | None  # None: it did not end
    seconds: float

    @property
    def expected(self) -> Exit:
        return Exit.CUT if self.scene.name == "cut" else Exit.ENDED


@click.command("demo")
@click.option("--pace", type=click.FloatRange(min=0), default=1.0, hidden=True, help="Stretch all pauses; 0: none.")
def command(*, pace: float) -> Exit:
    """Play streams of four LLM APIs on this machine, and read each with `ssescan cat`.

    The streams come from a local server, at the pace of a model, cut into writes at awkward places. The last one ends
    in the middle of an event. Takes about ten seconds.
    """
    console = Console(highlight=False, soft_wrap=True)
    scanner_name = "the compiled scanner"
    if backend != "compiled":
        reason = f"{scanner.backend_reason} (ssescan doctor says what to do)"
        scanner_name = f"the pure-Python scanner, not the compiled one: {reason}"
    console.print(Text(visible(f"ssescan {version()}, {scanner_name}")))
    played = scenes()
    with playing(played, pace) as server:
        results = [play(scene, server, console) for scene in played]
    console.print(table_of(results))
    right = all(result.status == result.expected for result in results)
    console.print("Every exit status is the right one." if right else "NOT every exit status is the right one.")
    return Exit.ENDED if right else Exit.OTHER


def play(scene: Scene, server: PlaybackServer, console: Console) -> Result:
    """Run `ssescan cat` on one scene, with the same standard output as the demo."""
    url = f"http://127.0.0.1:{server.server_port}/{scene.name}"
    console.rule(Text(scene.title), align="left", style="dim")
    console.print(Text(f"$ ssescan cat {url}", style="bold"))
    sys.stdout.flush()  # before the output of the child process
    # The local server is not behind a proxy.
    environment = os.environ | {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    started = time.perf_counter()
    status: int | None = None
    with suppress(subprocess.TimeoutExpired):
        command_line = [sys.executable, "-m", "ssescan", "cat", url]
        status = subprocess.call(command_line, env=environment, timeout=WAIT_LIMIT)  # noqa: S603 - no part of it is input
    return Result(scene, status, time.perf_counter() - started)


def table_of(results: list[Result]) -> Table:
    """Return the summary of the demo."""
    table = Table("stream", title="What was played", title_justify="left")
    for heading in ("events sent", "writes", "seconds"):
        table.add_column(heading, justify="right")
    table.add_column("exit status of cat")
    names = {status.value: status.name.lower() for status in Exit}
    for result in results:
        status = "none, stopped" if result.status is None else f"{result.status} {names.get(result.status, 'unknown')}"
        wrong = "" if result.status == result.expected else f", expected {result.expected.value}"
        scene = result.scene
        table.add_row(scene.name, str(scene.events), str(len(scene.writes)), f"{result.seconds:.2f}", status + wrong)
    return table
