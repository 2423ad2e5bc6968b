"""What can be accelerated: each library's parts, by the module that has to be there before they can be patched.

What a part needs is imported when it is patched, and no sooner.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .fingerprints import Insides


class Tally:
    """How many events a library has read through ssescan, and the limit on one of them, bytes; None: no limit."""

    def __init__(self) -> None:
        self.events: int = 0
        self.max_event_size: int | None = None

    def add(self, events: int) -> None:
        # Not exact to the last event where threads end at once, which a free-threaded interpreter lets them.
        self.events += events


class Patch(NamedTuple):
    """What is put in the place of an attribute of a module or a class."""

    owner: Any
    name: str
    replacement: Any


class Part(NamedTuple):
    """What is patched together; `where`: the module of ours that knows how."""

    where: str

    def _ours(self) -> Any:
        return import_module(f".{self.where}", __package__)

    @property
    def fingerprints(self) -> Insides:
        """The parts of the library that have to be as they are known."""
        fingerprints: Insides = self._ours().INSIDES
        return fingerprints

    def patches(self, tally: Tally) -> Sequence[Patch]:
        """Say what is to be replaced, and by what."""
        patches: Sequence[Patch] = self._ours().patches(tally)
        return patches


class Library(NamedTuple):
    """A library: its name as the package registry has it, its package, its parts, and the versions that were tried."""

    name: str
    package: str
    parts: dict[str, Part]
    tested_versions: str
    tally: Tally


LIBRARIES = {
    library.name: library
    for library in (
        Library("openai", "openai", {"openai._base_client": Part("openai")}, "3.54 to 3.57", Tally()),
        Library("anthropic", "anthropic", {"anthropic._base_client": Part("anthropic")}, "2.0 to 2.14", Tally()),
        Library(
            "google-genai",
            "google.genai",
            {
                "google.genai.models": Part("google_genai"),
                "google.genai._gaos.utils.eventstreaming": Part("google_interactions"),
            },
            "3.4 to 3.6",
            Tally(),
        ),
        Library("httpx2", "httpx2", {"httpx2._sse": Part("httpx2")}, "2.10 to 2.16", Tally()),
        Library("httpx-sse", "httpx_sse", {"httpx_sse._api": Part("httpx_sse")}, "0.4.3", Tally()),
    )
}
