"""`ssescan bench`: the time that an event takes on this machine, by ssescan, by the SDKs, and by other readers.

All ways to read a stream read the same before one is timed. Then they take turns, and the least CPU time of
each counts. `peers.py` has the readers of events, `sdk_streams.py` the SDKs, `plots.py` draws.
"""

import functools
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from .. import backend, stream
from .._secrets import error_without_secrets
from ..providers import TextDelta
from . import completing, peers, sdk_streams
from .answer_options import plot_path
from .command import installed, version
from .doctor import backend_in_words, examine_backend
from .exits import Exit, Failure, print_note
from .output import write_json
from .visible import visible

EVENTS, SDK_EVENTS = 2_000, 400
SECONDS = 2.0  # for each group, and at least MIN_ROUNDS
MIN_ROUNDS = 3
COMPILED, PURE, PARTS, ACCELERATED = "ssescan, compiled", "ssescan, Python", "ssescan.stream", "accelerated"


@dataclass(frozen=True)
class Way:
    """A way to read one stream.

    `read` returns what was read, to be compared; `run` reads and drops it, and is timed; both within `around`. `warm`
    runs before each timed call, for what happens only once.
    """

    name: str
    read: Callable[[], object]
    run: Callable[[], object]
    around: Callable[[], AbstractContextManager[Any]] = nullcontext
    warm: Callable[[], object] = lambda: None


@dataclass
class Group:
    """Ways that read the same stream of so many events.

    `base`: the name of the way that the others are compared with; `is_faster`: by how much faster they are, not longer.
    """

    name: str
    title: str
    events: int
    base: str
    is_faster: bool
    ways: list[Way]
    times: dict[str, float] = field(default_factory=dict)  # microseconds an event

    def check(self) -> None:
        """Leave out the ways that cannot read, or that read something else than the first; a note says so."""
        expected = self.ways[0].read()
        for way in self.ways[1:]:
            try:
                with way.around():
                    reason = "" if way.read() == expected else "it reads something else than ssescan"
            except Exception as error:  # noqa: BLE001 - a library may have changed in any way
                reason = error_without_secrets(error) or type(error).__name__
            if reason:
                self.ways.remove(way)
                print_note(f"{way.name} is not measured: {' '.join(reason.split())}")

    def measure(self, seconds: float) -> None:
        """Let all take turns for so long, and note the least time of each."""
        least = dict.fromkeys((way.name for way in self.ways), float("inf"))
        ends, rounds = time.monotonic() + seconds, 0
        while rounds < MIN_ROUNDS or time.monotonic() < ends:
            for way in self.ways:
                with way.around():
                    way.warm()
                    began = time.thread_time()
                    way.run()
                    least[way.name] = min(least[way.name], time.thread_time() - began)
            rounds += 1
        self.times = {name: taken / self.events * 1e6 for name, taken in least.items()}


def reading_group(with_peers: bool) -> Group:
    """Return the group of the readers of events."""
    chunks = sdk_streams.long_stream("openai-chat", EVENTS)

    def way(name: str, reader: peers.EventReader) -> Way:
        def read() -> list[str]:
            seen: list[str] = []
            reader(chunks, seen)
            return seen

        return Way(name, read, functools.partial(reader, chunks))

    ways = [way(COMPILED if backend == "compiled" else PURE, peers.read_compiled)]
    if backend == "compiled":
        ways.append(way(PURE, peers.read_python))
    if with_peers:
        ways += [way(with_version(name), reader) for name, reader in peers.READERS.items() if name in peers.LIBRARIES]
        ways.append(way("split by hand", peers.by_hand))
    title = "Reading events (x: times as long as ssescan)"
    return Group("events", title, len(chunks), ways[0].name, False, ways)


def sdk_group(name: str) -> Group:
    """Return the group of an SDK: ssescan.stream, the SDK, and the SDK accelerated."""
    sdk = sdk_streams.SDKS[name]
    chunks = sdk_streams.long_stream(sdk.api, SDK_EVENTS)
    begin, begin_short = (sdk_streams.objects_of(name, some) for some in (chunks, chunks[:20] + chunks[-3:]))

    def parts_text() -> str:
        return "".join(part.text for part in stream(chunks) if isinstance(part, TextDelta))

    def objects_text() -> str:
        return "".join(sdk.text(one) or "" for one in begin())

    def drain(opened: Callable[[], Any]) -> None:
        for _ in opened():
            pass

    run, warm = functools.partial(drain, begin), functools.partial(drain, begin_short)
    around = functools.partial(sdk_streams.accelerated, name)
    ways = [
        Way(PARTS, parts_text, lambda: drain(lambda: stream(chunks))),
        Way(with_version(name), objects_text, run, warm=warm),
        Way(ACCELERATED, objects_text, run, around, warm),
    ]
    title = f"Objects of {with_version(name)} (x: times as fast)"
    return Group(name, title, len(chunks), with_version(name), True, ways)


def all_groups(with_peers: bool) -> Iterator[Group]:
    """Yield the groups that can be measured here."""
    yield reading_group(with_peers)
    for name in sdk_streams.SDKS:
        if installed(name) is None:
            continue
        try:
            group = sdk_group(name)
        except Exception as error:  # noqa: BLE001 - a library that cannot be imported may raise anything
            print_note(f"{name} is not measured: {' '.join(error_without_secrets(error).split())}")
        else:
            yield group


def with_version(name: str) -> str:
    """Return the name of a library with its version."""
    return f"{name} {installed(name) or ''}".rstrip()


@click.command("bench")
@click.option("--peers", "with_peers", is_flag=True, help="Also the other readers of events that are installed.")
@click.option(
    "--plot",
    callback=plot_path,
    metavar="FILE",
    help="Draw the times to this file, .svg or .png.",
    shell_complete=completing.files,
)
@click.option("--json", "as_json", is_flag=True, help="Print a line of JSON.")
@click.option("--seconds", type=click.FloatRange(min=0), default=SECONDS, hidden=True, help="For each group.")
def command(*, with_peers: bool, plot: str | None, as_json: bool, seconds: float) -> Exit:
    """Measure on this machine what an event costs, in under a minute.

    \b
    Reads the same stream by the scanner, compiled and in pure Python, by
    ssescan.stream, and by each SDK that is installed, as it is and
    accelerated. All of them read the same before one is timed. Then they
    take turns; the least CPU time of each counts. Trust the ratios more
    than the times.

    \b
        ssescan bench
        ssescan bench --peers --plot bench.svg
    """  # noqa: D301 - \b is click's mark for a paragraph that keeps its lines
    if plot is not None:
        from . import plots  # noqa: F401 - an error names the extra before anything is measured
    groups = []
    with Console(stderr=True).status("reading, in turns") as status:
        for group in all_groups(with_peers):
            status.update(f"measuring {group.name}")
            group.check()
            group.measure(seconds)
            groups.append(group)
    if as_json:
        write_json(msgspec.json.encode(facts(groups)))
    else:
        show(groups)
    if plot is not None:
        from .plots import draw_bench

        try:
            draw_bench({group.title: group.times for group in groups}, plot)
        except OSError as error:
            raise Failure(Exit.OTHER, f"expected to write the plot, got {error.strerror or error}") from error
    return Exit.ENDED


def facts(groups: list[Group]) -> dict[str, Any]:
    """Return what was measured, for JSON; times in microseconds an event."""
    machine = (
        f"{platform.python_implementation()} {platform.python_version()}, {platform.machine()}, {platform.system()}"
    )
    found = [{"name": group.name, "events": group.events, "us": group.times} for group in groups]
    return {"ssescan": version(), "backend": backend, "machine": machine, "groups": found}


def show(groups: list[Group]) -> None:
    """Print the tables."""
    console = Console(highlight=False)
    for group in groups:
        console.print(Text(visible(group.title), style="bold"))
        console.print(table_of(group), "")
    if missing := [name for name in sdk_streams.SDKS if installed(name) is None]:
        console.print(Text(f"Not installed, so not measured: {', '.join(missing)}."))
    if backend != "compiled":
        console.print(Text(f"The scanner is {backend_in_words(examine_backend())}"))
    text = f"{facts(groups)['machine']}. Microseconds of CPU an event, the least of several turns. The ratios hold, the"
    console.print(Text(f"{text} times vary by a third.", style="dim"))


def table_of(group: Group) -> Table:
    """Return the table of a group, from the fastest to the slowest."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for justify in ("left", "right", "right"):
        table.add_column(justify=justify)
    base = group.times.get(group.base)
    for name, taken in sorted(group.times.items(), key=lambda item: item[1]):
        times = ""
        if base is not None and name != group.base:
            times = f"{in_digits(base / taken if group.is_faster else taken / base)}x"
        ours = name.startswith("ssescan") or name == ACCELERATED
        table.add_row(Text(visible(name)), f"{in_digits(taken)} us", times, style="green" if ours else "")
    return table


def in_digits(number: float) -> str:
    """Return a number with two or three digits that count."""
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.2f}"
