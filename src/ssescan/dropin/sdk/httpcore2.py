"""The patches of httpcore2, which has the same private parts as httpcore."""

from . import httpcore
from .libraries import Library, Patch


def patches(library: Library) -> list[Patch]:
    """Return the patches."""
    return httpcore.patches(library, "httpcore2")
