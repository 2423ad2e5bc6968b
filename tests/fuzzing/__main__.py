"""Fuzz the targets for a given time: `make fuzz`.

python -m fuzzing --seconds 3600 scanner gateway     exit status 1 if a promise was broken; says where the input is
python -m fuzzing --repeat FILE scanner              run one input again
python -m fuzzing --record                           add the counts to record.json and docs/robustness.md
python -m fuzzing --keep                             minimise what was found from own seeds, as the seeds to commit
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from shutil import rmtree

from . import corpora, instrumented, record
from .targets import FAST, SHARED, TARGETS

FOLDER = Path("build/fuzz").absolute()
LIMITS = ("-timeout=60", "-rss_limit_mb=3000", "-print_final_stats=1")
LONG = 60  # seconds of one target: in less, it would not come further than to read the recorded streams


def main() -> int:
    """Return the exit status."""
    options = _options()
    targets = options.targets or TARGETS
    if options.repeat:
        for target in targets:
            print(target, import_module(f"fuzzing.targets.{target}").check(options.repeat.read_bytes()), "streams read")
        return 0
    if find_spec("atheris") is None:
        print(
            "nothing was fuzzed: atheris is not installed, it has builds for Python 3.11 to 3.13 on x86_64 Linux only"
        )
        return 0 if options.optional else 2
    if options.keep:
        environment = instrumented.environment(FOLDER / "package", compares=True)
        for target in dict.fromkeys(SHARED.get(target, target) for target in targets):
            print(f"{target}: {_keep(target, environment)} seeds kept")
        return 0
    environments = {
        fast: instrumented.environment(FOLDER / ("fast" if fast else "package"), compares=not fast)
        for fast in {target in FAST for target in targets}
    }
    jobs = min(options.jobs, len(targets))
    seconds = options.seconds * jobs / len(targets)
    with ThreadPoolExecutor(jobs) as pool:
        results = list(pool.map(partial(_fuzz, seconds=seconds, environments=environments, options=options), targets))
    for target, (_, counts) in zip(targets, results, strict=True):
        if options.record:
            record.add(target, counts)
    return int(any(failed for failed, _ in results))


def _options() -> Namespace:
    parser = ArgumentParser(prog="fuzzing", description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)} (default: all)")
    parser.add_argument("--seconds", type=float, default=60, help="duration of all together (default: 60)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="targets at once (default: the CPUs)")
    parser.add_argument("--repeat", type=Path, metavar="FILE", help="run this input only")
    parser.add_argument("--optional", action="store_true", help="succeed without atheris, too")
    parser.add_argument("--record", action="store_true", help="add the counts to tests/fuzzing/record.json")
    parser.add_argument("--keep", action="store_true", help="write tests/fuzzing/seeds")
    parser.add_argument(
        "--shared", type=Path, default=Path(os.environ.get("SSESCAN_SHARED", "../shared")),
        help=f"folder of recorded streams to begin with as well, if each target runs for {LONG} seconds",
    )  # fmt: skip
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"expected targets of {', '.join(TARGETS)}, not {', '.join(sorted(unknown))}")
    return options


def _fuzz(
    target: str, *, seconds: float, environments: dict[bool, dict[str, str]], options: Namespace
) -> tuple[bool, dict[str, int]]:
    """Fuzz from own seeds, and in the second half of a long run from recorded streams.

    Return whether it failed, and the counts.
    """
    name = SHARED.get(target, target)
    own, more = FOLDER / "own" / name, FOLDER / "recorded" / name
    corpora.begin(target, own)
    rounds = [[own]]
    if seconds >= LONG and options.shared.is_dir():
        corpora.recorded(options.shared, more)
        rounds.append([more, own])
    results = [_run(target, folders, seconds / len(rounds), environments[target in FAST]) for folders in rounds]
    counts = {name: sum(counts[name] for _, counts in results) for name in record.COUNTS}
    return any(failed for failed, _ in results), counts


def _limits(target: str) -> tuple[str, ...]:
    longest = getattr(import_module(f"fuzzing.targets.{target}"), "MAX_INPUT", corpora.MAX_SEED)
    return (*LIMITS, f"-max_len={longest}")


def _run(target: str, folders: list[Path], seconds: float, environment: dict[str, str]) -> tuple[bool, dict[str, int]]:
    """Run libFuzzer, which adds what it finds to the first folder. Print a line; return whether it failed, and counts."""
    begun, counts, log = time.monotonic(), FOLDER / f"{target}.json", FOLDER / f"{target}.log"
    counts.write_text(json.dumps(record.NOTHING))
    arguments = [f"-max_total_time={max(1, round(seconds))}", f"-artifact_prefix={FOLDER}/{target}-", *_limits(target)]
    with log.open("wb") as output:
        status = subprocess.run(
            [sys.executable, "-m", "fuzzing.run", target, counts, *arguments, *folders],
            env=environment, stdout=output, stderr=subprocess.STDOUT, check=False,
        ).returncode  # fmt: skip
    done: dict[str, int] = json.loads(counts.read_text())
    print(
        f"{target}, {folders[0].parent.name} streams: {done['inputs']:,} inputs, {done['executions']:,} streams read in "
        f"{time.monotonic() - begun:.0f} s, {len(list(folders[0].iterdir())):,} kept",
        flush=True,
    )
    if status or not done["inputs"]:
        print(log.read_text(errors="replace")[-6000:])
        print(f"{target} FAILED, status {status}; the input is at the end of the log above, and its file in {FOLDER}")
    return bool(status) or not done["inputs"], done


def _keep(target: str, environment: dict[str, str]) -> int:
    """Minimise what was found from own seeds, and write it into the repository."""
    least = FOLDER / "least" / target
    rmtree(least, ignore_errors=True)
    least.mkdir(parents=True)
    own = FOLDER / "own" / target
    corpora.begin(target, own)
    arguments: list[str | Path] = ["-merge=1", *_limits(target), least, own]
    subprocess.run(
        [sys.executable, "-m", "fuzzing.run", target, FOLDER / f"{target}.json", *arguments],
        env=environment, stderr=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    return corpora.keep(target, least)


if __name__ == "__main__":
    sys.exit(main())
