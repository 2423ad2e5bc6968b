"""The counts in counts/, for where there is no base to count: each file is of one environment, and tells which.

The file of an environment is written by `guard.py --write-counts`. It goes stale with every change of speed that it is
not written after: one that is too high lets a slowdown pass, and no more.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class CountsError(Exception):
    """A file of counts is not what it must be."""


def path_of(folder: Path, environment: Mapping[str, str]) -> Path:
    """Give the file of an environment: named so that one sees what it is for, and none has another's name."""
    python = "-".join(environment["python"].split()[:2]).lower()
    digest = sha256(json.dumps(dict(environment), sort_keys=True).encode()).hexdigest()[:8]
    return folder / f"{python}-{environment['machine']}-{digest}.json"


def write(folder: Path, environment: Mapping[str, str], counts: Mapping[str, int]) -> Path:
    """Keep the counts of this environment; those that were kept before and are not given stay."""
    path = path_of(folder, environment)
    kept = (read(folder, environment) or {}) | dict(counts)
    folder.mkdir(exist_ok=True)
    document = {"environment": dict(environment), "counts": kept}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    return path


def read(folder: Path, environment: Mapping[str, str]) -> dict[str, int] | None:
    """Give the instructions by workload, None if there are none for just this environment."""
    path = path_of(folder, environment)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise CountsError(f"{path} is no JSON: {error}; write it anew by guard.py --write-counts") from error
    counts = document.get("counts") if isinstance(document, dict) else None
    if not isinstance(counts, dict) or not all(type(count) is int and count > 0 for count in counts.values()):
        raise CountsError(f"{path} must hold a count by workload; write it anew by guard.py --write-counts")
    return counts
