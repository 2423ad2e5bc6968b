"""The libraries that can be accelerated, and the parts of each.

A part is patched once a module of the library is imported. Our own module for the part is imported then, and no sooner.
"""

from importlib import import_module
from typing import Any

from .counts import Counts

_INHERITED: Any = object()


class Patch:
    """A replacement for an attribute of a module or a class. `restore()` gives the attribute its former value."""

    def __init__(self, owner: Any, name: str, replacement: Any) -> None:
        self.owner: Any = owner
        self.name: str = name
        self.replacement: Any = replacement
        self.original: Any = vars(owner).get(name, _INHERITED)

    def apply(self) -> None:
        setattr(self.owner, self.name, self.replacement)

    def restore(self) -> None:
        # A program that has patched the attribute after us must restore it itself.
        if vars(self.owner).get(self.name) is not self.replacement:
            return
        if self.original is _INHERITED:
            delattr(self.owner, self.name)
        else:
            setattr(self.owner, self.name, self.original)


class Library:
    """A library that can be accelerated, by its name in the package index.

    `parts`: the modules of this package that make the patches, by the module that must be imported before. `twin`: a
    package with the same private parts, of the same name in the index; one of the two is enough. `by_default`: whether
    accelerate() without names includes it. `counts`: of the streams that it has read so far. `limits`: on an event,
    bytes or None, of the Accelerations that are not undone.
    """

    def __init__(
        self, name: str, package: str, parts: dict[str, str], twin: str | None = None, by_default: bool = True
    ) -> None:
        self.name: str = name
        self.package: str = package
        self.parts: dict[str, str] = parts
        self.twin: str | None = twin
        self.by_default: bool = by_default
        self.counts: Counts = Counts()
        self.limits: list[int | None] = []

    @property
    def max_event_size(self) -> int | None:
        """The smallest limit, bytes; None if there is none."""
        return min((limit for limit in tuple(self.limits) if limit is not None), default=None)

    def patches(self, part: str) -> list[Patch]:
        """Return the patches of a part. The module of the library must be imported."""
        patches: list[Patch] = import_module(f".{part}", __package__).patches(self)
        return patches


_OPENAI_PARTS = {
    "openai._base_client": "openai",
    "openai.lib.streaming.chat._completions": "helpers",
    "openai.lib.streaming.responses._responses": "helpers",
}
_ANTHROPIC_PARTS = {
    "anthropic._base_client": "anthropic",
    "anthropic.lib.streaming._messages": "helpers",
    "anthropic.lib.streaming._beta_messages": "helpers",
}
_GOOGLE_PARTS = {
    "google.genai.models": "google_genai",
    # A version has one of these two.
    "google.genai._gaos.utils.eventstreaming": "google_interactions",
    "google.genai._interactions._base_client": "google_interactions_1",
}
LIBRARIES = {
    library.name: library
    for library in (
        Library("openai", "openai", _OPENAI_PARTS),
        Library("anthropic", "anthropic", _ANTHROPIC_PARTS),
        Library("google-genai", "google.genai", _GOOGLE_PARTS),
        Library("httpx2", "httpx2", {"httpx2._sse": "httpx2"}),
        Library("httpx-sse", "httpx_sse", {"httpx_sse._api": "httpx_sse"}),
        # Not by default: it changes how every response is read, also those that are not event streams.
        Library(
            "httpcore",
            "httpcore",
            {"httpcore": "httpcore", "httpcore2": "httpcore2"},
            twin="httpcore2",
            by_default=False,
        ),
    )
}
