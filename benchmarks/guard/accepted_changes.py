"""Reads accepted_changes.toml, the slowdowns that are intended, and decides which apply between two commits."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from benchmarks.guard.revisions import Repository


class AcceptedChangesError(Exception):
    """The file is malformed."""


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """An intended slowdown."""

    workload: str
    percent: Annotated[float, Meta(gt=0, le=100)]  # twice the work is another workload
    commit: Annotated[str, Meta(pattern="^[0-9a-f]{7,40}$")]
    reason: Annotated[str, Meta(pattern=r"\S")]


class File(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file."""

    change: list[Change] = []


def read(path: Path, workloads: Collection[str]) -> list[Change]:
    """Return the entries of the file. AcceptedChangesError for one that is malformed."""
    try:
        changes = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), File).change
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise AcceptedChangesError(f"{path.name}: {error}") from error
    for change in changes:
        if change.workload not in workloads:
            names = "; ".join(workloads)
            raise AcceptedChangesError(f"{path.name}: no workload is named {change.workload!r}; there are: {names}")
    return changes


def why_not(change: Change, repository: Repository, base: str) -> str | None:
    """Return the reason why an entry does not apply between base and head, None if it applies."""
    commit = repository.commit(change.commit)
    if commit is None:
        return "names no commit of this repository"
    if not repository.is_ancestor(commit, "HEAD"):
        return "its commit is not in the history of the head"
    if repository.is_ancestor(commit, base):
        return "its commit is in the base already"
    tag, _, _ = (repository.text("tag", "--contains", commit) or "").partition("\n")
    return f"lapsed with the tag {tag}" if tag else None


def allowed(changes: list[Change], repository: Repository, base: str) -> tuple[dict[str, float], list[str]]:
    """Return the percent allowed beyond the slack, by workload, and a line for each entry that does not apply."""
    percents: dict[str, float] = {}
    notes = []
    for change in changes:
        if reason := why_not(change, repository, base):
            notes.append(f"accepted: {change.percent:g} % for {change.workload}, {change.commit}: {reason}")
        else:
            percents[change.workload] = percents.get(change.workload, 0) + change.percent
    return percents, notes
