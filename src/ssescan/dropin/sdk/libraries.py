"""The libraries that can be accelerated, and the parts of each.

A part is patched once a module of the library is imported. What patching needs is imported then, and no sooner.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from .known_versions import FINGERPRINTS, TESTED_VERSIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from .fingerprints import Fingerprints


class LibraryStreams:
    """The streams of one library: the number of events read so far, and the limit on an event, bytes or None."""

    def __init__(self) -> None:
        self.events: int = 0
        self.max_event_size: int | None = None

    def add(self, events: int) -> None:
        # Without a lock: on a free-threaded interpreter, streams that end at the same time may lose a few.
        self.events += events


class Patch(NamedTuple):
    """An attribute of a module or a class, and its replacement."""

    owner: Any
    name: str
    replacement: Any


class Part(NamedTuple):
    """Patches that are applied together. `module`: the module of this package that makes them."""

    module: str

    @property
    def fingerprints(self) -> Fingerprints:
        """The parts of the library, and of pydantic, that must be as expected."""
        return FINGERPRINTS[self.module]

    def patches(self, streams: LibraryStreams) -> Sequence[Patch]:
        """Return the patches. The module of the library must be imported."""
        patches: Sequence[Patch] = import_module(f".{self.module}", __package__).patches(streams)
        return patches


class Library(NamedTuple):
    """A library. `parts`: by the module that must be imported before the part is patched."""

    name: str  # in the package index
    package: str
    parts: dict[str, Part]
    streams: LibraryStreams

    @property
    def tested_versions(self) -> str:
        """The versions that are as expected."""
        return TESTED_VERSIONS[self.name]


def _library(name: str, package: str, parts: dict[str, str]) -> Library:
    return Library(name, package, {module: Part(ours) for module, ours in parts.items()}, LibraryStreams())


LIBRARIES = {
    library.name: library
    for library in (
        _library("openai", "openai", {"openai._base_client": "openai"}),
        _library("anthropic", "anthropic", {"anthropic._base_client": "anthropic"}),
        _library(
            "google-genai",
            "google.genai",
            {
                "google.genai.models": "google_genai",
                "google.genai._gaos.utils.eventstreaming": "google_interactions",
            },
        ),
        _library("httpx2", "httpx2", {"httpx2._sse": "httpx2"}),
        _library("httpx-sse", "httpx_sse", {"httpx_sse._api": "httpx_sse"}),
    )
}
