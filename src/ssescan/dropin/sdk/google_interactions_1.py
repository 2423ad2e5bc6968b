"""The patches of google-genai 1, for the streams of Interactions: there, they are an SDK like openai's."""

from importlib import import_module
from typing import Any

from .libraries import Library, Patch
from .openai import parse
from .stainless import Stainless


def patches(library: Library) -> list[Patch]:
    """Return the patches. None in the last versions of this SDK, which rename events of older servers."""
    base_client: Any = import_module("google.genai._interactions._base_client")
    process = base_client.BaseClient._process_response_data  # noqa: SLF001 - the SDK's
    if "maybe_remap_legacy_sse_event" in process.__code__.co_names:
        return []
    return Stainless(library, parser_for=lambda stream: parse, package="google.genai._interactions").patches()
