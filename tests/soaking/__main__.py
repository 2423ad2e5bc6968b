"""Read very many streams at once, then some at a steady rate: `make soak`.

python -m soaking --streams 10000 --sources 1000 --seconds 300

The server is a process of its own on the loopback. Exit status 0: each event came once, in order, with its data, and
memory, tasks and file descriptors stayed flat; 1: not so (the last error says what); 2: this machine cannot open so many files.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from . import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS_AT_ONCE, EVENTS_OF_A_SOURCE = 20, 100
SPARE_FILES = 200


@contextmanager
def serving() -> Iterator[str]:
    """Yield the URL of a server in a process of its own."""
    command = [sys.executable, "-m", "soaking.server"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


async def load(options: Namespace) -> None:
    """Run all loads, one after another, and print what each did."""
    with serving() as server:
        for through in (loads.through_aiohttp, loads.through_httpx):
            name = through.__name__.removeprefix("through_")
            print(f"{name}: {await loads.at_once(server, through, options.streams, EVENTS_AT_ONCE)}", flush=True)
        print(await loads.broken(server, options.sources, EVENTS_OF_A_SOURCE), flush=True)
        if options.seconds:
            print("steady rate,", await loads.steady(server, options.seconds), flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Return the exit status."""
    parser = ArgumentParser(prog="soaking", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--streams", type=int, default=10_000, help="streams at once through each client")
    parser.add_argument("--sources", type=int, default=1_000, help="EventSources at once")
    parser.add_argument("--seconds", type=float, default=300, help="duration of the steady rate")
    options = parser.parse_args(arguments)
    needed, (soft, hard) = options.streams + SPARE_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        print(f"{needed} open files are needed, this machine allows {hard}: raise `ulimit -Hn`, or use fewer --streams")
        return 2
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, needed), hard))  # the server inherits it
    asyncio.run(load(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
