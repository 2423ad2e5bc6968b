"""Reads accepted.toml, the slowdowns that are intended, and tells which of them hold between two commits."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from revisions import Repository

FIELDS = {"workload": str, "percent": (int, float), "commit": str, "reason": str}
MOST = 100  # percent: what takes twice the time is no slowdown to be accepted, but another workload


class AcceptedError(Exception):
    """An entry of accepted.toml is not what it must be."""


class Entry(NamedTuple):
    """An intended slowdown."""

    workload: str
    percent: float
    commit: str
    reason: str


def read(path: Path, workloads: Collection[str]) -> list[Entry]:
    """Give the entries of the file, none if it is not there. AcceptedError for one that is malformed."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    except tomllib.TOMLDecodeError as error:
        raise AcceptedError(f"{path.name} is no TOML: {error}") from error
    entries = document.pop("accepted", [])
    if document or not isinstance(entries, list):
        raise AcceptedError(f"{path.name} must hold entries under [[accepted]], and nothing else")
    return [entry_of(raw, f"{path.name}, entry {number}", workloads) for number, raw in enumerate(entries, 1)]


def entry_of(raw: Any, where: str, workloads: Collection[str]) -> Entry:
    if not isinstance(raw, dict) or raw.keys() != FIELDS.keys():
        given = ", ".join(raw) if isinstance(raw, dict) else repr(raw)
        raise AcceptedError(f"{where}: wants {', '.join(FIELDS)}, and has {given or 'nothing'}")
    for name, kind in FIELDS.items():
        if not isinstance(raw[name], kind) or isinstance(raw[name], bool):  # type: ignore[arg-type]
            wanted = "a text" if kind is str else "a number"
            raise AcceptedError(f"{where}: {name} must be {wanted}, not {raw[name]!r}")
    if raw["workload"] not in workloads:
        raise AcceptedError(f"{where}: no workload is named {raw['workload']!r}; there are: {'; '.join(workloads)}")
    if not 0 < raw["percent"] <= MOST:
        raise AcceptedError(f"{where}: percent must be over 0 and at most {MOST}, not {raw['percent']!r}")
    if not re.fullmatch(r"[0-9a-f]{7,40}", raw["commit"]):
        raise AcceptedError(
            f"{where}: commit must be the hash of the commit that made it slower, seven digits or more, not "
            f"{raw['commit']!r}"
        )
    if not raw["reason"].strip():
        raise AcceptedError(f"{where}: reason must say why it may be slower")
    return Entry(**raw)


def why_not(entry: Entry, repository: Repository, base: str) -> str:
    """Tell why an entry does not hold between base and head, or "" if it does."""
    commit = repository.commit(entry.commit)
    if commit is None:
        return "names no commit of this repository"
    if not repository.is_ancestor(commit, "HEAD"):
        return "its commit is not in the history of the head"
    if repository.is_ancestor(commit, base):
        return "its commit is in the base already"
    if tags := repository.tags_with(commit):
        return f"lapsed with the tag {tags[0]}"
    return ""


def allowed(entries: list[Entry], repository: Repository, base: str | None) -> tuple[dict[str, float], list[str]]:
    """Give the percent that are allowed beyond the slack, by workload, and a line for each entry that does not hold."""
    percents: dict[str, float] = {}
    notes = []
    for entry in entries:
        reason = "there is no history to find its commit in" if base is None else why_not(entry, repository, base)
        if reason:
            notes.append(f"accepted.toml: {entry.percent:g} % for {entry.workload}, {entry.commit}: {reason}")
        else:
            percents[entry.workload] = percents.get(entry.workload, 0) + entry.percent
    return percents, notes
