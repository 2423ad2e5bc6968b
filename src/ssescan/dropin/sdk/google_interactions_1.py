"""The patches of google-genai 1, for the streams of Interactions: there, they are an SDK like openai's."""

from importlib import import_module
from typing import Any

from .google_interactions import UNFINISHED
from .libraries import Library, Patch
from .openai import parse
from .stainless import Stainless

PACKAGE = "google.genai._interactions"


def patches(library: Library) -> list[Patch]:
    """Return the patches. None in the last versions of this SDK, which rename events of older servers."""
    base_client: Any = import_module(f"{PACKAGE}._base_client")
    process = base_client.BaseClient._process_response_data  # noqa: SLF001 - the SDK's
    if "maybe_remap_legacy_sse_event" in process.__code__.co_names:
        return []
    return Stainless(library, is_unfinished, parser_for=lambda stream: parse, package=PACKAGE).patches()


def is_unfinished(last: Any) -> bool:
    """Return whether more must follow the JSON of an event that was the last one of a body; None: there was none."""
    if type(last) is not dict:
        return last is None
    return str(last.get("event_type")).startswith(UNFINISHED)
